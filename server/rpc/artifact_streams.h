// The streams behind ArtifactService.Put and Get. Disk I/O is done on the files executor, one chunk
// at a time, so that a slow reader or writer holds no thread.

#ifndef NASCENT_SERVER_RPC_ARTIFACT_STREAMS_H_
#define NASCENT_SERVER_RPC_ARTIFACT_STREAMS_H_

#include "grpcpp/support/server_callback.h"
#include "nascent/v1/artifact_service.pb.h"
#include "server/rpc/backend.h"

namespace nascent::rpc {

// Both delete themselves.
grpc::ServerReadReactor<v1::PutRequest>* StartPut(const Backend& backend, uint64_t client,
                                                  v1::PutResponse* response);
grpc::ServerWriteReactor<v1::GetResponse>* StartGet(const Backend& backend, uint64_t client,
                                                    const v1::GetRequest& request);

}  // namespace nascent::rpc

#endif  // NASCENT_SERVER_RPC_ARTIFACT_STREAMS_H_
