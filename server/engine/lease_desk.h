// Workers that wait for a task, and which task fits which of them.

#ifndef NASCENT_SERVER_ENGINE_LEASE_DESK_H_
#define NASCENT_SERVER_ENGINE_LEASE_DESK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "server/engine/commands.h"
#include "server/engine/live_trial.h"
#include "server/engine/ready_tasks.h"
#include "server/engine/worker_table.h"

namespace nascent::engine {

// Requests are served in the order of their arrival, each with the first ready task that its slot
// may run: searches in the order of ReadyTasks, of each search at most the first 64 tasks, those
// that wait for a twin not counted. Whoever gets nothing waits until its time is over. The desk
// decides; leases are granted by its user.
class LeaseDesk {
 public:
  struct Waiting {
    Call<LeaseTask, LeaseGrant> call;
    absl::Duration expires;  // of the clock's Elapsed
  };
  struct Match {
    Waiting waiting;
    LiveTask* task = nullptr;  // null: the caller has gone away
  };
  // What a task that fits a worker is to that worker: it gets the task; it does not, for now; or
  // the task is done already, so that nobody gets it.
  enum class Verdict { kTake, kSkip, kDone };
  using Judge = std::function<Verdict(LiveTask& task, const WorkerEntry& worker)>;

  // Both outlive the desk.
  LeaseDesk(ReadyTasks* ready, WorkerTable* workers) : ready_(ready), workers_(workers) {}

  // Lets a request of a registered worker wait. Returns the older request of the same slot: nobody
  // reads the answer to it any more.
  std::optional<Waiting> Add(Call<LeaseTask, LeaseGrant> call, absl::Duration expires,
                             absl::Time now);
  // Takes out the requests for which there is a task, and marks the task as busy and no longer
  // ready; as long as there is one, also those whose callers have gone. `judge` is asked of each
  // task that fits; a task of which it says kTake is taken, one that is done is to be marked as
  // busy by it.
  std::vector<Match> TakeMatches(absl::Time now, const Judge& judge);
  // Takes out the requests whose time is over.
  std::vector<Waiting> TakeExpired(absl::Duration elapsed, absl::Time now);
  // Takes out all.
  std::vector<Waiting> TakeAll();

  // Returns when the next request's time is over.
  std::optional<absl::Duration> NextExpiry() const;

 private:
  LiveTask* Pick(const WorkerEntry& worker, int slot, const Judge& judge) const;
  bool MayRun(const LiveTask& task, const WorkerEntry& worker, int slot) const;
  Waiting Take(int64_t arrival, absl::Time now);

  ReadyTasks* const ready_;
  WorkerTable* const workers_;
  int64_t arrivals_ = 0;
  std::map<int64_t, Waiting> waiting_;  // by arrival
  std::set<std::pair<absl::Duration, int64_t>> by_expiry_;
  std::map<std::pair<int64_t, int>, int64_t> by_slot_;  // (worker, slot) → arrival
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_LEASE_DESK_H_
