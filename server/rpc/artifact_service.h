// ArtifactService: bytes in and out, and data sets made of them.

#ifndef NASCENT_SERVER_RPC_ARTIFACT_SERVICE_H_
#define NASCENT_SERVER_RPC_ARTIFACT_SERVICE_H_

#include "nascent/v1/artifact_service.grpc.pb.h"
#include "server/rpc/backend.h"

namespace nascent::rpc {

class ArtifactService : public v1::ArtifactService::CallbackService {
 public:
  explicit ArtifactService(const Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* Stat(grpc::CallbackServerContext* context,
                                 const v1::StatRequest* request,
                                 v1::StatResponse* response) override;
  grpc::ServerReadReactor<v1::PutRequest>* Put(grpc::CallbackServerContext* context,
                                               v1::PutResponse* response) override;
  grpc::ServerWriteReactor<v1::GetResponse>* Get(grpc::CallbackServerContext* context,
                                                 const v1::GetRequest* request) override;
  grpc::ServerUnaryReactor* SetWeights(grpc::CallbackServerContext* context,
                                       const v1::SetWeightsRequest* request,
                                       v1::SetWeightsResponse* response) override;
  grpc::ServerUnaryReactor* RegisterDataset(grpc::CallbackServerContext* context,
                                            const v1::RegisterDatasetRequest* request,
                                            v1::RegisterDatasetResponse* response) override;
  grpc::ServerUnaryReactor* ListDatasets(grpc::CallbackServerContext* context,
                                         const v1::ListDatasetsRequest* request,
                                         v1::ListDatasetsResponse* response) override;
  grpc::ServerUnaryReactor* RemoveDataset(grpc::CallbackServerContext* context,
                                          const v1::RemoveDatasetRequest* request,
                                          v1::RemoveDatasetResponse* response) override;

 private:
  const Backend backend_;
};

}  // namespace nascent::rpc

#endif  // NASCENT_SERVER_RPC_ARTIFACT_SERVICE_H_
