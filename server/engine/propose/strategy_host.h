// Runs one search's strategy: feeds it events in the log's order, asks for proposals, catches what
// goes wrong and replaces it by random search, visibly.

#ifndef NASCENT_SERVER_ENGINE_PROPOSE_STRATEGY_HOST_H_
#define NASCENT_SERVER_ENGINE_PROPOSE_STRATEGY_HOST_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/propose/candidate.h"
#include "server/storage/records.h"
#include "server/strategy/strategy.h"

namespace nascent::engine {

// What the strategy is to do in one go, in this order.
struct StrategyOrder {
  std::vector<strategy::Event> events;  // committed since the last order
  int64_t last_event = 0;               // sequence of the last event observed then
  std::vector<space::Genotype> enqueued;
  int64_t next_number = 1;  // of the first enqueued genotype, then of the proposals
  int wanted = 0;
  // The strategy has nothing to wait for: an answer Wait is taken for a failure.
  bool nothing_open = false;
  bool snapshot = false;
  // Those that could train the trials now: their finished evaluations are looked for.
  std::set<std::string> evaluators;
};

// A trial to be.
struct PlannedTrial {
  int64_t number = 0;
  strategy::Proposal proposal;
  bool enqueued = false;
  int64_t after_event = 0;
  std::shared_ptr<const Candidate> candidate;
  std::string subject;              // of its evaluations; empty where nothing is shared
  std::set<std::string> looked_up;  // evaluators whose evaluations were looked for
  std::vector<storage::EvaluationRecord> evaluations;  // finished, found in the store
};

struct StrategyAnswer {
  std::vector<PlannedTrial> trials;
  strategy::StopCommands stops;
  bool waits = false;
  bool exhausted = false;
  std::string trouble;  // for people: why random search stood in; empty: it did not
  std::optional<storage::SnapshotRecord> snapshot;
};

// Finds a finished evaluation by identity. Thread-safe.
using FindEvaluation =
    std::function<std::optional<storage::EvaluationRecord>(const std::string& identity)>;

// Used by one thread at a time.
class StrategyHost {
 public:
  // INVALID_ARGUMENT where the strategy refuses the search.
  static absl::StatusOr<std::unique_ptr<StrategyHost>> Make(std::shared_ptr<CandidateMaker> maker,
                                                            FindEvaluation find);

  StrategyAnswer Advance(const StrategyOrder& order);

  // For replay: one event of the log.
  strategy::StopCommands Observe(const strategy::Event& event);
  // From what Advance gave as a snapshot; an error leaves the strategy as new.
  absl::Status Restore(const std::string& snapshot);
  // Trials that were to end early and of whose end nothing was observed yet.
  const std::set<int64_t>& pending_stops() const { return pending_stops_; }

  // Null: nothing is shared.
  const FindEvaluation& find() const { return find_; }

  // Whether a strategy may wait for a program although nothing runs (manual, external).
  bool waits_for_programs() const { return outside_; }

 private:
  StrategyHost(std::shared_ptr<CandidateMaker> maker, FindEvaluation find)
      : maker_(std::move(maker)), find_(std::move(find)) {}

  strategy::Answer Ask(int64_t number, std::string& trouble);
  // Why the strategy's proposal can't be carried out.
  absl::Status Check(const strategy::Proposal& proposal, int64_t number) const;
  absl::StatusOr<strategy::Proposal> FallBack(int64_t number, const std::string& trouble) const;
  PlannedTrial Plan(strategy::Proposal proposal, int64_t number, const StrategyOrder& order);

  const std::shared_ptr<CandidateMaker> maker_;
  const FindEvaluation find_;
  strategy::Problem problem_;
  std::unique_ptr<strategy::Strategy> strategy_;
  bool outside_ = false;
  std::set<int64_t> pending_stops_;
};

// What a strategy is told of a search.
strategy::Problem MakeProblem(const std::shared_ptr<CandidateMaker>& maker);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_PROPOSE_STRATEGY_HOST_H_
