#include "server/strategy/external/messages.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "common/space/decisions/genotype_proto.h"
#include "common/text/utf8.h"

namespace nascent::strategy {
namespace {

constexpr size_t kLongestReason = 150;
constexpr int kMostParents = 16;

int RungOf(const Problem& problem, int rung) {
  const int last = std::max(static_cast<int>(problem.rungs.size()), 1) - 1;
  return rung < 0 || rung > last ? last : rung;
}

void AddDecision(const space::Decision& decision, v1::Problem& message) {
  v1::ProblemDecision& added = *message.add_decisions();
  added.set_label(decision.label);
  *added.mutable_domain() = space::ToProto(decision.domain);
  for (const space::Condition& condition : decision.active_when) {
    v1::ProblemCondition& any_of = *added.add_active_when();
    for (const space::Condition::Term& term : condition.terms) {
      v1::ProblemTerm& all_of = *any_of.add_terms();
      all_of.set_decision(term.decision);
      all_of.mutable_values()->Add(term.values.begin(), term.values.end());
    }
  }
}

}  // namespace

v1::Problem ToProto(const Problem& problem) {
  v1::Problem message;
  message.set_space(problem.space->name());
  for (const space::Decision& decision : problem.space->decisions().decisions()) {
    AddDecision(decision, message);
  }
  for (const Objective& objective : problem.objectives) {
    v1::Objective& added = *message.add_objectives();
    added.set_metric(objective.metric);
    added.set_goal(objective.maximize ? v1::GOAL_MAXIMIZE : v1::GOAL_MINIMIZE);
    if (objective.reference.has_value()) added.set_reference(*objective.reference);
  }
  for (const OutcomeConstraint& constraint : problem.constraints) {
    v1::Constraint& added = *message.add_constraints();
    added.set_metric(constraint.metric);
    if (constraint.at_most.has_value()) added.set_at_most(*constraint.at_most);
    if (constraint.at_least.has_value()) added.set_at_least(*constraint.at_least);
  }
  for (const Rung& rung : problem.rungs) {
    v1::ProblemRung& added = *message.add_rungs();
    added.set_epochs(rung.epochs);
    added.set_share_of_full(rung.share_of_full);
    added.set_metric(rung.metric);
  }
  message.set_seed(problem.seed);
  message.set_budget_trials(problem.budget_trials);
  message.set_parallel(problem.parallel);
  return message;
}

v1::StrategyEvent ToProto(const Problem& problem, const Event& event) {
  v1::StrategyEvent message;
  if (const auto* proposed = std::get_if<Proposed>(&event)) {
    v1::ProposedEvent& to = *message.mutable_proposed();
    to.set_trial(proposed->trial);
    *to.mutable_genotype() =
        space::ToProto(problem.space->decisions(), proposed->proposal.genotype);
    to.set_rung(RungOf(problem, proposed->proposal.rung));
    to.set_continues(proposed->proposal.continues);
    to.set_enqueued(proposed->enqueued);
    to.set_stood_in(proposed->proposal.reason.starts_with(kStoodIn));
  } else if (const auto* measured = std::get_if<Measured>(&event)) {
    v1::MeasuredEvent& to = *message.mutable_measured();
    to.set_trial(measured->trial);
    to.set_epoch(measured->epoch);
    to.mutable_metrics()->insert(measured->metrics.begin(), measured->metrics.end());
  } else {
    const auto& finished = std::get<Finished>(event);
    v1::FinishedEvent& to = *message.mutable_finished();
    to.set_trial(finished.trial);
    to.set_state(finished.state);
    to.set_failure(finished.failure);
    to.mutable_metrics()->insert(finished.metrics.begin(), finished.metrics.end());
    to.set_epochs(finished.epochs);
    to.set_seconds(finished.seconds);
  }
  return message;
}

absl::StatusOr<Proposal> FromProto(const Problem& problem, int64_t number,
                                   const v1::StrategyProposal& message) {
  absl::StatusOr<space::Genotype> genotype =
      space::FromProto(problem.space->decisions(), message.genotype());
  if (!genotype.ok()) return genotype.status();
  Proposal proposal;
  proposal.genotype = *std::move(genotype);
  const int rungs = std::max(static_cast<int>(problem.rungs.size()), 1);
  if (message.has_rung()) {
    if (message.rung() < 0 || message.rung() >= rungs) {
      return absl::InvalidArgumentError(
          absl::StrCat("rung ", message.rung(), " of a ladder with ", rungs));
    }
    proposal.rung = message.rung();
  }
  if (message.continues() < 0 || message.continues() >= number) {
    return absl::InvalidArgumentError(absl::StrCat("to continue trial ", message.continues()));
  }
  proposal.continues = message.continues();
  for (const int64_t parent : message.parents()) {
    if (parent >= 1 && parent < number && proposal.parents.size() < kMostParents) {
      proposal.parents.push_back(parent);
    }
  }
  proposal.reason = Tidy(message.reason(), kLongestReason);
  if (proposal.reason.empty()) proposal.reason = "external, without a reason";
  return proposal;
}

std::string Tidy(std::string_view text, size_t limit) {
  std::string tidy = text::RepairUtf8(text);
  const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; };
  std::replace_if(tidy.begin(), tidy.end(), is_control, ' ');
  tidy.resize(text::CutUtf8(tidy, limit).size());
  return tidy;
}

}  // namespace nascent::strategy
