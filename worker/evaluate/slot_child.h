// The child of one slot, as its supervisor sees it: runs tasks one after the other, and whatever
// happens to the child is the result of a task.

#ifndef NASCENT_WORKER_EVALUATE_SLOT_CHILD_H_
#define NASCENT_WORKER_EVALUATE_SLOT_CHILD_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "worker/evaluate/child.pb.h"
#include "worker/evaluate/child_process.h"
#include "worker/evaluate/evaluator.h"
#include "worker/evaluate/frame.h"
#include "worker/evaluate/memory_events.h"
#include "worker/evaluate/task_control.h"

namespace nascent::worker {

struct SlotChildOptions {
  ChildProcessOptions process;
  // A task that reports no progress for so long is taken for hung.
  absl::Duration stall_limit = absl::Seconds(120);
  // A new process after so many tasks.
  int recycle_after = 200;
  // A new process when it holds so much more memory than after its first task.
  int64_t recycle_growth_bytes = int64_t{1} << 30;
  // Evidence for a kill by the kernel; replaced in tests.
  std::function<int64_t()> out_of_memory_kills = OutOfMemoryKills;
};

// Told of what a running task reports, by the thread in Run.
using OnProgress =
    std::function<void(double done, const std::vector<v1::Measurement>& measurements)>;

// Used by one thread, which must live as long as the object.
class SlotChild {
 public:
  explicit SlotChild(SlotChildOptions options) : options_(std::move(options)) {}

  // Starts the process before the first task, so that no task waits for it. Errors as
  // ChildProcess::Start.
  absl::Status Warm();

  // Of the process that waits for the next task; 0: none.
  pid_t pid() const { return process_ == nullptr ? 0 : process_->pid(); }

  // Carries out a task; always gives a result:
  //   what the evaluator said · DIVERGED where a measurement is not finite · CRASHED with the
  //   signal and the end of what the child printed · OUT_OF_MEMORY where the kernel or an
  //   allocation said so · STALLED after the stall limit · UNAVAILABLE where no child could be
  //   started · `stopped` when `control` asked for it (also when the child had to be killed for
  //   it).
  Result Run(const Assignment& assignment, TaskControl& control, const OnProgress& on_progress);

 private:
  struct Running;  // one task's state, see the .cc

  absl::Status Ensure();
  absl::Status Assign(const Assignment& assignment);
  Result Await(Running& running);
  void Pass(Running& running, const child::Progress& progress);
  Result Finish(Running& running, child::Done done);
  Result Explain(const ChildExit& end) const;
  void RecycleWhenDue(int64_t resident_bytes);

  const SlotChildOptions options_;
  std::unique_ptr<ChildProcess> process_;
  std::unique_ptr<FrameReader> frames_;
  int64_t serial_ = 0;
  int tasks_ = 0;                     // of this process
  int64_t first_resident_bytes_ = 0;  // after its first task
  int64_t kills_before_ = 0;
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_EVALUATE_SLOT_CHILD_H_
