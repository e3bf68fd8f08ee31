// Keeps the lease of one task while the task makes progress.

#ifndef NASCENT_WORKER_AGENT_LEASE_KEEPER_H_
#define NASCENT_WORKER_AGENT_LEASE_KEEPER_H_

#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "common/sync.h"
#include "nascent/v1/worker_service.pb.h"
#include "worker/agent/cancellation.h"
#include "worker/agent/coordinator.h"
#include "worker/agent/registration.h"
#include "worker/evaluate/task_control.h"

namespace nascent::worker {

// Renews with what was measured every renew interval, by a thread of its own. Stops the task
//   as the coordinator says in its reply ·
//   as CANCELLED, when the lease is lost (FENCED) or the trial is gone ·
//   as PREEMPTED, when no renewal succeeded for two thirds of the lease by this machine's monotonic
//   clock: another worker may have the task soon.
// A task without progress for the stall limit is not renewed, so it is lost even if this worker is
// too broken to end it. Thread-safe.
class LeaseKeeper {
 public:
  // The lease was granted just now; `old`: maybe long ago, so it is renewed before anything else.
  LeaseKeeper(Coordinator& coordinator, Registration& registration, const v1::AttemptRef& attempt,
              bool old, absl::Duration stall_limit, TaskControl& control);
  // Finish must have been called.
  ~LeaseKeeper() = default;

  void Report(double done, const std::vector<v1::Measurement>& measurements);
  // Notes progress beside the task's own: bytes of a file came or went.
  void Touch();

  struct End {
    // Not acknowledged: they go with the last report.
    std::vector<v1::Measurement> measurements;
    // Share of the task that is done.
    double done = 0;
    // Nothing that this attempt writes will be taken.
    bool lost = false;
    // Why the task was stopped by this worker; empty: it was not.
    std::string reason;
  };
  // Ends the renewals. Called once.
  End Finish();

  // How long the task will still take, judged by its progress so far; infinite before the first.
  absl::Duration Remaining() const;

 private:
  void Keep();
  absl::Status RenewOnce(int64_t worker_id, absl::Duration timeout);
  void Acknowledge(size_t count);
  bool Progresses() const;
  void Lose(std::string reason);
  void StandDown(std::string reason);

  Coordinator& coordinator_;
  Registration& registration_;
  const v1::AttemptRef attempt_;
  const absl::Duration stall_limit_;
  const absl::Time started_;
  const bool old_;
  TaskControl& control_;
  Cancellation finished_;

  mutable Mutex mutex_;
  absl::Time kept_ ABSL_GUARDED_BY(mutex_);  // when the last successful renewal was sent
  absl::Time last_progress_ ABSL_GUARDED_BY(mutex_);
  double done_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<v1::Measurement> pending_ ABSL_GUARDED_BY(mutex_);
  bool lost_ ABSL_GUARDED_BY(mutex_) = false;
  std::string reason_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_AGENT_LEASE_KEEPER_H_
