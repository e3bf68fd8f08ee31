#include "server/strategy/variation.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

namespace nascent::strategy {
namespace {

using space::DecisionSpace;
using space::Domain;
using space::Genotype;

constexpr int kStepTries = 20;

bool IsNumber(const Domain& domain) {
  return domain.kind != Domain::Kind::kCategorical && domain.Varies();
}

int64_t LowestWhole(const Domain& domain) { return std::get<int64_t>(domain.First()); }

// The whole number or the place in a list that is nearest to `position` in [0, 1].
int64_t WholeAt(const Domain& domain, double position) {
  const int64_t low = LowestWhole(domain);
  const int64_t high = low + domain.Size() - 1;
  if (domain.IsList()) return std::llround(position * static_cast<double>(high));
  return std::clamp(static_cast<int64_t>(std::llround(domain.RealAt(position))), low, high);
}

space::Value ValueAt(const Domain& domain, double position) {
  const double inside = std::clamp(position, 0.0, 1.0);
  if (domain.kind == Domain::Kind::kReal) return domain.RealAt(inside);
  return WholeAt(domain, inside);
}

// The value `step` from `current`, at least the next one on that side, or where there is none on
// the other.
space::Value ValueAtStep(const Domain& domain, const space::Value& current, double step) {
  const space::Value value = ValueAt(domain, domain.Position(current) + step);
  if (value != current || domain.kind == Domain::Kind::kReal) return value;
  const int64_t whole = std::get<int64_t>(current);
  const int64_t side = step > 0 ? 1 : -1;
  for (const space::Value beside : {space::Value(whole + side), space::Value(whole - side)}) {
    if (domain.Contains(beside)) return beside;
  }
  return current;
}

// A step from `position` in [0, 1], which it does not leave: the form that is cut off at both ends,
// as in the authors' code of NSGA-II.
double PolynomialStep(double position, RandomStream& random) {
  const double u = random.Uniform();
  const double power = kMutationIndex + 1;
  if (u < 0.5) {
    const double below = std::pow(1 - position, power);
    return std::pow(2 * u + (1 - 2 * u) * below, 1 / power) - 1;
  }
  const double above = std::pow(position, power);
  return 1 - std::pow(2 * (1 - u) + (2 * u - 1) * above, 1 / power);
}

// One of the two children of a and b, in [0, 1].
double BinaryCrossover(double a, double b, RandomStream& random) {
  const double u = random.Uniform();
  const double power = 1 / (kCrossoverIndex + 1);
  const double spread = u < 0.5 ? std::pow(2 * u, power) : std::pow(1 / (2 * (1 - u)), power);
  const double sign = random.Below(2) == 0 ? 1 : -1;
  return std::clamp((a + b + sign * spread * (a - b)) / 2, 0.0, 1.0);
}

}  // namespace

Genotype Mutate(const DecisionSpace& decisions, const Genotype& genotype, RandomStream& random) {
  std::vector<int> varying;
  for (int i = 0; i < decisions.size(); ++i) {
    const auto at = static_cast<size_t>(i);
    if (!std::holds_alternative<std::monostate>(genotype.values[at]) &&
        decisions.decisions()[at].domain.Varies()) {
      varying.push_back(i);
    }
  }
  if (varying.empty()) return genotype;
  const int decision = varying[random.Below(varying.size())];
  const Domain& domain = decisions.decisions()[static_cast<size_t>(decision)].domain;
  const space::Value& current = genotype.values[static_cast<size_t>(decision)];
  if (!IsNumber(domain)) {
    return decisions.With(genotype, decision, domain.SampleOther(current, random), random);
  }
  // At an end of the range half of the steps lead nowhere.
  space::Value value = current;
  for (int tries = 0; tries < kStepTries && value == current; ++tries) {
    value = ValueAtStep(domain, current, PolynomialStep(domain.Position(current), random));
  }
  if (value == current) value = domain.SampleOther(current, random);
  return decisions.With(genotype, decision, value, random);
}

Genotype Crossover(const DecisionSpace& decisions, const Genotype& a, const Genotype& b,
                   RandomStream& random) {
  Genotype child = decisions.Crossover(a, b, random);
  for (int i = 0; i < decisions.size(); ++i) {
    const auto at = static_cast<size_t>(i);
    const Domain& domain = decisions.decisions()[at].domain;
    if (!IsNumber(domain) || std::holds_alternative<std::monostate>(child.values[at]) ||
        !domain.Contains(a.values[at]) || !domain.Contains(b.values[at])) {
      continue;
    }
    if (a.values[at] == b.values[at] || random.Below(2) == 0) continue;
    const double position =
        BinaryCrossover(domain.Position(a.values[at]), domain.Position(b.values[at]), random);
    child = decisions.With(child, i, ValueAt(domain, position), random);
  }
  return child;
}

std::vector<Genotype> Neighbours(const DecisionSpace& decisions, const Genotype& genotype) {
  std::vector<Genotype> neighbours = decisions.Neighbours(genotype);
  RandomStream random(0, 0);  // for what becomes active by a longer step
  const auto add = [&](int decision, const space::Value& value) {
    Genotype neighbour = decisions.With(genotype, decision, value, random);
    if (std::find(neighbours.begin(), neighbours.end(), neighbour) == neighbours.end()) {
      neighbours.push_back(std::move(neighbour));
    }
  };
  for (int i = 0; i < decisions.size(); ++i) {
    const Domain& domain = decisions.decisions()[static_cast<size_t>(i)].domain;
    const space::Value& current = genotype.values[static_cast<size_t>(i)];
    if (domain.IsList() || !IsNumber(domain) || std::holds_alternative<std::monostate>(current)) {
      continue;
    }
    for (const double step : kNeighbourSteps) {
      for (const double sign : {-1.0, 1.0}) {
        const double to = domain.Position(current) + sign * step;
        if (to < 0 || to > 1) continue;
        const space::Value value = ValueAtStep(domain, current, sign * step);
        if (value != current) add(i, value);
      }
    }
  }
  return neighbours;
}

}  // namespace nascent::strategy
