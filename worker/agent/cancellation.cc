#include "worker/agent/cancellation.h"

#include "worker/evaluate/task_control.h"

namespace nascent::worker {

void Cancellation::Cancel() {
  MutexLock lock(mutex_);
  cancelled_ = true;
  for (grpc::ClientContext* context : contexts_) context->TryCancel();
  changed_.NotifyAll();
}

bool Cancellation::cancelled() const {
  MutexLock lock(mutex_);
  return cancelled_;
}

bool Cancellation::WaitFor(absl::Duration timeout) {
  const absl::Time until = MonotonicNow() + timeout;
  MutexLock lock(mutex_);
  while (!cancelled_) {
    const absl::Duration left = until - MonotonicNow();
    if (left <= absl::ZeroDuration()) break;
    changed_.WaitFor(mutex_, left);
  }
  return cancelled_;
}

Cancellation::Attach::Attach(Cancellation& cancellation, grpc::ClientContext& context)
    : cancellation_(cancellation), context_(context) {
  MutexLock lock(cancellation_.mutex_);
  cancellation_.contexts_.insert(&context_);
  if (cancellation_.cancelled_) context_.TryCancel();
}

Cancellation::Attach::~Attach() {
  MutexLock lock(cancellation_.mutex_);
  cancellation_.contexts_.erase(&context_);
}

}  // namespace nascent::worker
