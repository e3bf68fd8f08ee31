// The client library: one class that speaks to a service, retries what may be retried, and moves
// artifacts.

#ifndef NASCENT_CLIENT_NASCENT_CLIENT_H_
#define NASCENT_CLIENT_NASCENT_CLIENT_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "nascent/v1/artifact_service.pb.h"
#include "nascent/v1/search_service.pb.h"

namespace grpc {
class Channel;
}

namespace nascent::client {

struct ClientOptions {
  // How long one call may take.
  absl::Duration call_timeout = absl::Seconds(30);
  // How long a service that is away (UNAVAILABLE) is waited for: a coordinator that restarts, a
  // standby that takes over.
  absl::Duration patience = absl::Seconds(10);
  // Called once per outage, as soon as a call has to be tried again.
  std::function<void(const absl::Status&)> on_wait;
};

// Thread-safe. Every method blocks; every error is the service's own, with its code. A call that
// changes something carries one request id through all its retries, so it happens once. Of several
// servers (an active one and its standbys) the one that answers is used until it does not.
class NascentClient {
 public:
  // `address`: HOST:PORT, or several with commas between them. Does not connect yet.
  explicit NascentClient(const std::string& address, ClientOptions options = {});
  explicit NascentClient(const std::shared_ptr<grpc::Channel>& channel, ClientOptions options = {});
  ~NascentClient();

  absl::StatusOr<v1::Search> Submit(const v1::SearchSpec& spec, bool validate_only = false);
  absl::StatusOr<v1::Search> Get(const v1::SearchRef& search);
  // Newest first, at most `limit`.
  absl::StatusOr<std::vector<v1::Search>> List(int64_t limit);
  // By number, all pages. `states` empty: all.
  absl::StatusOr<std::vector<v1::Trial>> ListTrials(const v1::SearchRef& search,
                                                    const std::vector<v1::TrialState>& states = {});
  // What trainings measured, by trial number; `metric` empty: all, `trial` 0: of all trials.
  absl::StatusOr<std::vector<v1::TrialMeasurements>> ListMeasurements(const v1::SearchRef& search,
                                                                      const std::string& metric,
                                                                      int64_t trial = 0);
  // Numbers of the trials that these genotypes became, in their order.
  absl::StatusOr<std::vector<int64_t>> Enqueue(const v1::SearchRef& search,
                                               const std::vector<std::string>& genotypes);
  absl::StatusOr<v1::Search> Pause(const v1::SearchRef& search);
  absl::StatusOr<v1::Search> Resume(const v1::SearchRef& search);
  absl::StatusOr<v1::Search> Cancel(const v1::SearchRef& search);
  absl::Status Delete(const v1::SearchRef& search);
  absl::StatusOr<std::vector<v1::Worker>> ListWorkers();

  // Follows a search until it has ended and that was seen (OK), `on_update` returns false
  // (CANCELLED), or the service stays away longer than `patience` (UNAVAILABLE). Reconnects in
  // between; the first message after a reconnection holds all trials again.
  absl::Status Watch(const v1::SearchRef& search, absl::Duration patience,
                     const std::function<bool(const v1::WatchSearchResponse&)>& on_update);

  absl::StatusOr<std::vector<v1::Dataset>> ListDatasets();
  absl::StatusOr<v1::Dataset> RegisterDataset(const v1::Dataset& dataset);
  absl::Status RemoveDataset(const std::string& name);

  // Stores bytes and gives their SHA-256; sends only what is not there yet.
  absl::StatusOr<std::string> PutArtifact(const std::string& bytes);
  // Fetches an artifact into `path` and checks its hash; the file appears only when it is whole.
  // DATA_LOSS: what came is not what was asked for.
  absl::Status GetArtifact(const std::string& sha256, const std::string& path);

 private:
  struct Server;

  // What happens between two attempts, and for how long.
  class Outage;

  // `call(server, context, response)` makes one attempt.
  template <typename Response, typename Call>
  absl::StatusOr<Response> Retry(Call call);
  // Checks the texts of the request first, which nobody would understand.
  template <typename Response, typename Call>
  absl::StatusOr<Response> Retry(const google::protobuf::Message& request, Call call);

  template <typename Method>
  absl::StatusOr<v1::Search> Change(Method method, const v1::SearchRef& search);
  const Server& InUse() const;

  const ClientOptions options_;
  std::vector<Server> servers_;  // constant after construction
  std::atomic<size_t> in_use_{0};
};

// Digits are an id, all else is a name.
v1::SearchRef ParseSearchRef(const std::string& text);
v1::SearchRef RefOf(const v1::Search& search);

// Whether a search in this state will change no more.
bool HasEnded(v1::SearchState state);

}  // namespace nascent::client

#endif  // NASCENT_CLIENT_NASCENT_CLIENT_H_
