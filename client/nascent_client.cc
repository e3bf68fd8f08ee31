#include "client/nascent_client.h"

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/clock.h"
#include "common/output_file.h"
#include "common/rpc/backoff.h"
#include "common/rpc/deadline.h"
#include "common/rpc/reconnect.h"
#include "common/rpc/request_id.h"
#include "common/rpc/status.h"
#include "common/sha256.h"
#include "common/spec/message_text.h"
#include "common/status_macros.h"
#include "nascent/v1/artifact_service.grpc.pb.h"
#include "nascent/v1/search_service.grpc.pb.h"

namespace nascent::client {
namespace {

constexpr int64_t kChunk = int64_t{1} << 20;
// The waits between tries of one call, and of one stream.
constexpr rpc::Backoff::Options kBackoff = {absl::Milliseconds(50), absl::Seconds(2), 2};
constexpr int kTrialPage = 1000;  // about 2 MB of a page's 4

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  // A service that comes back is found within a second.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetMaxReceiveMessageSize(64 << 20);
  // A connection whose other end vanished without a word is found within 20 seconds.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  // A proxy of the environment is meant for the web, not for the service.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

struct NascentClient::Server {
  std::shared_ptr<grpc::Channel> channel;  // null: one that was given, maybe of this process
  std::unique_ptr<v1::SearchService::Stub> searches;
  std::unique_ptr<v1::ArtifactService::Stub> artifacts;
};

NascentClient::NascentClient(const std::string& address, ClientOptions options)
    : options_(std::move(options)) {
  for (const auto server : absl::StrSplit(address, ',')) {
    const auto channel = Connect(std::string(server));
    servers_.push_back(
        {channel, v1::SearchService::NewStub(channel), v1::ArtifactService::NewStub(channel)});
  }
}

NascentClient::NascentClient(const std::shared_ptr<grpc::Channel>& channel, ClientOptions options)
    : options_(std::move(options)) {
  servers_.push_back(
      {nullptr, v1::SearchService::NewStub(channel), v1::ArtifactService::NewStub(channel)});
}

NascentClient::~NascentClient() = default;

const NascentClient::Server& NascentClient::InUse() const { return servers_[in_use_.load()]; }

// The time from the first attempt that found no service until one is found again.
class NascentClient::Outage {
 public:
  Outage(NascentClient& client, absl::Duration patience)
      : client_(client), patience_(patience), since_(clock_.Elapsed()) {}

  // Turns to the next server and, when none of them answered, waits. False: for longer than
  // `patience` there was no service.
  bool Await(const absl::Status& status) {
    const size_t count = client_.servers_.size();
    const size_t next = (client_.in_use_.load() + 1) % count;
    const absl::Duration wait = ++failures_ % count == 0 ? backoff_.Next() : absl::ZeroDuration();
    if (clock_.Elapsed() + wait > since_ + patience_) return false;
    client_.in_use_.store(next);
    if (wait == absl::ZeroDuration()) return true;
    if (!told_ && client_.options_.on_wait) client_.options_.on_wait(status);
    told_ = true;
    rpc::AwaitRetry(client_.servers_[next].channel.get(), wait);
    return true;
  }

  void End() {
    since_ = clock_.Elapsed();
    backoff_.Reset();
    failures_ = 0;
    told_ = false;
  }

