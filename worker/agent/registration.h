// What this worker is to the coordinator.

#ifndef NASCENT_WORKER_AGENT_REGISTRATION_H_
#define NASCENT_WORKER_AGENT_REGISTRATION_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/sync.h"
#include "nascent/v1/worker_service.pb.h"
#include "worker/agent/cancellation.h"
#include "worker/agent/coordinator.h"

namespace nascent::worker {

// Thread-safe.
class Registration {
 public:
  struct Terms {
    int64_t worker_id = 0;
    absl::Duration lease;
    absl::Duration renew_interval;
  };

  // `request` without a request id.
  Registration(Coordinator& coordinator, v1::RegisterRequest request)
      : coordinator_(coordinator), request_(std::move(request)) {}

  // Waits for a coordinator. FAILED_PRECONDITION: it speaks another protocol version.
  absl::Status Register(Cancellation& cancellation);

  // After NOT_FOUND for `worker_id`: registers again, once for all threads that were told so.
  absl::Status RegisterAgain(int64_t worker_id, Cancellation& cancellation);

  Terms terms() const;

 private:
  absl::Status RegisterLocked(Cancellation& cancellation)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(registering_);

  Coordinator& coordinator_;
  const v1::RegisterRequest request_;
  Mutex registering_;  // held during the call; before mutex_
  mutable Mutex mutex_;
  Terms terms_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_AGENT_REGISTRATION_H_
