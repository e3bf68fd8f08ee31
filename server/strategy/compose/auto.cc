// The default: a strategy chosen by a documented rule from what is known of the search.

#include <algorithm>
#include <string>
#include <utility>

#include "server/strategy/entries.h"

namespace nascent::strategy {
namespace {

using google::protobuf::Value;

// Trials from which evolution takes over: by then its many cheap steps are worth more than a model
// that looks at a part of the history.
constexpr int64_t kLong = 3000;
// The same for a front, which a population holds better than a model's few best.
constexpr int64_t kLongForFronts = 200;

Value& Set(Value& spec, const std::string& name) {
  return (*spec.mutable_struct_value()->mutable_fields())[name];
}

Value WithPopulation(const std::string& name, int64_t population, int64_t sample) {
  Value spec;
  Value& settings = Set(spec, name);
  Set(settings, "population").set_number_value(static_cast<double>(population));
  if (sample > 0) Set(settings, "sample").set_number_value(static_cast<double>(sample));
  return spec;
}

// Whether every decision is a list without order, as in most cell spaces: there a regression on the
// decisions and their pairs learns fastest.
bool IsCategorical(const Problem& problem) {
  const auto& decisions = problem.space->decisions().decisions();
  return std::all_of(decisions.begin(), decisions.end(), [](const space::Decision& decision) {
    return decision.domain.kind == space::Domain::Kind::kCategorical;
  });
}

// Who proposes genotypes.
Value ChooseProposer(const Problem& problem) {
  const bool front = problem.objectives.size() > 1;
  const int64_t budget = problem.budget_trials;
  if (front && (budget == 0 || budget >= kLongForFronts)) {
    const std::string name = problem.objectives.size() > 3 ? "nsga3" : "nsga2";
    return WithPopulation(name, std::clamp<int64_t>(budget / 8, 20, 100), 0);
  }
  if (!front && (budget == 0 || budget > kLong)) {
    return WithPopulation("regularized_evolution", 100, 25);
  }
  Value spec;
  spec.set_string_value(!front && problem.rungs.size() < 2 && IsCategorical(problem) ? "ridge"
                                                                                     : "tpe");
  return spec;
}

Value Choose(const Problem& problem) {
  Value proposer = ChooseProposer(problem);
  if (problem.rungs.size() < 2) return proposer;
  Value spec;
  Set(Set(spec, problem.objectives.size() > 1 ? "mo_asha" : "asha"), "of") = std::move(proposer);
  return spec;
}

}  // namespace

Entry AutoEntry() {
  Entry entry;
  entry.name = "auto";
  entry.description =
      "The default: ridge (where all decisions are lists without order) or tpe for up to 3000 "
      "trials, regularized_evolution beyond or without a limit; "
      "several objectives: tpe below 200 trials, nsga2 from there, nsga3 from 4 objectives; with "
      "a ladder of fidelities asha (several objectives: mo_asha) around it";
  entry.sets_rungs = true;
  entry.make = [](const Problem& problem, const Settings&) {
    return MakeNested(Choose(problem), problem, "auto");
  };
  return entry;
}

}  // namespace nascent::strategy
