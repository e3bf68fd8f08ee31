// Short forms for gRPC's callback interface: the handler returns at once, the answer comes from
// another thread.

#ifndef NASCENT_SERVER_RPC_REACTORS_H_
#define NASCENT_SERVER_RPC_REACTORS_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/status.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "server/engine/command_queue.h"
#include "server/engine/executor.h"

namespace nascent::rpc {

// One connection is one client: a number for it, not 0.
inline uint64_t ClientOf(const grpc::CallbackServerContext& context) {
  return std::max<uint64_t>(absl::Hash<std::string>()(context.peer()), 1);
}

// Answers one unary call, once, from any thread.
template <typename Response>
class UnaryReactor : public grpc::ServerUnaryReactor {
 public:
  UnaryReactor(const grpc::CallbackServerContext& context, Response* response)
      : response_(response), client_(ClientOf(context)) {}

  void Answer(absl::StatusOr<Response> result) {
    if (result.ok()) *response_ = *std::move(result);
    // Nothing of this object is touched afterwards: gRPC may delete it.
    Finish(ToGrpc(result.status()));
  }

  // True once the caller has gone away, or has no time left.
  std::shared_ptr<std::atomic<bool>> cancelled() const { return cancelled_; }
  engine::Caller caller() const { return {client_, cancelled_}; }

 private:
  void OnCancel() override { cancelled_->store(true); }
  void OnDone() override { delete this; }

  Response* const response_;
  const uint64_t client_;
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

// Runs `work`, which answers, in the caller's turn on `executor`; not where the caller has gone
// away by then.
template <typename Response>
void RunInTurn(engine::Executor& executor, UnaryReactor<Response>* reactor,
               std::function<void()> work) {
  const engine::Caller caller = reactor->caller();
  const bool accepted = executor.RunFor(caller.client, [reactor, caller, work = std::move(work)] {
    if (caller.gone->load()) {
      return reactor->Answer(absl::CancelledError("the caller has gone away"));
    }
    work();
  });
  if (!accepted) reactor->Answer(Busy());
}

}  // namespace nascent::rpc

#endif  // NASCENT_SERVER_RPC_REACTORS_H_
