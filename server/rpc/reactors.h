// Short forms for gRPC's callback interface: the handler returns at once, the answer comes from
// another thread.

#ifndef NASCENT_SERVER_RPC_REACTORS_H_
#define NASCENT_SERVER_RPC_REACTORS_H_

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/status.h"

namespace nascent::rpc {

// Answers one unary call, once, from any thread.
template <typename Response>
class UnaryReactor : public grpc::ServerUnaryReactor {
 public:
  explicit UnaryReactor(Response* response) : response_(response) {}

  void Answer(absl::StatusOr<Response> result) {
    if (result.ok()) *response_ = *std::move(result);
    // Nothing of this object is touched afterwards: gRPC may delete it.
    Finish(ToGrpc(result.status()));
  }

  // True once the caller has gone away.
  std::shared_ptr<std::atomic<bool>> cancelled() const { return cancelled_; }

 private:
  void OnCancel() override { cancelled_->store(true); }
  void OnDone() override { delete this; }

  Response* const response_;
  const std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
};

// The function that answers `reactor`, as commands take it.
template <typename Response>
std::function<void(absl::StatusOr<Response>)> Replier(UnaryReactor<Response>* reactor) {
  return [reactor](absl::StatusOr<Response> result) { reactor->Answer(std::move(result)); };
}

inline absl::Status Busy() {
  return absl::ResourceExhaustedError("too many requests wait; try again in 1 s");
}

}  // namespace nascent::rpc

#endif  // NASCENT_SERVER_RPC_REACTORS_H_
