// SearchService: searches of users and programs.

#ifndef NASCENT_SERVER_RPC_SEARCH_SERVICE_H_
#define NASCENT_SERVER_RPC_SEARCH_SERVICE_H_

#include <functional>

#include "absl/status/statusor.h"
#include "nascent/v1/search_service.grpc.pb.h"
#include "server/rpc/backend.h"
#include "server/rpc/reactors.h"
#include "server/rpc/search_list.h"

namespace nascent::rpc {

class SearchService : public v1::SearchService::CallbackService {
 public:
  explicit SearchService(const Backend& backend) : backend_(backend), list_(backend) {}

  grpc::ServerUnaryReactor* SubmitSearch(grpc::CallbackServerContext* context,
                                         const v1::SubmitSearchRequest* request,
                                         v1::SubmitSearchResponse* response) override;
  grpc::ServerUnaryReactor* GetSearch(grpc::CallbackServerContext* context,
                                      const v1::GetSearchRequest* request,
                                      v1::Search* response) override;
  grpc::ServerUnaryReactor* ListSearches(grpc::CallbackServerContext* context,
                                         const v1::ListSearchesRequest* request,
                                         v1::ListSearchesResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchSearchResponse>* WatchSearch(
      grpc::CallbackServerContext* context, const v1::WatchSearchRequest* request) override;
  grpc::ServerUnaryReactor* ListTrials(grpc::CallbackServerContext* context,
                                       const v1::ListTrialsRequest* request,
                                       v1::ListTrialsResponse* response) override;
  grpc::ServerUnaryReactor* ListMeasurements(grpc::CallbackServerContext* context,
                                             const v1::ListMeasurementsRequest* request,
                                             v1::ListMeasurementsResponse* response) override;
  grpc::ServerUnaryReactor* PauseSearch(grpc::CallbackServerContext* context,
                                        const v1::ChangeSearchRequest* request,
                                        v1::Search* response) override;
  grpc::ServerUnaryReactor* ResumeSearch(grpc::CallbackServerContext* context,
                                         const v1::ChangeSearchRequest* request,
                                         v1::Search* response) override;
  grpc::ServerUnaryReactor* CancelSearch(grpc::CallbackServerContext* context,
                                         const v1::ChangeSearchRequest* request,
                                         v1::Search* response) override;
  grpc::ServerUnaryReactor* DeleteSearch(grpc::CallbackServerContext* context,
                                         const v1::ChangeSearchRequest* request,
                                         v1::DeleteSearchResponse* response) override;
  grpc::ServerUnaryReactor* EnqueueGenotypes(grpc::CallbackServerContext* context,
                                             const v1::EnqueueGenotypesRequest* request,
                                             v1::EnqueueGenotypesResponse* response) override;
  grpc::ServerUnaryReactor* ListWorkers(grpc::CallbackServerContext* context,
                                        const v1::ListWorkersRequest* request,
                                        v1::ListWorkersResponse* response) override;

 private:
  // Answers with what `work` gives on the work executor. The request lives until the answer.
  template <typename Response>
  grpc::ServerUnaryReactor* Run(const grpc::CallbackServerContext& context, Response* response,
                                std::function<absl::StatusOr<Response>()> work);
  // As Run, where `work` answers by itself later.
  template <typename Response>
  grpc::ServerUnaryReactor* Start(const grpc::CallbackServerContext& context, Response* response,
                                  std::function<void(UnaryReactor<Response>*)> work);
  grpc::ServerUnaryReactor* Change(const grpc::CallbackServerContext& context,
                                   engine::ChangeSearch::How how,
                                   const v1::ChangeSearchRequest& request, v1::Search* response);

  const Backend backend_;
  SearchList list_;
};

}  // namespace nascent::rpc

#endif  // NASCENT_SERVER_RPC_SEARCH_SERVICE_H_
