// The stream behind SearchService.WatchSearch.

#ifndef NASCENT_SERVER_RPC_WATCH_H_
#define NASCENT_SERVER_RPC_WATCH_H_

#include "grpcpp/support/server_callback.h"
#include "nascent/v1/search_service.pb.h"
#include "server/rpc/backend.h"

namespace nascent::rpc {

// A stream that looks at the search four times a second and writes what changed. It deletes itself.
grpc::ServerWriteReactor<v1::WatchSearchResponse>* StartWatch(
    const Backend& backend, uint64_t client, const v1::WatchSearchRequest& request);

}  // namespace nascent::rpc

#endif  // NASCENT_SERVER_RPC_WATCH_H_
