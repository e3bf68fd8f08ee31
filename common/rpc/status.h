// The one place where a Status becomes what gRPC sends, and the other way round.

#ifndef NASCENT_COMMON_RPC_STATUS_H_
#define NASCENT_COMMON_RPC_STATUS_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace nascent::rpc {

// Turns a service's answer into what gRPC sends. The codes are the same numbers on both sides, but
// UNKNOWN (the outcome of a commit) reaches a client as UNAVAILABLE: a retry with the same request
// id gives the answer.
grpc::Status ToGrpc(const absl::Status& status);

// Turns what a call came to into a Status with the same code and message. An error without words
// gets some.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace nascent::rpc

#endif  // NASCENT_COMMON_RPC_STATUS_H_
