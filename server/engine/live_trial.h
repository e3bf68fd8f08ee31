// Trials and tasks that the engine holds in memory.

#ifndef NASCENT_SERVER_ENGINE_LIVE_TRIAL_H_
#define NASCENT_SERVER_ENGINE_LIVE_TRIAL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "nascent/v1/worker_service.pb.h"
#include "server/engine/propose/candidate.h"
#include "server/storage/records.h"
#include "server/strategy/strategy.h"

namespace nascent::engine {

struct ActiveSearch;

using RenewalReplies = std::vector<std::function<void(absl::StatusOr<v1::RenewResponse>)>>;

// What was trained so far. Only the evaluator that made it continues from it.
struct Checkpoint {
  std::string sha256;  // empty: there is none
  std::string evaluator;
};

struct LiveTrial {
  storage::TrialRecord record;  // as the store has it; its id is 0 until that is committed
  std::shared_ptr<const Candidate> candidate;
  int rung = 0;
  std::string subject;              // of its evaluations; empty where nothing is shared
  std::set<std::string> looked_up;  // evaluators whose evaluations of it were looked for
  bool joined_own = false;          // a twin in its own search comes first
  int64_t task_id = 0;              // of its train task, while that is not finished
  int last_epoch = 0;               // the last epoch of which the strategy was told
  double seconds = 0;               // for which its train task held slots
  double progress = 0;              // of its running task
  int64_t revision = 0;             // of the search when it last changed

  // Returns what is known of its costs, by metric.
  Metrics Costs() const;
};

// A task that is not finished.
struct LiveTask {
  int64_t id = 0;
  ActiveSearch* search = nullptr;
  std::shared_ptr<LiveTrial> trial;
  v1::TaskKind kind = v1::TASK_KIND_TRAIN;
  std::vector<std::string> metrics;  // that its worker must have declared
  int attempt = 0;                   // number of the last attempt
  int charged = 0;                   // attempts that count against the most that are allowed
  bool leased = false;
  int64_t worker_id = 0;
  int slot = 0;
  absl::Time leased_at;
  absl::Time deadline;
  std::string lease_request_id;
  std::string evaluator;        // of the running attempt
  Checkpoint checkpoint;        // from which the next attempt continues
  int64_t seed_offset = 0;      // of a final test
  int64_t least_memory = 0;     // one byte more than what was not enough
  std::set<int64_t> failed_on;  // workers on which it crashed or expired
  v1::StopReason stop = v1::STOP_REASON_UNSPECIFIED;
  int unavailable = 0;  // attempts in a row that lacked something which is no fault of the trial
  absl::Time not_before = absl::InfinitePast();  // for that reason: when it may be leased again
  bool busy = false;                             // a transition of it is in the batch being built
  // Who is answered by the renewal that is in the batch; gone with the batch.
  std::weak_ptr<RenewalReplies> renewing;
};

// Returns an event of the log as strategies observe it; costs are the trial's.
strategy::Event ToStrategyEvent(storage::EventRecord event, const LiveTrial& trial);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_LIVE_TRIAL_H_
