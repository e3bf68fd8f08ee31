#include "common/space/decisions/decision_space.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/space/decisions/cardinality.h"

namespace nascent::space {
namespace {

[[noreturn]] void Die(const std::string& label, const char* what) {
  fprintf(stderr, "DecisionSpace: decision '%s': %s\n", label.c_str(), what);
  abort();
}

// The next value of an enumeration, where there is one.
std::optional<Value> Successor(const Domain& domain, const Value& value) {
  if (domain.kind != Domain::Kind::kReal) {
    const Value next = std::get<int64_t>(value) + 1;
    return domain.Contains(next) ? std::optional(next) : std::nullopt;
  }
  if (!domain.Varies()) return std::nullopt;
  const auto step = std::lround(domain.Position(value) * (kRealSteps - 1)) + 1;
  if (step >= kRealSteps) return std::nullopt;
  return Value(domain.RealAt(static_cast<double>(step) / (kRealSteps - 1)));
}

// What stands beside `value`: all other options, adjacent numbers, or steps of a real range.
std::vector<Value> Alternatives(const Domain& domain, const Value& value, int real_steps) {
  std::vector<Value> result;
  const auto add = [&](const Value& v) {
    if (v != value && std::find(result.begin(), result.end(), v) == result.end()) {
      result.push_back(v);
    }
  };
  if (domain.IsList()) {
    for (int64_t i = 0; i < domain.Size(); ++i) add(i);
  } else if (domain.kind == Domain::Kind::kInteger) {
    const int64_t whole = std::get<int64_t>(value);
    for (const Value v : {Value(whole - 1), Value(whole + 1)}) {
      if (domain.Contains(v)) add(v);
    }
  } else if (domain.Varies()) {
    const double position = domain.Position(value);
    for (int step = -real_steps; step <= real_steps; ++step) {
      if (step == 0) continue;
      add(domain.RealAt(std::clamp(position + step * 0.1, 0.0, 1.0)));
    }
  }
  return result;
}

}  // namespace

DecisionSpace::DecisionSpace(std::vector<Decision> decisions) : decisions_(std::move(decisions)) {
  for (int i = 0; i < size(); ++i) {
    const Decision& decision = decisions_[i];
    if (!index_.emplace(decision.label, i).second) Die(decision.label, "label is not unique");
    if (decision.domain.IsList() && decision.domain.options.empty()) {
      Die(decision.label, "no options");
    }
    for (const Condition& condition : decision.active_when) {
      for (const Condition::Term& term : condition.terms) {
        if (term.decision < 0 || term.decision >= i) Die(decision.label, "condition looks ahead");
        if (!std::is_sorted(term.values.begin(), term.values.end())) {
          Die(decision.label, "condition's values are not sorted");
        }
      }
    }
  }
}

std::optional<int> DecisionSpace::Find(std::string_view label) const {
  const auto found = index_.find(std::string(label));
  return found == index_.end() ? std::nullopt : std::optional(found->second);
}

bool DecisionSpace::IsActive(const Genotype& genotype, int decision) const {
  const std::vector<Condition>& conditions = decisions_[decision].active_when;
  if (conditions.empty()) return true;
  return std::any_of(conditions.begin(), conditions.end(), [&](const Condition& condition) {
    return std::all_of(condition.terms.begin(), condition.terms.end(), [&](const auto& term) {
      const auto* value = std::get_if<int64_t>(&genotype.values[term.decision]);
      return value != nullptr && std::binary_search(term.values.begin(), term.values.end(), *value);
    });
  });
}

absl::Status DecisionSpace::Validate(const Genotype& genotype) const {
  if (genotype.values.size() != decisions_.size()) {
    return absl::InvalidArgumentError(absl::StrCat("genotype has ", genotype.values.size(),
                                                   " values, the space ", size(), " decisions"));
  }
  for (int i = 0; i < size(); ++i) {
    const Value& value = genotype.values[i];
    const bool given = !std::holds_alternative<std::monostate>(value);
    if (IsActive(genotype, i) != given) {
      return absl::InvalidArgumentError(
          absl::StrCat(decisions_[i].label, ": ",
                       given ? "has a value but is not active" : "is active but has no value"));
    }
    if (given && !decisions_[i].domain.Contains(value)) {
      return absl::InvalidArgumentError(absl::StrCat(decisions_[i].label, ": value ",
                                                     decisions_[i].domain.Text(value),
                                                     " is not in its domain"));
    }
  }
  return absl::OkStatus();
}

template <typename Fill>
void DecisionSpace::Repair(Genotype& genotype, int first, Fill fill) const {
  genotype.values.resize(decisions_.size());
  for (int i = first; i < size(); ++i) {
    Value& value = genotype.values[i];
    if (!IsActive(genotype, i)) {
      value = std::monostate();
    } else if (!decisions_[i].domain.Contains(value)) {
      value = fill(i);
    }
  }
}

Genotype DecisionSpace::Sample(RandomStream& random) const {
  Genotype genotype;
  Repair(genotype, 0, [&](int i) { return decisions_[i].domain.Sample(random); });
  return genotype;
}

Value DecisionSpace::SampleValue(int decision, RandomStream& random, const Value& current) const {
  return decisions_[decision].domain.SampleOther(current, random);
}

Genotype DecisionSpace::Mutate(const Genotype& genotype, RandomStream& random) const {
  std::vector<int> candidates;
  for (int i = 0; i < size(); ++i) {
    if (!std::holds_alternative<std::monostate>(genotype.values[i]) &&
        decisions_[i].domain.Varies()) {
      candidates.push_back(i);
    }
  }
  if (candidates.empty()) return genotype;
  const int decision = candidates[random.Below(candidates.size())];
  const Value value = SampleValue(decision, random, genotype.values[decision]);
  return With(genotype, decision, value, random);
}

Genotype DecisionSpace::With(const Genotype& genotype, int decision, Value value,
                             RandomStream& random) const {
  Genotype result = genotype;
  result.values[decision] = value;
  Repair(result, decision + 1, [&](int i) { return decisions_[i].domain.Sample(random); });
  return result;
}

Genotype DecisionSpace::Crossover(const Genotype& a, const Genotype& b,
                                  RandomStream& random) const {
  Genotype child;
  Repair(child, 0, [&](int i) -> Value {
    const bool heads = random.Below(2) == 0;
    for (const Genotype* parent : {heads ? &a : &b, heads ? &b : &a}) {
      if (decisions_[i].domain.Contains(parent->values[i])) return parent->values[i];
    }
    return decisions_[i].domain.Sample(random);
  });
  return child;
}

std::vector<Genotype> DecisionSpace::Neighbours(const Genotype& genotype, int real_steps) const {
  std::vector<Genotype> result;
  for (int i = 0; i < size(); ++i) {
    if (std::holds_alternative<std::monostate>(genotype.values[i])) continue;
    for (const Value& value : Alternatives(decisions_[i].domain, genotype.values[i], real_steps)) {
      Genotype neighbour = genotype;
      neighbour.values[i] = value;
      Repair(neighbour, i + 1, [&](int d) { return decisions_[d].domain.First(); });
      result.push_back(std::move(neighbour));
    }
  }
  return result;
}

Genotype DecisionSpace::First() const {
  Genotype genotype;
  Repair(genotype, 0, [&](int i) { return decisions_[i].domain.First(); });
  return genotype;
}

std::optional<Genotype> DecisionSpace::Next(const Genotype& genotype) const {
  for (int i = size() - 1; i >= 0; --i) {
    if (std::holds_alternative<std::monostate>(genotype.values[i])) continue;
    const std::optional<Value> value = Successor(decisions_[i].domain, genotype.values[i]);
    if (!value) continue;
    Genotype next = genotype;
    next.values[i] = *value;
    std::fill(next.values.begin() + i + 1, next.values.end(), Value());
    Repair(next, i + 1, [&](int d) { return decisions_[d].domain.First(); });
    return next;
  }
  return std::nullopt;
}

std::string DecisionSpace::Cardinality() const { return CountGenotypes(decisions_); }

}  // namespace nascent::space
