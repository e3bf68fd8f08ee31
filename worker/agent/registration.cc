#include "worker/agent/registration.h"

#include <spdlog/spdlog.h>

#include "common/rpc/request_id.h"
#include "common/spec/message_text.h"
#include "common/status_macros.h"

namespace nascent::worker {
namespace {

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

}  // namespace

absl::Status Registration::Register(Cancellation& cancellation) {
  MutexLock lock(registering_);
  return RegisterLocked(cancellation);
}

absl::Status Registration::RegisterAgain(int64_t worker_id, Cancellation& cancellation) {
  MutexLock lock(registering_);
  if (terms().worker_id != worker_id) return absl::OkStatus();  // another thread did it
  return RegisterLocked(cancellation);
}

absl::Status Registration::RegisterLocked(Cancellation& cancellation) {
  // The coordinator would not understand it, nor say of which field.
  NASCENT_RETURN_IF_ERROR(spec::CheckTexts(request_));
  v1::RegisterRequest request = request_;
  request.set_request_id(rpc::NewRequestId());
  v1::RegisterResponse response;
  const absl::Status status =
      coordinator_.Call(absl::Seconds(10), cancellation,
                        [&](Coordinator::Stubs& stubs, grpc::ClientContext& context) {
                          return stubs.worker->Register(&context, request, &response);
                        });
  if (!status.ok()) return status;
  Terms terms{response.worker_id(), FromProto(response.lease_duration()),
              FromProto(response.renew_interval())};
  if (terms.lease <= absl::ZeroDuration()) {
    return absl::InternalError("the coordinator gave no lease duration");
  }
  if (terms.renew_interval <= absl::ZeroDuration()) terms.renew_interval = terms.lease / 3;
  coordinator_.SetLongestBackoff(std::min(absl::Seconds(10), terms.renew_interval));
  spdlog::info("registered as worker {} ({}), leases last {}", terms.worker_id, request.name(),
               absl::FormatDuration(terms.lease));
  MutexLock lock(mutex_);
  terms_ = terms;
  return absl::OkStatus();
}

Registration::Terms Registration::terms() const {
  MutexLock lock(mutex_);
  return terms_;
}

}  // namespace nascent::worker
