// The one place where a Status becomes what gRPC sends.

#ifndef NASCENT_SERVER_RPC_STATUS_H_
#define NASCENT_SERVER_RPC_STATUS_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace nascent::rpc {

// Codes are the same numbers on both sides. UNKNOWN (the outcome of a commit) reaches a client as
// UNAVAILABLE: a retry with the same request id gives the answer.
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace nascent::rpc

#endif  // NASCENT_SERVER_RPC_STATUS_H_
