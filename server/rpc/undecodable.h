// What a caller hears whose message is no message.

#ifndef NASCENT_SERVER_RPC_UNDECODABLE_H_
#define NASCENT_SERVER_RPC_UNDECODABLE_H_

#include "grpcpp/support/server_interceptor.h"

namespace nascent::rpc {

// gRPC 1.51 answers a request that cannot be read as its message with UNIMPLEMENTED and no word.
// This makes INVALID_ARGUMENT of it, which is not worth a retry.
class UndecodableFactory : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override;
};

}  // namespace nascent::rpc

#endif  // NASCENT_SERVER_RPC_UNDECODABLE_H_
