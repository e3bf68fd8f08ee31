// A search that has not ended, as the engine holds it: a fold over its log.

#ifndef NASCENT_SERVER_ENGINE_ACTIVE_SEARCH_H_
#define NASCENT_SERVER_ENGINE_ACTIVE_SEARCH_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "server/engine/commands.h"
#include "server/engine/propose/candidate.h"
#include "server/engine/propose/strategy_host.h"
#include "server/engine/resolve/resolve_search.h"
#include "server/engine/standing.h"
#include "server/storage/records.h"

namespace nascent::engine {

struct ActiveSearch;

struct Trial {
  storage::TrialRecord record;
  std::shared_ptr<const Candidate> candidate;
  int rung = 0;
  bool joined_own = false;  // its twin belongs to the same search
  int64_t task_id = 0;      // of its train task, while that is not finished
  int last_epoch = 0;       // of which the strategy was told
  double seconds = 0;       // that its train task held slots
  double progress = 0;      // of its running task
  int64_t revision = 0;     // of the search when it last changed

  // By metric.
  Metrics Costs() const;
};

// A task that is not finished.
struct Task {
  int64_t id = 0;
  ActiveSearch* search = nullptr;
  std::shared_ptr<Trial> trial;
  v1::TaskKind kind = v1::TASK_KIND_TRAIN;
  int attempt = 0;
  int charged = 0;
  bool leased = false;
  int64_t worker_id = 0;
  int slot = 0;
  absl::Time leased_at;
  absl::Time deadline;
  std::string lease_request_id;
  std::string checkpoint;   // that the next attempt continues from
  int64_t seed_offset = 0;  // of a final test
  std::string evaluator_version;
  int64_t least_memory = 0;     // more than what was not enough
  std::set<int64_t> failed_on;  // workers that it crashed or expired on
  v1::StopReason stop = v1::STOP_REASON_UNSPECIFIED;
  bool busy = false;  // a transition of it is in the batch being built
};

// Genotypes that a program enqueued and that wait for their numbers or for the commit.
struct EnqueueRequest {
  std::string request_id;
  std::vector<space::Genotype> genotypes;
  int64_t planned = 0;           // how many of them have a number
  std::vector<int64_t> numbers;  // committed so far
  std::function<void(absl::StatusOr<std::vector<int64_t>>)> reply;
};

// An event of the log as strategies observe it; costs are the trial's.
strategy::Event ToStrategyEvent(storage::EventRecord event, const Trial& trial);

struct ActiveSearch {
  ActiveSearch(storage::SearchRecord search_record, std::shared_ptr<CandidateMaker> candidates);

  const v1::SearchSpec& spec() const { return resolved->spec; }
  // Trials that leave room neither in `parallel` nor in the budget.
  int64_t Open() const { return ready + leased; }
  // Trials that count against the budget, or will.
  int64_t Charged() const { return last_number - cancelled; }
  int64_t Finished() const { return succeeded + stopped + shared + failed; }
  // How many more trials may be proposed now, with `slots` free or busy slots in the service.
  int64_t Room(int slots) const;
  // Records that `trial` changed.
  void Touch(Trial& trial);
  // A trial gets (`sign` 1) or loses (-1) its place among those of its state.
  void Count(const Trial& trial, int sign);
  // A trial ended: standing, leaders, stop rules. `record` holds the result.
  void OnEnded(const std::shared_ptr<Trial>& trial);
  // Trials whose weights are stored although they lead no longer; each is given once.
  std::vector<std::shared_ptr<Trial>> TakeOvertaken();
  void NoteOvertaken();
  std::shared_ptr<Trial> FindTrial(int64_t number) const;

  storage::SearchRecord record;  // its spec is in `resolved`
  // record.id, for those who were made before the search had one.
  const std::shared_ptr<int64_t> shared_id = std::make_shared<int64_t>(0);
  const std::shared_ptr<const ResolvedSearch> resolved;
  const std::shared_ptr<CandidateMaker> maker;
  std::shared_ptr<StrategyHost> host;
  Standing standing;
  const bool judged_by_costs;  // some objective or constraint is on them

  // Trials.
  int64_t last_number = 0;
  absl::flat_hash_map<int64_t, std::shared_ptr<Trial>> open;  // by number
  std::deque<std::shared_ptr<Trial>> ended;                   // the last ones, oldest first
  std::map<int64_t, std::shared_ptr<Trial>> leaders;          // by number
  std::map<int64_t, std::shared_ptr<Trial>> with_weights;     // of their own, by number
  std::vector<std::shared_ptr<Trial>> overtaken;          // of with_weights, no winners any more
  absl::flat_hash_map<int64_t, std::string> checkpoints;  // by number, where one is kept
  int64_t ready = 0, leased = 0, succeeded = 0, failed = 0, stopped = 0, shared = 0, cancelled = 0;
  // Proposed, although no network can be made of them; to be ended as FAILED.
  std::vector<std::shared_ptr<Trial>> impossible;
  int64_t joined_own = 0;     // of `ready`: those that wait for a twin of this search
  double device_seconds = 0;  // of attempts that ended

  // Ids of tasks that may be leased, in order: final tests come first.
  std::deque<int64_t> ready_tasks;
  std::set<int64_t> running_tasks;
  int64_t last_served = 0;  // orders searches of equal priority

  // The strategy.
  int64_t last_event = 0;                   // sequence; may not be committed yet
  int64_t committed_event = 0;              // the last one that was handed to the strategy's queue
  std::vector<strategy::Event> unobserved;  // committed
  std::vector<PlannedTrial> planned;        // to be committed next
  std::deque<EnqueueRequest> enqueues;      // to be handed to the strategy
  std::deque<EnqueueRequest> numbered;      // whose trials are planned
  bool asking = false;                      // an order is under way
  bool waits = false;                       // the strategy waits for an event
  bool exhausted = false;
  int64_t snapshot_at = 0;                          // event of the last snapshot
  std::optional<storage::SnapshotRecord> snapshot;  // to be committed next
  std::string trouble;

  // The end.
  std::string refused;      // why the search can't go on
  std::string stop_reason;  // a budget or a stop rule says that nothing new starts
  int64_t without_improvement = 0;
  bool final_planned = false;
  int64_t open_final_tasks = 0;
  absl::flat_hash_map<int64_t, absl::Time> weights_awaited;  // by number: until when

  // Starts anew, and higher, with each engine that holds the search.
  int64_t revision = 1;
  absl::Time first_lease_at = absl::InfiniteFuture();
  absl::Duration paused;  // in all, since it is held in memory
  absl::Time paused_since = absl::InfiniteFuture();
  int slots = 0;  // that fit, as of slots_at
  absl::Time slots_at = absl::InfinitePast();
  bool dirty = true;      // to be looked at before the next commit
  bool changing = false;  // a change of its state is in the batch being built
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_ACTIVE_SEARCH_H_
