// How other threads end a task that a slot runs.

#ifndef NASCENT_WORKER_EVALUATE_TASK_CONTROL_H_
#define NASCENT_WORKER_EVALUATE_TASK_CONTROL_H_

#include <optional>

#include "absl/time/time.h"
#include "common/sync.h"
#include "nascent/v1/worker_service.pb.h"

namespace nascent::worker {

// One for each task. Thread-safe.
class TaskControl {
 public:
  struct Request {
    v1::StopReason reason = v1::STOP_REASON_UNSPECIFIED;
    // When the child is killed if it has not stopped by then.
    absl::Time kill_at = absl::InfiniteFuture();  // of MonotonicNow
  };

  TaskControl();
  ~TaskControl();
  TaskControl(const TaskControl&) = delete;
  TaskControl& operator=(const TaskControl&) = delete;

  // Asks the task to end; the child has `grace` to do it. CANCELLED replaces other reasons,
  // PREEMPTED replaces EARLY; of two times to kill the earlier one counts.
  void Stop(v1::StopReason reason, absl::Duration grace);

  // Lets the task go on, and kills the child after `time`.
  void KillIn(absl::Duration time);

  Request request() const;
  bool stopped() const { return request().reason != v1::STOP_REASON_UNSPECIFIED; }

  // Becomes readable with each Stop; the poller reads it empty.
  int event() const { return event_; }

 private:
  void Change(absl::Duration grace) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int event_;
  mutable Mutex mutex_;
  Request request_ ABSL_GUARDED_BY(mutex_);
};

// The monotonic clock as a time: for differences only.
absl::Time MonotonicNow();

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_EVALUATE_TASK_CONTROL_H_
