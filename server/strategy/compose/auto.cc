// The default: a strategy chosen by a documented rule from what is known of the search.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "server/strategy/compose/signed_reason.h"
#include "server/strategy/entries.h"

namespace nascent::strategy {
namespace {

using google::protobuf::Value;

// Trials from which evolution takes over: by then its many cheap steps are worth more than a model
// that looks at a part of the history.
constexpr int64_t kLong = 3000;
// The same for a front, which a population holds better than a model's few best.
constexpr int64_t kLongForFronts = 200;
// With two objectives the expected improvement of the hypervolume is exact, and a model pays
// longer.
constexpr int64_t kLongForPairs = 1000;

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

Value Named(const std::string& name) {
  Value spec;
  spec.set_string_value(name);
  return spec;
}

Value ChooseForFront(const Problem& problem) {
  const int64_t budget = problem.budget_trials;
  const bool climbs = problem.rungs.size() >= 2;
  if (problem.objectives.size() == 2 && !climbs && budget > 0 && budget <= kLongForPairs) {
    return Named(IsCategorical(problem) ? "ridge" : "gaussian_process");
  }
  if (budget > 0 && budget < kLongForFronts) return Named("tpe");
  return Named(problem.objectives.size() > 3 ? "nsga3" : "nsga2");
}

// Who proposes genotypes.
Value ChooseProposer(const Problem& problem) {
  if (problem.objectives.size() > 1) return ChooseForFront(problem);
  const int64_t budget = problem.budget_trials;
  if (budget == 0 || budget > kLong) return WithPopulation("regularized_evolution", 100, 25);
  return Named(problem.rungs.size() < 2 && IsCategorical(problem) ? "ridge" : "tpe");
}

Value Choose(const Problem& problem) {
  Value proposer = ChooseProposer(problem);
  if (problem.rungs.size() < 2) return proposer;
  Value spec;
  Set(Set(spec, problem.objectives.size() > 1 ? "mo_asha" : "asha"), "of") = std::move(proposer);
  return spec;
}

// "asha of tpe"
std::string NameOf(const Value& spec) {
  if (spec.kind_case() == Value::kStringValue) return spec.string_value();
  const auto& [name, settings] = *spec.struct_value().fields().begin();
  const auto& fields = settings.struct_value().fields();
  const auto of = fields.find("of");
  return of == fields.end() ? name : absl::StrCat(name, " of ", NameOf(of->second));
}

// The strategy that was chosen; each reason begins with its name.
class Chosen : public Strategy {
 public:
  Chosen(std::string name, std::unique_ptr<Strategy> strategy)
      : name_(std::move(name)), strategy_(std::move(strategy)) {}

  Answer Propose(int64_t number) override {
    Answer answer = strategy_->Propose(number);
    if (auto* proposal = std::get_if<Proposal>(&answer)) {
      proposal->reason = SignedReason(name_, proposal->reason);
    }
    return answer;
  }
  StopCommands Observe(const Event& event) override { return strategy_->Observe(event); }
  bool UsesRungs() const override { return strategy_->UsesRungs(); }
  bool Promotes() const override { return strategy_->Promotes(); }
  std::string Snapshot() const override { return strategy_->Snapshot(); }
  absl::Status Restore(const std::string& snapshot) override {
    return strategy_->Restore(snapshot);
  }

 private:
  const std::string name_;
  const std::unique_ptr<Strategy> strategy_;
};

}  // namespace

Entry AutoEntry() {
  Entry entry;
  entry.name = "auto";
  entry.description =
      "The default: ridge (where all decisions are lists without order) or tpe for up to 3000 "
      "trials, regularized_evolution beyond or without a limit; "
      "two objectives without a ladder of fidelities: ridge or, where a decision has an order, "
      "gaussian_process for up to 1000 trials; else, with several objectives, tpe below 200 "
      "trials, nsga2 from there, nsga3 from 4 objectives; with a ladder asha (several objectives: "
      "mo_asha) around it. The reason of each proposal begins with what was taken";
  entry.sets_rungs = true;
  entry.make = [](const Problem& problem,
                  const Settings&) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    const Value spec = Choose(problem);
    NASCENT_ASSIGN_OR_RETURN(std::unique_ptr<Strategy> strategy, MakeNested(spec, problem, "auto"));
    return std::make_unique<Chosen>(NameOf(spec), std::move(strategy));
  };
  return entry;
}

}  // namespace nascent::strategy