 private:
  NascentClient& client_;
  const SystemClock clock_;
  const absl::Duration patience_;
  absl::Duration since_;
  rpc::Backoff backoff_{kBackoff};
  size_t failures_ = 0;
  bool told_ = false;
};

template <typename Response, typename Call>
absl::StatusOr<Response> NascentClient::Retry(Call call) {
  Outage outage(*this, options_.patience);
  while (true) {
    grpc::ClientContext context;
    context.set_deadline(rpc::DeadlineAfter(options_.call_timeout));
    Response response;
    absl::Status status = rpc::FromGrpc(call(InUse(), context, response));
    if (status.ok()) return response;
    if (!absl::IsUnavailable(status) || !outage.Await(status)) return status;
  }
}

template <typename Response, typename Call>
absl::StatusOr<Response> NascentClient::Retry(const google::protobuf::Message& request, Call call) {
  NASCENT_RETURN_IF_ERROR(spec::CheckTexts(request));
  return Retry<Response>(std::move(call));
}

absl::StatusOr<v1::Search> NascentClient::Submit(const v1::SearchSpec& spec, bool validate_only) {
  // By the paths of a search file.
  NASCENT_RETURN_IF_ERROR(spec::CheckTexts(spec));
  v1::SubmitSearchRequest request;
  request.set_request_id(rpc::NewRequestId());
  *request.mutable_spec() = spec;
  request.set_validate_only(validate_only);
  auto response =
      Retry<v1::SubmitSearchResponse>([&](const Server& server, auto& context, auto& answer) {
        return server.searches->SubmitSearch(&context, request, &answer);
      });
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_search());
}

absl::StatusOr<v1::Search> NascentClient::Get(const v1::SearchRef& search) {
  v1::GetSearchRequest request;
  *request.mutable_search() = search;
  return Retry<v1::Search>(request, [&](const Server& server, auto& context, auto& answer) {
    return server.searches->GetSearch(&context, request, &answer);
  });
}

absl::StatusOr<std::vector<v1::Search>> NascentClient::List(int64_t limit) {
  std::vector<v1::Search> searches;
  v1::ListSearchesRequest request;
  do {
    const int64_t left = limit - static_cast<int64_t>(searches.size());
    request.set_page_size(static_cast<int32_t>(std::clamp<int64_t>(left, 1, 100)));
    auto page = Retry<v1::ListSearchesResponse>(
        request, [&](const Server& server, auto& context, auto& answer) {
          return server.searches->ListSearches(&context, request, &answer);
        });
    if (!page.ok()) return page.status();
    for (v1::Search& search : *page->mutable_searches()) searches.push_back(std::move(search));
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty() && static_cast<int64_t>(searches.size()) < limit);
  if (static_cast<int64_t>(searches.size()) > limit) searches.resize(static_cast<size_t>(limit));
  return searches;
}

absl::StatusOr<std::vector<v1::Trial>> NascentClient::ListTrials(
    const v1::SearchRef& search, const std::vector<v1::TrialState>& states) {
  std::vector<v1::Trial> trials;
  v1::ListTrialsRequest request;
  *request.mutable_search() = search;
  request.set_page_size(kTrialPage);
  for (const v1::TrialState state : states) request.add_states(state);
  do {
    auto page = Retry<v1::ListTrialsResponse>(
        request, [&](const Server& server, auto& context, auto& answer) {
          return server.searches->ListTrials(&context, request, &answer);
        });
    if (!page.ok()) return page.status();
    for (v1::Trial& trial : *page->mutable_trials()) trials.push_back(std::move(trial));
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return trials;
}

absl::StatusOr<std::vector<v1::TrialMeasurements>> NascentClient::ListMeasurements(
    const v1::SearchRef& search, const std::string& metric, int64_t trial) {
  std::vector<v1::TrialMeasurements> trials;
  v1::ListMeasurementsRequest request;
  *request.mutable_search() = search;
  request.set_metric(metric);
  request.set_trial_number(trial);
  request.set_page_size(kTrialPage);
  do {
    auto page = Retry<v1::ListMeasurementsResponse>(
        request, [&](const Server& server, auto& context, auto& answer) {
          return server.searches->ListMeasurements(&context, request, &answer);
        });
    if (!page.ok()) return page.status();
    for (v1::TrialMeasurements& one : *page->mutable_trials()) trials.push_back(std::move(one));
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return trials;
}

absl::StatusOr<std::vector<int64_t>> NascentClient::Enqueue(
    const v1::SearchRef& search, const std::vector<std::string>& genotypes) {
  v1::EnqueueGenotypesRequest request;
  request.set_request_id(rpc::NewRequestId());
  *request.mutable_search() = search;
  for (const std::string& genotype : genotypes) request.add_notations(genotype);
  const auto response = Retry<v1::EnqueueGenotypesResponse>(
      request, [&](const Server& server, auto& context, auto& answer) {
        return server.searches->EnqueueGenotypes(&context, request, &answer);
      });
  if (!response.ok()) return response.status();
  return std::vector<int64_t>(response->trial_numbers().begin(), response->trial_numbers().end());
}

template <typename Method>
absl::StatusOr<v1::Search> NascentClient::Change(Method method, const v1::SearchRef& search) {
  v1::ChangeSearchRequest request;
  request.set_request_id(rpc::NewRequestId());
  *request.mutable_search() = search;
  return Retry<v1::Search>(request, [&](const Server& server, auto& context, auto& answer) {
    return (server.searches.get()->*method)(&context, request, &answer);
  });
}

absl::StatusOr<v1::Search> NascentClient::Pause(const v1::SearchRef& search) {
  return Change(&v1::SearchService::Stub::PauseSearch, search);
}

absl::StatusOr<v1::Search> NascentClient::Resume(const v1::SearchRef& search) {
  return Change(&v1::SearchService::Stub::ResumeSearch, search);
}

absl::StatusOr<v1::Search> NascentClient::Cancel(const v1::SearchRef& search) {
  return Change(&v1::SearchService::Stub::CancelSearch, search);
}

absl::Status NascentClient::Delete(const v1::SearchRef& search) {
  v1::ChangeSearchRequest request;
  request.set_request_id(rpc::NewRequestId());
  *request.mutable_search() = search;
  const auto response = Retry<v1::DeleteSearchResponse>(
      request, [&](const Server& server, auto& context, auto& answer) {
        return server.searches->DeleteSearch(&context, request, &answer);
      });
  return response.status();
}

absl::StatusOr<std::vector<v1::Worker>> NascentClient::ListWorkers() {
  auto response =
      Retry<v1::ListWorkersResponse>([&](const Server& server, auto& context, auto& answer) {
        return server.searches->ListWorkers(&context, v1::ListWorkersRequest(), &answer);
      });
  if (!response.ok()) return response.status();
  return std::vector<v1::Worker>(response->workers().begin(), response->workers().end());
}

absl::Status NascentClient::Watch(
    const v1::SearchRef& search, absl::Duration patience,
    const std::function<bool(const v1::WatchSearchResponse&)>& on_update) {
  v1::WatchSearchRequest request;
  *request.mutable_search() = search;
  NASCENT_RETURN_IF_ERROR(spec::CheckTexts(request));
  Outage outage(*this, patience);
  while (true) {
    grpc::ClientContext context;
    const auto stream = InUse().searches->WatchSearch(&context, request);
    std::optional<absl::Status> end;
    v1::WatchSearchResponse update;
    while (stream->Read(&update)) {
      if (end) continue;
      outage.End();
      // A name could mean another, newer search after a reconnection.
      request.mutable_search()->set_id(update.search().id());
      if (!on_update(update)) {
        end = absl::CancelledError("stopped watching");
      } else if (HasEnded(update.search().state())) {
        end = absl::OkStatus();
      }
      // More may be on its way, and a stream is finished only when all of it was read.
      if (end) context.TryCancel();
    }
    const absl::Status status = rpc::FromGrpc(stream->Finish());
    if (end) return *end;
    // An orderly end before the search's is a service that drains.
    if (!status.ok() && !absl::IsUnavailable(status)) return status;
    if (!outage.Await(status)) {
      return status.ok() ? absl::UnavailableError("the service ended the stream") : status;
    }
  }
}

absl::StatusOr<std::vector<v1::Dataset>> NascentClient::ListDatasets() {
  auto response =
      Retry<v1::ListDatasetsResponse>([&](const Server& server, auto& context, auto& answer) {
        return server.artifacts->ListDatasets(&context, v1::ListDatasetsRequest(), &answer);
      });
  if (!response.ok()) return response.status();
  return std::vector<v1::Dataset>(response->datasets().begin(), response->datasets().end());
}

absl::StatusOr<v1::Dataset> NascentClient::RegisterDataset(const v1::Dataset& dataset) {
  v1::RegisterDatasetRequest request;
  request.set_request_id(rpc::NewRequestId());
  *request.mutable_dataset() = dataset;
  auto response = Retry<v1::RegisterDatasetResponse>(
      request, [&](const Server& server, auto& context, auto& answer) {
        return server.artifacts->RegisterDataset(&context, request, &answer);
      });
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_dataset());
}

absl::Status NascentClient::RemoveDataset(const std::string& name) {
  v1::RemoveDatasetRequest request;
  request.set_request_id(rpc::NewRequestId());
  request.set_name(name);
  const auto response = Retry<v1::RemoveDatasetResponse>(
      request, [&](const Server& server, auto& context, auto& answer) {
        return server.artifacts->RemoveDataset(&context, request, &answer);
      });
  return response.status();
}

absl::StatusOr<std::string> NascentClient::PutArtifact(const std::string& bytes) {
  const std::string sha256 = Sha256Hex(bytes);
  const auto size = static_cast<int64_t>(bytes.size());
  const auto response =
      Retry<v1::PutResponse>([&](const Server& server, auto& context, v1::PutResponse& answer) {
        // Each attempt first asks what is there, so a broken upload goes on where it broke.
        v1::StatRequest stat_request;
        stat_request.set_sha256(sha256);
        v1::StatResponse stat;
        {
          grpc::ClientContext stat_context;
          stat_context.set_deadline(context.deadline());
          const grpc::Status status = server.artifacts->Stat(&stat_context, stat_request, &stat);
          if (!status.ok()) return status;
        }
        if (stat.complete()) {
          answer.set_complete(true);
          return grpc::Status::OK;
        }
        // The time limit of a call is too short for a large upload over a slow line.
        grpc::ClientContext put_context;
        const auto stream = server.artifacts->Put(&put_context, &answer);
        v1::PutRequest request;
        request.mutable_header()->set_sha256(sha256);
        request.mutable_header()->set_size(size);
        request.mutable_header()->set_offset(stat.received());
        bool open = stream->Write(request);
        for (int64_t offset = stat.received(); open && offset < size; offset += kChunk) {
          request.set_chunk(bytes.substr(static_cast<size_t>(offset), static_cast<size_t>(kChunk)));
          open = stream->Write(request);
        }
        stream->WritesDone();
        return stream->Finish();
      });
  if (!response.ok()) return response.status();
  if (!response->complete()) {
    return absl::DataLossError(absl::StrCat("artifact ", sha256, ": the service has ",
                                            response->received(), " of ", size, " bytes"));
  }
  return sha256;
}

absl::Status NascentClient::GetArtifact(const std::string& sha256, const std::string& path) {
  OutputFile file(path);
  Sha256 hash;
  int64_t offset = 0;
  absl::Status local;  // what went wrong on this side; not tried again
  const auto done =
      Retry<v1::GetResponse>([&](const Server& server, auto&, v1::GetResponse& answer) {
        grpc::ClientContext context;
        v1::GetRequest request;
        request.set_sha256(sha256);
        request.set_offset(offset);
        const auto stream = server.artifacts->Get(&context, request);
        while (stream->Read(&answer)) {
          local = file.Write(answer.chunk());
          if (!local.ok()) {
            context.TryCancel();
            break;
          }
          hash.Update(answer.chunk());
          offset += static_cast<int64_t>(answer.chunk().size());
        }
        return stream->Finish();
      });
  if (!local.ok()) return local;
  if (!done.ok()) return done.status();
  const std::string found = hash.Hex();
  if (found != sha256) {
    return absl::DataLossError(
        absl::StrCat("artifact ", sha256, ": what came has the hash ", found));
  }
  return file.Commit();
}

v1::SearchRef ParseSearchRef(const std::string& text) {
  v1::SearchRef search;
  int64_t id = 0;
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  if (digits && absl::SimpleAtoi(text, &id)) {
    search.set_id(id);
  } else {
    search.set_name(text);
  }
  return search;
}

v1::SearchRef RefOf(const v1::Search& search) {
  v1::SearchRef ref;
  ref.set_id(search.id());
  return ref;
}

bool HasEnded(v1::SearchState state) {
  return state == v1::SEARCH_STATE_COMPLETED || state == v1::SEARCH_STATE_CANCELLED ||
         state == v1::SEARCH_STATE_FAILED;
}

}  // namespace nascent::client
