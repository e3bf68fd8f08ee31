// An engine on a virtual clock and a store in memory, and what users and workers do with it, one
// call at a time.

#ifndef NASCENT_SERVER_ENGINE_TESTING_HARNESS_H_
#define NASCENT_SERVER_ENGINE_TESTING_HARNESS_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "server/engine/engine.h"
#include "server/engine/executor.h"
#include "server/storage/memory_store.h"

namespace nascent::engine::testing {

// A small search on a registered data set: random search over NAS-Bench-201 with tiny networks,
// nothing shared, parallel 1.
v1::SearchSpec ToySpec(int64_t trials);

// The same on a space of 576 networks of three dense layers, for tests that run many searches and
// restart them: a restart reads the space again, and each candidate is a network.
v1::SearchSpec DenseSpec(int64_t trials);

// The same with the rungs synflow, 1 epoch and the whole recipe. Successive halving scores 12,
// trains 4 of them and 1 in full.
v1::SearchSpec FunnelSpec(int64_t trials);

// A data set of 1,000 training images [1, 8, 8] of 10 classes and a test split.
v1::Dataset ToyDataset();

// The report that the weights of a trial's first attempt are stored.
v1::SetWeightsRequest WeightsOf(int64_t trial_id, int64_t worker);

class Harness {
 public:
  // `front` makes what the engine uses instead of the store itself; null: nothing.
  using MakeFront = std::function<std::unique_ptr<storage::TrialStore>(storage::TrialStore* store)>;
  explicit Harness(EngineOptions options = {}, const MakeFront& front = nullptr);
  ~Harness();

  // Drops the engine, as kill -9 does, and loads a new one.
  void Restart();
  // Steps until nothing is left to do without time or commands. When the store fails, the engine is
  // loaded again and what was asked of it is answered with UNAVAILABLE.
  void Settle();
  void Advance(absl::Duration by);

  // Sends a command, settles and gives the answer. A lease that waits answers in Advance.
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(Request request) {
    auto answer = Send<Response>(std::move(request));
    Settle();
    return answer->value_or(absl::UnavailableError("no answer yet"));
  }
  template <typename Response, typename Request>
  std::shared_ptr<std::optional<absl::StatusOr<Response>>> Send(Request request) {
    auto answer = std::make_shared<std::optional<absl::StatusOr<Response>>>();
    pending_.push_back(engine::Call<Request, Response>{
        std::move(request), [answer](absl::StatusOr<Response> value) { *answer = value; }});
    return answer;
  }

  absl::StatusOr<int64_t> Submit(const v1::SearchSpec& spec);
  absl::StatusOr<v1::Search> Change(int64_t search, ChangeSearch::How how);
  int64_t Register(const std::string& name, int slots = 1, const std::string& version = "test",
                   const std::vector<std::string>& metrics = {});
  // Of slot 0, without waiting; nothing came: a grant without work.
  absl::StatusOr<LeaseGrant> Lease(int64_t worker, int slot = 0,
                                   const std::string& request_id = "");
  absl::StatusOr<v1::RenewResponse> Renew(int64_t worker, const LeaseGrant& lease,
                                          const std::vector<v1::Measurement>& measurements = {});
  absl::StatusOr<v1::CompleteResponse> Complete(int64_t worker, const LeaseGrant& lease,
                                                double accuracy,
                                                const std::string& request_id = "");
  absl::Status Fail(int64_t worker, const LeaseGrant& lease, v1::FailureKind kind);
  absl::Status Release(int64_t worker, const LeaseGrant& lease);
  // Leases and completes until nothing comes any more; gives the number of train tasks.
  int Work(int64_t worker);

  SearchView View(int64_t search);
  // From the store.
  std::vector<storage::TrialRecord> Trials(int64_t search);
  v1::SearchState State(int64_t search);

  std::string NewRequestId();
  Engine& engine() { return *engine_; }
  storage::MemoryStore& store() { return store_; }
  VirtualClock& clock() { return clock_; }

 private:
  const EngineOptions options_;
  VirtualClock clock_;
  storage::MemoryStore store_;
  const std::unique_ptr<storage::TrialStore> front_;
  InlineExecutor executor_;
  std::vector<Command> pending_;
  int64_t requests_ = 0;
  std::unique_ptr<Engine> engine_;
};

v1::Measurement Measure(const std::string& metric, int epoch, double value);

}  // namespace nascent::engine::testing

#endif  // NASCENT_SERVER_ENGINE_TESTING_HARNESS_H_
