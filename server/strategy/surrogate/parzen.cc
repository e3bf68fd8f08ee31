#include "server/strategy/surrogate/parzen.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <variant>

namespace nascent::strategy {
namespace {

double Cumulative(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

// The mass of a normal at `centre`, cut to [0, 1], between `low` and `high`.
double Mass(double low, double high, double centre, double deviation) {
  const double whole = Cumulative((1 - centre) / deviation) - Cumulative(-centre / deviation);
  return (Cumulative((high - centre) / deviation) - Cumulative((low - centre) / deviation)) / whole;
}

// Values of a domain that is not real: a list's options or a range's whole numbers.
int64_t Count(const space::Domain& domain) { return domain.Size(); }

space::Value NthValue(const space::Domain& domain, int64_t n) {
  if (domain.IsList()) return n;
  return static_cast<int64_t>(domain.minimum) + n;
}

// The part of [0, 1] that stands for a value of a discrete domain with an order.
std::pair<double, double> Cell(const space::Domain& domain, const space::Value& value) {
  const int64_t count = Count(domain);
  const int64_t n = domain.IsList()
                        ? std::get<int64_t>(value)
                        : std::get<int64_t>(value) - static_cast<int64_t>(domain.minimum);
  const double at = domain.Position(value);
  const double below = n == 0 ? at : domain.Position(NthValue(domain, n - 1));
  const double above = n == count - 1 ? at : domain.Position(NthValue(domain, n + 1));
  return {n == 0 ? 0 : (at + below) / 2, n == count - 1 ? 1 : (at + above) / 2};
}

}  // namespace

Parzen::Parzen(const space::DecisionSpace& decisions,
               std::vector<const space::Genotype*> observations, bool joint)
    : decisions_(decisions), observations_(std::move(observations)), joint_(joint) {
  kernels_ = static_cast<double>(observations_.size() + 1);
  const double dimensions = joint ? decisions.size() : 1;
  deviation_ = std::max(0.01, 0.2 * std::pow(kernels_, -1 / (dimensions + 4)));
}

const space::Value* Parzen::Observed(size_t kernel, int decision) const {
  if (kernel == observations_.size()) return nullptr;
  const space::Value& value = observations_[kernel]->values[static_cast<size_t>(decision)];
  return std::holds_alternative<std::monostate>(value) ? nullptr : &value;
}

double Parzen::KernelDensity(int decision, const space::Value* observed,
                             const space::Value& value) const {
  const space::Domain& domain = decisions_.decisions()[static_cast<size_t>(decision)].domain;
  if (domain.kind == space::Domain::Kind::kCategorical) {
    const double options = static_cast<double>(Count(domain));
    if (observed == nullptr) return 1 / options;
    const double weight = 1 / kernels_;
    return ((*observed == value ? 1 : 0) + weight) / (1 + options * weight);
  }
  if (domain.kind == space::Domain::Kind::kReal) {
    if (observed == nullptr) return 1;
    const double z = (domain.Position(value) - domain.Position(*observed)) / deviation_;
    const double centre = domain.Position(*observed);
    const double whole = Cumulative((1 - centre) / deviation_) - Cumulative(-centre / deviation_);
    return std::exp(-0.5 * z * z) / (deviation_ * std::sqrt(2 * std::numbers::pi) * whole);
  }
  const auto [low, high] = Cell(domain, value);
  if (observed == nullptr) return 1 / static_cast<double>(Count(domain));
  return std::max(1e-12, Mass(low, high, domain.Position(*observed), deviation_));
}

space::Value Parzen::SampleKernel(int decision, const space::Value* observed,
                                  RandomStream& random) const {
  const space::Domain& domain = decisions_.decisions()[static_cast<size_t>(decision)].domain;
  if (observed == nullptr) return domain.Sample(random);
  if (domain.kind == space::Domain::Kind::kCategorical) {
    const double weight = 1 / kernels_;
    const double own = 1 / (1 + static_cast<double>(Count(domain)) * weight);
    return random.Uniform() < own ? *observed : domain.Sample(random);
  }
  // A normal cut to [0, 1] by drawing again; the centre is inside, so that half the draws are too.
  const double centre = domain.Position(*observed);
  double at = -1;
  while (at < 0 || at > 1) at = centre + deviation_ * random.Normal();
  if (domain.kind == space::Domain::Kind::kReal) return domain.RealAt(at);
  // The value whose cell holds the place, by bisection.
  int64_t first = 0, last = Count(domain) - 1;
  while (first < last) {
    const int64_t middle = first + (last - first) / 2;
    if (Cell(domain, NthValue(domain, middle)).second < at) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return NthValue(domain, first);
}

space::Genotype Parzen::Sample(RandomStream& random) const {
  space::Genotype genotype;
  genotype.values.resize(static_cast<size_t>(decisions_.size()));
  size_t kernel = random.Below(observations_.size() + 1);
  for (int i = 0; i < decisions_.size(); ++i) {
    if (!joint_) kernel = random.Below(observations_.size() + 1);
    if (!decisions_.IsActive(genotype, i)) continue;
    genotype.values[static_cast<size_t>(i)] = SampleKernel(i, Observed(kernel, i), random);
  }
  return genotype;
}

double Parzen::LogDensity(const space::Genotype& genotype) const {
  const size_t kernels = observations_.size() + 1;
  const auto density = [&](size_t kernel, int decision) {
    return KernelDensity(decision, Observed(kernel, decision),
                         genotype.values[static_cast<size_t>(decision)]);
  };
  const auto active = [&](int decision) {
    return !std::holds_alternative<std::monostate>(genotype.values[static_cast<size_t>(decision)]);
  };
  if (!joint_) {
    double sum = 0;
    for (int i = 0; i < decisions_.size(); ++i) {
      if (!active(i)) continue;
      double mixture = 0;
      for (size_t k = 0; k < kernels; ++k) mixture += density(k, i);
      sum += std::log(mixture / kernels_);
    }
    return sum;
  }
  std::vector<double> logs(kernels, 0);
  for (size_t k = 0; k < kernels; ++k) {
    for (int i = 0; i < decisions_.size(); ++i) {
      if (active(i)) logs[k] += std::log(density(k, i));
    }
  }
  const double largest = *std::max_element(logs.begin(), logs.end());
  double sum = 0;
  for (const double log : logs) sum += std::exp(log - largest);
  return largest + std::log(sum / kernels_);
}

}  // namespace nascent::strategy
