// What the engine is asked to do, with the way to answer.

#ifndef NASCENT_SERVER_ENGINE_COMMANDS_H_
#define NASCENT_SERVER_ENGINE_COMMANDS_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "nascent/v1/artifact_service.pb.h"
#include "nascent/v1/search_service.pb.h"
#include "nascent/v1/worker_service.pb.h"
#include "server/engine/propose/candidate.h"
#include "server/engine/resolve/resolve_search.h"
#include "server/storage/transitions.h"
#include "server/storage/trial_store.h"

namespace nascent::engine {

// `reply` is called once, after what it reports was committed, by a thread of
// EngineOptions::answers where there is one, else by the engine's. It must not touch what the
// engine holds.
template <typename Request, typename Response>
struct Call {
  Request request;
  std::function<void(absl::StatusOr<Response>)> reply;
};

struct Nothing {};

// --- searches ---
struct SubmitSearch {
  std::string request_id;
  std::shared_ptr<const ResolvedSearch> search;
  // Searches with the same specification may share one; null: the search gets its own.
  std::shared_ptr<CandidateMaker> maker;
};
struct ChangeSearch {
  enum class How { kPause, kResume, kCancel };
  How how = How::kPause;
  std::string request_id;
  int64_t search_id = 0;
};
struct DeleteSearch {
  std::string request_id;
  int64_t search_id = 0;
};
struct EnqueueGenotypes {
  std::string request_id;
  int64_t search_id = 0;
  std::vector<v1::Genotype> genotypes;
  std::vector<std::string> notations;
};
// The present of a search that has not ended, and its trials that changed after `since_revision`,
// at most 1,000, the newest. NOT_FOUND: no search that runs has this id.
struct ViewSearch {
  int64_t search_id = 0;
  bool with_trials = false;
  int64_t since_revision = 0;
};
struct SearchView {
  v1::Search search;
  std::vector<v1::Trial> trials;
  std::map<int64_t, double> progress;  // of running trials, by trial id
  int64_t revision = 0;
};
struct ListWorkers {};

// --- workers ---
struct LeaseTask {
  v1::LeaseRequest message;
  // Set when the caller has gone away, so that nothing is leased to it; may be null.
  std::shared_ptr<std::atomic<bool>> cancelled;
};
// A lease, or nothing when no task came in time (`work` is null).
struct LeaseGrant {
  v1::AttemptRef attempt;
  absl::Time deadline;
  int64_t search_id = 0;
  int64_t trial_number = 0;
  v1::TaskKind kind = v1::TASK_KIND_UNSPECIFIED;
  std::shared_ptr<const Candidate> work;
  std::shared_ptr<CandidateMaker> maker;
  std::string checkpoint;   // to continue from
  std::string weights;      // to test
  int64_t seed_offset = 0;  // of a final test that trains again
};

using Command = std::variant<
    Call<SubmitSearch, v1::Search>, Call<ChangeSearch, v1::Search>, Call<DeleteSearch, Nothing>,
    Call<EnqueueGenotypes, std::vector<int64_t>>, Call<ViewSearch, SearchView>,
    Call<ListWorkers, std::vector<v1::Worker>>, Call<v1::RegisterRequest, v1::RegisterResponse>,
    Call<LeaseTask, LeaseGrant>, Call<v1::RenewRequest, v1::RenewResponse>,
    Call<v1::CompleteRequest, v1::CompleteResponse>, Call<v1::FailRequest, v1::FailResponse>,
    Call<v1::ReleaseRequest, v1::ReleaseResponse>,
    Call<v1::SetWeightsRequest, v1::SetWeightsResponse>,
    // Artifacts and data sets, of which the engine keeps nothing.
    Call<storage::PutArtifact, Nothing>, Call<storage::PutDataset, Nothing>,
    Call<storage::RemoveDataset, Nothing>>;

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_COMMANDS_H_
