// Ends the waits and calls of one activity from another thread.

#ifndef NASCENT_WORKER_AGENT_CANCELLATION_H_
#define NASCENT_WORKER_AGENT_CANCELLATION_H_

#include <grpcpp/client_context.h>

#include <set>

#include "absl/time/time.h"
#include "common/sync.h"

namespace nascent::worker {

// Thread-safe. Once cancelled it stays so.
class Cancellation {
 public:
  // Ends all waits and all calls that are attached, now and later.
  void Cancel();
  bool cancelled() const;
  // Waits; true: cancelled.
  bool WaitFor(absl::Duration timeout);

  // Attaches a call while it lives.
  class Attach {
   public:
    Attach(Cancellation& cancellation, grpc::ClientContext& context);
    ~Attach();
    Attach(const Attach&) = delete;
    Attach& operator=(const Attach&) = delete;

   private:
    Cancellation& cancellation_;
    grpc::ClientContext& context_;
  };

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<grpc::ClientContext*> contexts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_AGENT_CANCELLATION_H_
