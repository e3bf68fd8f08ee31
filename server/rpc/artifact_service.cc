#include "server/rpc/artifact_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/data/dataset.h"
#include "common/status_macros.h"
#include "server/engine/view/timestamps.h"
#include "server/rpc/artifact_streams.h"
#include "server/rpc/reactors.h"

namespace nascent::rpc {
namespace {

absl::StatusOr<v1::StatResponse> StatArtifact(artifact::ArtifactStore& artifacts,
                                              const std::string& sha256) {
  NASCENT_ASSIGN_OR_RETURN(auto presence, artifacts.Stat(sha256));
  v1::StatResponse response;
  response.set_received(presence.received);
  response.set_complete(presence.complete);
  return response;
}

absl::StatusOr<v1::ListDatasetsResponse> ReadDatasets(storage::TrialStore& store) {
  NASCENT_ASSIGN_OR_RETURN(auto datasets, store.ListDatasets());
  v1::ListDatasetsResponse response;
  response.mutable_datasets()->Add(datasets.begin(), datasets.end());
  return response;
}

}  // namespace

grpc::ServerUnaryReactor* ArtifactService::Stat(grpc::CallbackServerContext* context,
                                                const v1::StatRequest* request,
                                                v1::StatResponse* response) {
  auto* reactor = new UnaryReactor<v1::StatResponse>(*context, response);
  RunInTurn(*backend_.files, reactor, [this, reactor, request] {
    reactor->Answer(StatArtifact(*backend_.artifacts, request->sha256()));
  });
  return reactor;
}

grpc::ServerReadReactor<v1::PutRequest>* ArtifactService::Put(grpc::CallbackServerContext* context,
                                                              v1::PutResponse* response) {
  return StartPut(backend_, ClientOf(*context), response);
}

grpc::ServerWriteReactor<v1::GetResponse>* ArtifactService::Get(
    grpc::CallbackServerContext* context, const v1::GetRequest* request) {
  return StartGet(backend_, ClientOf(*context), *request);
}

grpc::ServerUnaryReactor* ArtifactService::SetWeights(grpc::CallbackServerContext* context,
                                                      const v1::SetWeightsRequest* request,
                                                      v1::SetWeightsResponse* response) {
  auto* reactor = new UnaryReactor<v1::SetWeightsResponse>(*context, response);
  RunInTurn(*backend_.files, reactor, [this, reactor, request] {
    auto presence = backend_.artifacts->Stat(request->sha256());
    if (!presence.ok()) return reactor->Answer(presence.status());
    if (!presence->complete) {
      return reactor->Answer(absl::FailedPreconditionError(
          absl::StrCat("sha256: no artifact ", request->sha256(), " is stored yet; put it first")));
    }
    backend_.coordinator->Post(
        engine::Call<v1::SetWeightsRequest, v1::SetWeightsResponse>{*request, Replier(reactor)},
        reactor->caller());
  });
  return reactor;
}

grpc::ServerUnaryReactor* ArtifactService::RegisterDataset(
    grpc::CallbackServerContext* context, const v1::RegisterDatasetRequest* request,
    v1::RegisterDatasetResponse* response) {
  auto* reactor = new UnaryReactor<v1::RegisterDatasetResponse>(*context, response);
  RunInTurn(*backend_.files, reactor, [this, reactor, request] {
    v1::RegisterDatasetResponse answer;
    v1::Dataset& dataset = *answer.mutable_dataset();
    dataset = request->dataset();
    absl::Status status = data::CheckDatasetFiles(
        dataset, [this](const std::string& sha256) { return backend_.artifacts->PathOf(sha256); });
    if (!status.ok()) return reactor->Answer(status);
    dataset.set_fingerprint(data::Fingerprint(dataset));
    auto known = backend_.store->FindDataset(dataset.name());
    if (!known.ok()) return reactor->Answer(known.status());
    if (known->has_value()) {
      if ((*known)->fingerprint() != dataset.fingerprint()) {
        return reactor->Answer(absl::AlreadyExistsError(
            absl::StrCat("dataset.name: another data set is called \"", dataset.name(), "\"")));
      }
      dataset = **known;
      return reactor->Answer(std::move(answer));
    }
    *dataset.mutable_created_at() = engine::ToTimestamp(absl::Now());
    engine::Call<storage::PutDataset, engine::Nothing> call;
    call.request = {request->request_id(), dataset};
    call.reply = [reactor, answer](absl::StatusOr<engine::Nothing> stored) {
      if (!stored.ok()) return reactor->Answer(stored.status());
      reactor->Answer(answer);
    };
    backend_.coordinator->Post(std::move(call), reactor->caller());
  });
  return reactor;
}

grpc::ServerUnaryReactor* ArtifactService::RemoveDataset(grpc::CallbackServerContext* context,
                                                         const v1::RemoveDatasetRequest* request,
                                                         v1::RemoveDatasetResponse* response) {
  auto* reactor = new UnaryReactor<v1::RemoveDatasetResponse>(*context, response);
  engine::Call<storage::RemoveDataset, engine::Nothing> call;
  call.request = {request->request_id(), request->name()};
  call.reply = [reactor](absl::StatusOr<engine::Nothing> removed) {
    if (!removed.ok()) return reactor->Answer(removed.status());
    reactor->Answer(v1::RemoveDatasetResponse());
  };
  backend_.coordinator->Post(std::move(call), reactor->caller());
  return reactor;
}

grpc::ServerUnaryReactor* ArtifactService::ListDatasets(grpc::CallbackServerContext* context,
                                                        const v1::ListDatasetsRequest* /*request*/,
                                                        v1::ListDatasetsResponse* response) {
  auto* reactor = new UnaryReactor<v1::ListDatasetsResponse>(*context, response);
  RunInTurn(*backend_.work, reactor,
            [this, reactor] { reactor->Answer(ReadDatasets(*backend_.store)); });
  return reactor;
}

}  // namespace nascent::rpc
