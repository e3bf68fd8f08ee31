// Waiting between two attempts of a call.

#ifndef NASCENT_COMMON_RPC_RECONNECT_H_
#define NASCENT_COMMON_RPC_RECONNECT_H_

#include <functional>

#include "absl/time/time.h"
#include "grpcpp/channel.h"

namespace nascent::rpc {

// Waits for `longest`, but not longer than until a lost connection is back or `given_up` (asked
// every 50 ms) says so. Sleeping instead would keep the connection lost: gRPC 1.51 reads its
// sockets only while somebody waits for one, so that an attempt to connect would not be seen to
// succeed and would run into its time-out of 20 s. `channel` may be null, where there is no
// connection to look at.
void AwaitRetry(
    grpc::Channel* channel, absl::Duration longest,
    const std::function<bool()>& given_up = [] { return false; });

}  // namespace nascent::rpc

#endif  // NASCENT_COMMON_RPC_RECONNECT_H_
