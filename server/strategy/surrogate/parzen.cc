#include "server/strategy/surrogate/parzen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>
#include <variant>

#include "server/strategy/surrogate/normal.h"

namespace nascent::strategy {
namespace {

// Domains with at most so many values have their densities kept while they are summed up.
constexpr int64_t kMostKnown = 256;

// The mass of a normal at `centre`, cut to [0, 1], between `low` and `high`.
double Mass(double low, double high, double centre, double deviation) {
  const double whole =
      NormalCumulative((1 - centre) / deviation) - NormalCumulative(-centre / deviation);
  return (NormalCumulative((high - centre) / deviation) -
          NormalCumulative((low - centre) / deviation)) /
         whole;
}

// Values of a domain that is not real: a list's options or a range's whole numbers.
int64_t Count(const space::Domain& domain) { return domain.Size(); }

space::Value NthValue(const space::Domain& domain, int64_t n) {
  if (domain.IsList()) return n;
  return static_cast<int64_t>(domain.minimum) + n;
}

int64_t NumberOf(const space::Domain& domain, const space::Value& value) {
  const int64_t number = std::get<int64_t>(value);
  return domain.IsList() ? number : number - static_cast<int64_t>(domain.minimum);
}

// The part of [0, 1] that stands for a value of a discrete domain with an order.
std::pair<double, double> Cell(const space::Domain& domain, const space::Value& value) {
  const int64_t count = Count(domain);
  const int64_t n = NumberOf(domain, value);
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
  for (int i = 0; i < decisions.size(); ++i) columns_.push_back(MakeColumn(i));
}

Parzen::Column Parzen::MakeColumn(int decision) const {
  const space::Domain& domain = decisions_.decisions()[static_cast<size_t>(decision)].domain;
  const bool real = domain.kind == space::Domain::Kind::kReal;
  Column column;
  for (size_t k = 0; k < observations_.size(); ++k) {
    const space::Value* value = Observed(k, decision);
    column.observed.push_back(value != nullptr);
    if (real) {
      const double centre = value == nullptr ? 0 : domain.Position(*value);
      const double whole =
          NormalCumulative((1 - centre) / deviation_) - NormalCumulative(-centre / deviation_);
      column.centres.push_back(centre);
      column.scales.push_back(-std::log(deviation_ * std::sqrt(2 * std::numbers::pi) * whole));
    } else {
      column.numbers.push_back(value == nullptr ? 0 : NumberOf(domain, *value));
    }
  }
  return column;
}

const space::Value* Parzen::Observed(size_t kernel, int decision) const {
  if (kernel == observations_.size()) return nullptr;
  const space::Value& value = observations_[kernel]->values[static_cast<size_t>(decision)];
  return std::holds_alternative<std::monostate>(value) ? nullptr : &value;
}

void Parzen::LogKernels(int decision, const space::Value& value, std::vector<double>& logs) const {
  const space::Domain& domain = decisions_.decisions()[static_cast<size_t>(decision)].domain;
  const Column& column = columns_[static_cast<size_t>(decision)];
  const size_t observations = observations_.size();
  if (domain.kind == space::Domain::Kind::kReal) {
    const double at = domain.Position(value);
    for (size_t k = 0; k < observations; ++k) {
      const double z = (at - column.centres[k]) / deviation_;
      logs[k] = column.observed[k] ? column.scales[k] - 0.5 * z * z : 0;
    }
    logs[observations] = 0;
    return;
  }
  const double count = static_cast<double>(Count(domain));
  const double prior = -std::log(count);
  logs[observations] = prior;
  const int64_t number = NumberOf(domain, value);
  if (domain.kind == space::Domain::Kind::kCategorical) {
    const double weight = 1 / kernels_;
    const double same = std::log((1 + weight) / (1 + count * weight));
    const double other = std::log(weight / (1 + count * weight));
    for (size_t k = 0; k < observations; ++k) {
      logs[k] = !column.observed[k] ? prior : column.numbers[k] == number ? same : other;
    }
    return;
  }
  const auto [low, high] = Cell(domain, value);
  const auto log_mass = [&, low = low, high = high](int64_t observed) {
    const double centre = domain.Position(NthValue(domain, observed));
    return std::log(std::max(1e-12, Mass(low, high, centre, deviation_)));
  };
  // Few values are observed many times.
  std::vector<double> known(Count(domain) <= kMostKnown ? static_cast<size_t>(Count(domain)) : 0,
                            std::numeric_limits<double>::quiet_NaN());
  for (size_t k = 0; k < observations; ++k) {
    const int64_t observed = column.numbers[k];
    if (!column.observed[k]) {
      logs[k] = prior;
    } else if (known.empty()) {
      logs[k] = log_mass(observed);
    } else {
      double& mass = known[static_cast<size_t>(observed)];
      if (std::isnan(mass)) mass = log_mass(observed);
      logs[k] = mass;
    }
  }
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
  // The logarithm of the mean of the kernels whose logarithms are given.
  const auto mixture = [&](const std::vector<double>& logs) {
    const double largest = *std::max_element(logs.begin(), logs.end());
    double sum = 0;
    for (const double log : logs) sum += std::exp(log - largest);
    return largest + std::log(sum / kernels_);
  };
  std::vector<double> products(kernels, 0), logs(kernels, 0);
  double sum = 0;
  for (int i = 0; i < decisions_.size(); ++i) {
    const space::Value& value = genotype.values[static_cast<size_t>(i)];
    if (std::holds_alternative<std::monostate>(value)) continue;
    LogKernels(i, value, logs);
    if (!joint_) sum += mixture(logs);
    for (size_t k = 0; k < kernels; ++k) products[k] += logs[k];
  }
  return joint_ ? mixture(products) : sum;
}

}  // namespace nascent::strategy
