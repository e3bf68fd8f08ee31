#include "server/rpc/worker_service.h"

#include <utility>

#include "server/engine/view/task_message.h"
#include "server/rpc/reactors.h"

namespace nascent::rpc {

template <typename Request, typename Response>
grpc::ServerUnaryReactor* WorkerService::Post(const grpc::CallbackServerContext& context,
                                              const Request& request, Response* response) {
  auto* reactor = new UnaryReactor<Response>(context, response);
  const engine::Caller caller = reactor->caller();
  backend_.coordinator->Post(engine::Call<Request, Response>{request, Replier(reactor)}, caller);
  return reactor;
}

grpc::ServerUnaryReactor* WorkerService::Register(grpc::CallbackServerContext* context,
                                                  const v1::RegisterRequest* request,
                                                  v1::RegisterResponse* response) {
  return Post(*context, *request, response);
}

grpc::ServerUnaryReactor* WorkerService::Lease(grpc::CallbackServerContext* context,
                                               const v1::LeaseRequest* request,
                                               v1::LeaseResponse* response) {
  auto* reactor = new UnaryReactor<v1::LeaseResponse>(*context, response);
  const engine::Caller caller = reactor->caller();
  const auto reply = [reactor, client = caller.client,
                      work = backend_.work](absl::StatusOr<engine::LeaseGrant> grant) {
    if (!grant.ok()) return reactor->Answer(grant.status());
    if (grant->work == nullptr) return reactor->Answer(v1::LeaseResponse());
    // Building the network takes longer than the engine's thread has. When the queue is full the
    // worker asks again with the same request id and gets the same lease.
    const bool accepted = work->RunFor(client, [reactor, leased = *std::move(grant)] {
      reactor->Answer(engine::MakeLeaseResponse(leased));
    });
    if (!accepted) reactor->Answer(Busy());
  };
  backend_.coordinator->Post(
      engine::Call<engine::LeaseTask, engine::LeaseGrant>{{*request, reactor->cancelled()}, reply},
      caller);
  return reactor;
}

grpc::ServerUnaryReactor* WorkerService::Renew(grpc::CallbackServerContext* context,
                                               const v1::RenewRequest* request,
                                               v1::RenewResponse* response) {
  return Post(*context, *request, response);
}

grpc::ServerUnaryReactor* WorkerService::Complete(grpc::CallbackServerContext* context,
                                                  const v1::CompleteRequest* request,
                                                  v1::CompleteResponse* response) {
  return Post(*context, *request, response);
}

grpc::ServerUnaryReactor* WorkerService::Fail(grpc::CallbackServerContext* context,
                                              const v1::FailRequest* request,
                                              v1::FailResponse* response) {
  return Post(*context, *request, response);
}

grpc::ServerUnaryReactor* WorkerService::Release(grpc::CallbackServerContext* context,
                                                 const v1::ReleaseRequest* request,
                                                 v1::ReleaseResponse* response) {
  return Post(*context, *request, response);
}

}  // namespace nascent::rpc
