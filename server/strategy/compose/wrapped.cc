#include "server/strategy/compose/wrapped.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "server/strategy/goals/outcome.h"

namespace nascent::strategy {

absl::StatusOr<Wrapped> Wrapped::Make(const Problem& problem, const Settings& settings,
                                      bool chooses_rungs) {
  return MakeFrom(problem, settings.Raw("of"), "of", chooses_rungs);
}

absl::StatusOr<Wrapped> Wrapped::MakeFrom(const Problem& problem,
                                          const google::protobuf::Value& spec,
                                          const std::string& setting, bool chooses_rungs) {
  const std::string& name = spec.struct_value().fields().begin()->first;
  const Entry* entry = FindStrategy(name);
  if (chooses_rungs && entry != nullptr && entry->sets_rungs) {
    return absl::InvalidArgumentError(
        absl::StrCat(setting, ": ", name, " chooses the fidelity itself; name one that does not"));
  }
  absl::StatusOr<std::unique_ptr<Strategy>> inner = MakeNested(spec, problem, setting);
  if (!inner.ok()) return inner.status();
  return Wrapped(*std::move(inner));
}

absl::StatusOr<Wrapped> Wrapped::MakeForLadder(const Problem& problem,
                                               const google::protobuf::Value& spec,
                                               const std::string& setting) {
  absl::StatusOr<Wrapped> inner = MakeFrom(problem, spec, setting, /*chooses_rungs=*/true);
  if (!inner.ok() || inner->UsesRungs() || problem.rungs.front().metric.empty()) return inner;
  return MakeFrom(AtRung(problem, 0), spec, setting, /*chooses_rungs=*/true);
}

StopCommands Wrapped::Observe(const Event& event) {
  if (inner_->UsesRungs()) return inner_->Observe(event);
  if (const auto* proposed = std::get_if<Proposed>(&event)) {
    if (proposed->proposal.continues != 0) {
      hidden_.insert(proposed->trial);
      return {};
    }
  } else if (const auto* measured = std::get_if<Measured>(&event)) {
    if (hidden_.contains(measured->trial)) return {};
  } else if (const auto* finished = std::get_if<Finished>(&event)) {
    if (hidden_.erase(finished->trial) > 0) return {};
  }
  return inner_->Observe(event);
}

absl::Status CheckLadder(const Problem& problem) {
  if (problem.rungs.size() < 2) {
    return absl::InvalidArgumentError(
        "needs `fidelities` with at least two rungs; the search has none");
  }
  for (size_t i = 1; i < problem.rungs.size(); ++i) {
    if (problem.rungs[i].share_of_full <= problem.rungs[i - 1].share_of_full) {
      return absl::InvalidArgumentError(absl::StrCat("the rungs of `fidelities` must grow: rung ",
                                                     i, " costs ", problem.rungs[i].share_of_full,
                                                     " of the full recipe, rung ", i - 1, " ",
                                                     problem.rungs[i - 1].share_of_full));
    }
  }
  return absl::OkStatus();
}

}  // namespace nascent::strategy
