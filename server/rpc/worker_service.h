// WorkerService: hands what workers say to the coordinator, and its answers back.

#ifndef NASCENT_SERVER_RPC_WORKER_SERVICE_H_
#define NASCENT_SERVER_RPC_WORKER_SERVICE_H_

#include "nascent/v1/worker_service.grpc.pb.h"
#include "server/rpc/backend.h"

namespace nascent::rpc {

class WorkerService : public v1::WorkerService::CallbackService {
 public:
  explicit WorkerService(const Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* Register(grpc::CallbackServerContext* context,
                                     const v1::RegisterRequest* request,
                                     v1::RegisterResponse* response) override;
  grpc::ServerUnaryReactor* Lease(grpc::CallbackServerContext* context,
                                  const v1::LeaseRequest* request,
                                  v1::LeaseResponse* response) override;
  grpc::ServerUnaryReactor* Renew(grpc::CallbackServerContext* context,
                                  const v1::RenewRequest* request,
                                  v1::RenewResponse* response) override;
  grpc::ServerUnaryReactor* Complete(grpc::CallbackServerContext* context,
                                     const v1::CompleteRequest* request,
                                     v1::CompleteResponse* response) override;
  grpc::ServerUnaryReactor* Fail(grpc::CallbackServerContext* context,
                                 const v1::FailRequest* request,
                                 v1::FailResponse* response) override;
  grpc::ServerUnaryReactor* Release(grpc::CallbackServerContext* context,
                                    const v1::ReleaseRequest* request,
                                    v1::ReleaseResponse* response) override;

 private:
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* Post(const grpc::CallbackServerContext& context, const Request& request,
                                 Response* response);

  const Backend backend_;
};

}  // namespace nascent::rpc

#endif  // NASCENT_SERVER_RPC_WORKER_SERVICE_H_
