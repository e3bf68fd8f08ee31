#include "server/engine/propose/strategy_host.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/space/sampler.h"
#include "common/status_macros.h"
#include "common/text/utf8.h"
#include "server/strategy/registry.h"

namespace nascent::engine {
namespace {

constexpr size_t kLongestReason = 200;
constexpr char kStops[] = "stops ";

std::string Cut(std::string text) {
  text.resize(text::CutUtf8(text, kLongestReason).size());
  return text;
}

// The name in a resolved strategy: a text, or the only key of a mapping.
std::string NameOf(const google::protobuf::Value& spec) {
  if (spec.has_string_value()) return spec.string_value();
  const auto& fields = spec.struct_value().fields();
  return fields.empty() ? std::string() : fields.begin()->first;
}

}  // namespace

strategy::Problem MakeProblem(const std::shared_ptr<CandidateMaker>& maker) {
  const ResolvedSearch& search = maker->search();
  strategy::Problem problem;
  problem.space = search.space.get();
  for (const v1::Objective& objective : search.spec.objectives()) {
    strategy::Objective& added = problem.objectives.emplace_back();
    added.metric = objective.metric();
    added.maximize = objective.goal() != v1::GOAL_MINIMIZE;
    if (objective.has_reference()) added.reference = objective.reference();
  }
  for (const v1::Constraint& constraint : search.spec.constraints()) {
    if (IsOnCosts(constraint.metric())) continue;
    strategy::OutcomeConstraint& added = problem.constraints.emplace_back();
    added.metric = constraint.metric();
    if (constraint.has_at_most()) added.at_most = constraint.at_most();
    if (constraint.has_at_least()) added.at_least = constraint.at_least();
  }
  for (const RungPlan& rung : search.rungs) problem.rungs.push_back(rung.rung);
  problem.calibrate = search.spec.fidelities().calibrate();
  problem.seed = search.spec.seed();
  problem.budget_trials = search.spec.budget().trials();
  problem.parallel = std::max(search.spec.budget().parallel(), 1);
  const int last = static_cast<int>(search.rungs.size()) - 1;
  problem.feasible = [maker](const space::Genotype& genotype) {
    return maker->IsFeasible(genotype);
  };
  problem.costs = [maker](const space::Genotype& genotype) { return maker->Costs(genotype); };
  problem.key = [maker, last](const space::Genotype& genotype) {
    return maker->Make(genotype, last)->architecture;
  };
  problem.unique = search.spec.unique();
  return problem;
}

absl::StatusOr<std::unique_ptr<StrategyHost>> StrategyHost::Make(
    std::shared_ptr<CandidateMaker> maker, FindEvaluation find) {
  auto host = std::unique_ptr<StrategyHost>(new StrategyHost(std::move(maker), std::move(find)));
  host->problem_ = MakeProblem(host->maker_);
  const google::protobuf::Value& spec = host->maker_->search().spec.strategy();
  auto strategy = strategy::MakeStrategy(spec, host->problem_);
  if (!strategy.ok()) return strategy.status();
  host->strategy_ = *std::move(strategy);
  const strategy::Entry* entry = strategy::FindStrategy(NameOf(spec));
  host->outside_ = entry != nullptr && entry->outside;
  return host;
}

strategy::StopCommands StrategyHost::Observe(const strategy::Event& event) {
  // A strategy that throws must not take the service with it; it sees the later events all the
  // same.
  try {
    strategy::StopCommands stops = strategy_->Observe(event);
    pending_stops_.insert(stops.begin(), stops.end());
    if (const auto* end = std::get_if<strategy::Finished>(&event)) pending_stops_.erase(end->trial);
    return stops;
  } catch (const std::exception&) {
    return {};
  }
}

// A snapshot is a line with the pending stops, then the strategy's bytes.
absl::Status StrategyHost::Restore(const std::string& snapshot) {
  const size_t line = snapshot.find('\n');
  if (line == std::string::npos || !absl::StartsWith(snapshot, kStops)) {
    return absl::InvalidArgumentError("no snapshot of this version");
  }
  std::set<int64_t> stops;
  const std::string numbers = snapshot.substr(sizeof(kStops) - 1, line - sizeof(kStops) + 1);
  for (const auto word : absl::StrSplit(numbers, ' ', absl::SkipEmpty())) {
    int64_t number = 0;
    if (!absl::SimpleAtoi(word, &number)) {
      return absl::InvalidArgumentError("no snapshot of this version");
    }
    stops.insert(number);
  }
  absl::Status status = strategy_->Restore(snapshot.substr(line + 1));
  if (status.ok()) pending_stops_ = std::move(stops);
  return status;
}

absl::Status StrategyHost::Check(const strategy::Proposal& proposal, int64_t number) const {
  const int rungs = static_cast<int>(problem_.rungs.size());
  if (proposal.rung < -1 || proposal.rung >= rungs) {
    return absl::InvalidArgumentError(
        absl::StrCat("rung ", proposal.rung, " of a ladder with ", rungs));
  }
  if (proposal.continues < 0 || proposal.continues >= number) {
    return absl::InvalidArgumentError(absl::StrCat("to continue trial ", proposal.continues));
  }
  return problem_.space->decisions().Validate(proposal.genotype);
}

strategy::Answer StrategyHost::Ask(int64_t number, std::string& trouble) {
  try {
    strategy::Answer answer = strategy_->Propose(number);
    const auto* proposal = std::get_if<strategy::Proposal>(&answer);
    if (proposal == nullptr) return answer;
    const absl::Status status = Check(*proposal, number);
    if (status.ok()) return answer;
    trouble = absl::StrCat("the strategy proposed what can't be carried out: ", status.message());
  } catch (const std::exception& error) {
    trouble = absl::StrCat("the strategy failed: ", error.what());
  }
  return strategy::Wait{};
}

absl::StatusOr<strategy::Proposal> StrategyHost::FallBack(int64_t number,
                                                          const std::string& trouble) const {
  RandomStream random(problem_.seed, static_cast<uint64_t>(number));
  constexpr int kDraws = 1000;
  strategy::Proposal proposal;
  proposal.reason = Cut(absl::StrCat(std::string(strategy::kStoodIn), trouble));
  for (int i = 0; i < kDraws; ++i) {
    NASCENT_ASSIGN_OR_RETURN(proposal.genotype, space::Sample(*problem_.space, random));
    if (problem_.feasible(proposal.genotype)) break;
  }
  return proposal;
}

PlannedTrial StrategyHost::Plan(strategy::Proposal proposal, int64_t number,
                                const StrategyOrder& order) {
  PlannedTrial planned;
  planned.number = number;
  planned.after_event = order.last_event;
  if (proposal.rung < 0) proposal.rung = static_cast<int>(problem_.rungs.size()) - 1;
  proposal.reason = Cut(std::move(proposal.reason));
  planned.candidate = maker_->Make(proposal.genotype, proposal.rung);
  planned.proposal = std::move(proposal);
  planned.subject = EvaluationSubject(*planned.candidate, maker_->search());
  if (planned.subject.empty() || find_ == nullptr) return planned;
  planned.looked_up = order.evaluators;
  for (const std::string& evaluator : order.evaluators) {
    auto found = find_(EvaluationIdentity(planned.subject, evaluator));
    if (found.has_value()) planned.evaluations.push_back(*std::move(found));
  }
  return planned;
}

StrategyAnswer StrategyHost::Advance(const StrategyOrder& order) {
  StrategyAnswer result;
  const auto observe = [&](const strategy::Event& event) {
    const strategy::StopCommands stops = Observe(event);
    result.stops.insert(result.stops.end(), stops.begin(), stops.end());
  };
  for (const strategy::Event& event : order.events) observe(event);
  int64_t number = order.next_number;
  for (const space::Genotype& genotype : order.enqueued) {
    strategy::Proposal proposal;
    proposal.genotype = genotype;
    proposal.reason = "enqueued";
    observe(strategy::Proposed{number, proposal, true});
    result.trials.push_back(Plan(std::move(proposal), number, order));
    result.trials.back().enqueued = true;
    ++number;
  }
  for (int i = 0; i < order.wanted; ++i) {
    std::string trouble;
    strategy::Answer answer = Ask(number, trouble);
    if (std::holds_alternative<strategy::Exhausted>(answer)) {
      result.exhausted = true;
      break;
    }
    if (std::holds_alternative<strategy::Wait>(answer)) {
      const bool stuck = order.nothing_open && result.trials.empty() && !outside_;
      if (trouble.empty() && stuck) trouble = "the strategy waits although nothing runs";
      if (trouble.empty()) {
        result.waits = true;
        break;
      }
      auto fallback = FallBack(number, trouble);
      if (!fallback.ok()) {
        result.exhausted = true;
        result.trouble = absl::StrCat(trouble, "; ", fallback.status().message());
        break;
      }
      answer = *std::move(fallback);
      result.trouble = trouble;
    }
    auto& proposal = std::get<strategy::Proposal>(answer);
    if (!proposal.trouble.empty()) result.trouble = proposal.trouble;
    observe(strategy::Proposed{number, proposal, false});
    result.trials.push_back(Plan(std::move(proposal), number, order));
    ++number;
  }
  if (order.snapshot) {
    std::string bytes = strategy_->Snapshot();
    if (!bytes.empty()) {
      result.snapshot = {order.last_event, number - 1,
                         absl::StrCat(kStops, absl::StrJoin(pending_stops_, " "), "\n", bytes)};
    }
  }
  return result;
}

}  // namespace nascent::engine
