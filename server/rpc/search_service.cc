#include "server/rpc/search_service.h"

#include <memory>
#include <utility>

#include "common/field_error.h"
#include "common/status_macros.h"
#include "server/engine/propose/strategy_host.h"
#include "server/engine/view/ended_search.h"
#include "server/engine/view/views.h"
#include "server/rpc/search_reads.h"
#include "server/rpc/watch.h"

namespace nascent::rpc {
namespace {

// What a search is validated against.
absl::StatusOr<engine::Surroundings> ReadSurroundings(storage::TrialStore& store) {
  engine::Surroundings surroundings;
  NASCENT_ASSIGN_OR_RETURN(surroundings.datasets, store.ListDatasets());
  NASCENT_ASSIGN_OR_RETURN(auto workers, store.LoadWorkers());
  for (const storage::WorkerRecord& worker : workers) {
    const auto& metrics = worker.registration.metrics();
    surroundings.worker_metrics.insert(metrics.begin(), metrics.end());
  }
  return surroundings;
}

// What a submit would store.
absl::StatusOr<v1::SubmitSearchResponse> DryRun(
    const std::shared_ptr<const engine::ResolvedSearch>& resolved) {
  auto maker = std::make_shared<engine::CandidateMaker>(resolved, engine::CandidateOptions());
  auto host = engine::StrategyHost::Make(std::move(maker), nullptr);
  if (!host.ok()) return host.status();
  storage::SearchRecord record;
  record.spec = resolved->spec;
  record.space_size = resolved->space_size;
  record.warnings = resolved->warnings;
  record.decisions = engine::DecisionsOf(*resolved);
  v1::SubmitSearchResponse response;
  *response.mutable_search() = engine::ViewOf(record);
  response.mutable_search()->clear_created_at();
  return response;
}

}  // namespace

template <typename Response>
grpc::ServerUnaryReactor* SearchService::Start(const grpc::CallbackServerContext& context,
                                               Response* response,
                                               std::function<void(UnaryReactor<Response>*)> work) {
  auto* reactor = new UnaryReactor<Response>(context, response);
  RunInTurn(*backend_.work, reactor, [reactor, work = std::move(work)] { work(reactor); });
  return reactor;
}

template <typename Response>
grpc::ServerUnaryReactor* SearchService::Run(const grpc::CallbackServerContext& context,
                                             Response* response,
                                             std::function<absl::StatusOr<Response>()> work) {
  return Start<Response>(
      context, response,
      [work = std::move(work)](UnaryReactor<Response>* reactor) { reactor->Answer(work()); });
}

grpc::ServerUnaryReactor* SearchService::SubmitSearch(grpc::CallbackServerContext* context,
                                                      const v1::SubmitSearchRequest* request,
                                                      v1::SubmitSearchResponse* response) {
  using Reactor = UnaryReactor<v1::SubmitSearchResponse>;
  return Start<v1::SubmitSearchResponse>(*context, response, [this, request](Reactor* reactor) {
    auto surroundings = ReadSurroundings(*backend_.store);
    if (!surroundings.ok()) return reactor->Answer(surroundings.status());
    auto resolved = engine::ResolveSearch(request->spec(), *surroundings);
    if (!resolved.ok()) return reactor->Answer(resolved.status());
    auto search = std::make_shared<const engine::ResolvedSearch>(*std::move(resolved));
    if (request->validate_only()) return reactor->Answer(DryRun(search));
    engine::Call<engine::SubmitSearch, v1::Search> call;
    call.request = {request->request_id(), std::move(search), nullptr};
    call.reply = [reactor](absl::StatusOr<v1::Search> submitted) {
      if (!submitted.ok()) return reactor->Answer(submitted.status());
      v1::SubmitSearchResponse answer;
      *answer.mutable_search() = *std::move(submitted);
      reactor->Answer(std::move(answer));
    };
    backend_.coordinator->Post(std::move(call), reactor->caller());
  });
}

grpc::ServerUnaryReactor* SearchService::GetSearch(grpc::CallbackServerContext* context,
                                                   const v1::GetSearchRequest* request,
                                                   v1::Search* response) {
  return Start<v1::Search>(*context, response, [this, request](UnaryReactor<v1::Search>* reactor) {
    auto record = FindSearch(*backend_.store, request->search());
    if (!record.ok()) return reactor->Answer(record.status());
    if (!backend_.coordinator->active()) {
      return reactor->Answer(engine::ReadSearch(*backend_.store, *record, /*leaders=*/true));
    }
    engine::Call<engine::ViewSearch, engine::SearchView> call;
    call.request.search_id = record->id;
    call.reply = [this, reactor, stored = *record](absl::StatusOr<engine::SearchView> view) {
      if (view.ok()) return reactor->Answer(std::move(view->search));
      // It has ended, or this coordinator has just lost its term.
      RunInTurn(*backend_.work, reactor, [this, reactor, stored] {
        reactor->Answer(engine::ReadSearch(*backend_.store, stored, /*leaders=*/true));
      });
    };
    backend_.coordinator->Post(std::move(call), reactor->caller());
  });
}

grpc::ServerUnaryReactor* SearchService::ListSearches(grpc::CallbackServerContext* context,
                                                      const v1::ListSearchesRequest* request,
                                                      v1::ListSearchesResponse* response) {
  return Run<v1::ListSearchesResponse>(*context, response,
                                       [this, request] { return list_.Read(*request); });
}

grpc::ServerWriteReactor<v1::WatchSearchResponse>* SearchService::WatchSearch(
    grpc::CallbackServerContext* context, const v1::WatchSearchRequest* request) {
  return StartWatch(backend_, ClientOf(*context), *request);
}

grpc::ServerUnaryReactor* SearchService::ListTrials(grpc::CallbackServerContext* context,
                                                    const v1::ListTrialsRequest* request,
                                                    v1::ListTrialsResponse* response) {
  return Run<v1::ListTrialsResponse>(
      *context, response, [this, request] { return rpc::ListTrials(*backend_.store, *request); });
}

grpc::ServerUnaryReactor* SearchService::ListMeasurements(
    grpc::CallbackServerContext* context, const v1::ListMeasurementsRequest* request,
    v1::ListMeasurementsResponse* response) {
  return Run<v1::ListMeasurementsResponse>(*context, response, [this, request] {
    return rpc::ListMeasurements(*backend_.store, *request);
  });
}

grpc::ServerUnaryReactor* SearchService::Change(const grpc::CallbackServerContext& context,
                                                engine::ChangeSearch::How how,
                                                const v1::ChangeSearchRequest& request,
                                                v1::Search* response) {
  return Start<v1::Search>(context, response,
                           [this, how, &request](UnaryReactor<v1::Search>* reactor) {
                             auto record = FindSearch(*backend_.store, request.search());
                             if (!record.ok()) return reactor->Answer(record.status());
                             backend_.coordinator->Post(
                                 engine::Call<engine::ChangeSearch, v1::Search>{
                                     {how, request.request_id(), record->id}, Replier(reactor)},
                                 reactor->caller());
                           });
}

grpc::ServerUnaryReactor* SearchService::PauseSearch(grpc::CallbackServerContext* context,
                                                     const v1::ChangeSearchRequest* request,
                                                     v1::Search* response) {
  return Change(*context, engine::ChangeSearch::How::kPause, *request, response);
}

grpc::ServerUnaryReactor* SearchService::ResumeSearch(grpc::CallbackServerContext* context,
                                                      const v1::ChangeSearchRequest* request,
                                                      v1::Search* response) {
  return Change(*context, engine::ChangeSearch::How::kResume, *request, response);
}

grpc::ServerUnaryReactor* SearchService::CancelSearch(grpc::CallbackServerContext* context,
                                                      const v1::ChangeSearchRequest* request,
                                                      v1::Search* response) {
  return Change(*context, engine::ChangeSearch::How::kCancel, *request, response);
}

grpc::ServerUnaryReactor* SearchService::DeleteSearch(grpc::CallbackServerContext* context,
                                                      const v1::ChangeSearchRequest* request,
                                                      v1::DeleteSearchResponse* response) {
  using Reactor = UnaryReactor<v1::DeleteSearchResponse>;
  return Start<v1::DeleteSearchResponse>(*context, response, [this, request](Reactor* reactor) {
    int64_t id = request->search().id();
    if (request->search().by_case() != v1::SearchRef::kId) {
      auto record = FindSearch(*backend_.store, request->search());
      if (!record.ok()) return reactor->Answer(record.status());
      id = record->id;
    }
    engine::Call<engine::DeleteSearch, engine::Nothing> call;
    call.request = {request->request_id(), id};
    call.reply = [reactor](absl::StatusOr<engine::Nothing> deleted) {
      if (!deleted.ok()) return reactor->Answer(deleted.status());
      reactor->Answer(v1::DeleteSearchResponse());
    };
    backend_.coordinator->Post(std::move(call), reactor->caller());
  });
}

grpc::ServerUnaryReactor* SearchService::EnqueueGenotypes(
    grpc::CallbackServerContext* context, const v1::EnqueueGenotypesRequest* request,
    v1::EnqueueGenotypesResponse* response) {
  using Reactor = UnaryReactor<v1::EnqueueGenotypesResponse>;
  return Start<v1::EnqueueGenotypesResponse>(*context, response, [this, request](Reactor* reactor) {
    auto record = FindSearch(*backend_.store, request->search());
    if (!record.ok()) return reactor->Answer(record.status());
    engine::Call<engine::EnqueueGenotypes, std::vector<int64_t>> call;
    call.request.request_id = request->request_id();
    call.request.search_id = record->id;
    call.request.genotypes.assign(request->genotypes().begin(), request->genotypes().end());
    call.request.notations.assign(request->notations().begin(), request->notations().end());
    call.reply = [reactor](absl::StatusOr<std::vector<int64_t>> numbers) {
      if (!numbers.ok()) return reactor->Answer(numbers.status());
      v1::EnqueueGenotypesResponse answer;
      for (int64_t number : *numbers) answer.add_trial_numbers(number);
      reactor->Answer(std::move(answer));
    };
    backend_.coordinator->Post(std::move(call), reactor->caller());
  });
}

grpc::ServerUnaryReactor* SearchService::ListWorkers(grpc::CallbackServerContext* context,
                                                     const v1::ListWorkersRequest* /*request*/,
                                                     v1::ListWorkersResponse* response) {
  auto* reactor = new UnaryReactor<v1::ListWorkersResponse>(*context, response);
  engine::Call<engine::ListWorkers, std::vector<v1::Worker>> call;
  call.reply = [reactor](absl::StatusOr<std::vector<v1::Worker>> workers) {
    if (!workers.ok()) return reactor->Answer(workers.status());
    v1::ListWorkersResponse answer;
    answer.mutable_workers()->Add(workers->begin(), workers->end());
    reactor->Answer(std::move(answer));
  };
  backend_.coordinator->Post(std::move(call), reactor->caller());
  return reactor;
}

}  // namespace nascent::rpc
