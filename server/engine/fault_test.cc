// Random crashes, lost answers, repeated requests, expired leases and a store that fails: whatever
// happens, each trial ends once and no acknowledged result is lost.

#include <gtest/gtest.h>

#include <set>

#include "server/engine/testing/fleet.h"
#include "server/engine/testing/harness.h"
#include "tests/support/repetitions.h"

namespace nascent::engine {
namespace {

using testing::Fleet;
using testing::Harness;
using testing::Mishaps;

// Loses commits, the word of commits, and the term, by chance.
class FailingStore : public storage::TrialStore {
 public:
  FailingStore(storage::TrialStore* store, uint64_t seed, double probability)
      : store_(*store), random_(seed, 1), probability_(probability) {}

  absl::StatusOr<std::vector<storage::Outcome>> Apply(
      int64_t term, const std::vector<storage::Transition>& transitions) override {
    if (random_.Uniform() < probability_) {
      switch (random_.Below(3)) {
        case 0:
          return absl::UnavailableError("made to fail before the commit");
        case 1:
          return absl::AbortedError("made to lose the term");
        default:
          if (auto done = store_.Apply(term, transitions); !done.ok()) return done.status();
          return absl::UnknownError("made to lose the answer of the commit");
      }
    }
    return store_.Apply(term, transitions);
  }
  absl::StatusOr<storage::Term> AcquireTerm(const std::string& holder,
                                            absl::Duration duration) override {
    return store_.AcquireTerm(holder, duration);
  }
  absl::Status ReleaseTerm(int64_t term) override { return store_.ReleaseTerm(term); }
  absl::StatusOr<absl::Time> Now() override { return store_.Now(); }
  absl::StatusOr<std::vector<storage::OpenSearch>> ListOpenSearches() override {
    return store_.ListOpenSearches();
  }
  absl::StatusOr<std::vector<storage::TaskRecord>> LoadOpenTasks(int64_t search_id) override {
    return store_.LoadOpenTasks(search_id);
  }
  absl::StatusOr<std::vector<storage::TrialRecord>> LoadTrials(int64_t search_id, int64_t after,
                                                               int64_t limit) override {
    return store_.LoadTrials(search_id, after, limit);
  }
  absl::StatusOr<std::vector<storage::TrialRecord>> LoadProposals(int64_t search_id, int64_t after,
                                                                  int64_t limit) override {
    return store_.LoadProposals(search_id, after, limit);
  }
  absl::StatusOr<std::vector<storage::TrialRecord>> FindTrials(
      int64_t search_id, const std::vector<int64_t>& numbers) override {
    return store_.FindTrials(search_id, numbers);
  }
  absl::StatusOr<double> GetDeviceSeconds(int64_t search_id) override {
    return store_.GetDeviceSeconds(search_id);
  }
  absl::StatusOr<std::vector<storage::EventRecord>> LoadEvents(int64_t search_id, int64_t after,
                                                               int64_t limit) override {
    return store_.LoadEvents(search_id, after, limit);
  }
  absl::StatusOr<std::optional<storage::SnapshotRecord>> LoadSnapshot(int64_t search_id) override {
    return store_.LoadSnapshot(search_id);
  }
  absl::StatusOr<std::vector<storage::WorkerRecord>> LoadWorkers() override {
    return store_.LoadWorkers();
  }
  absl::StatusOr<std::vector<storage::TrialRecord>> FindTrialsOfRequest(
      const std::string& request_id) override {
    return store_.FindTrialsOfRequest(request_id);
  }
  absl::StatusOr<std::optional<storage::EvaluationRecord>> FindEvaluation(
      const std::string& identity, const std::optional<std::string>& project,
      std::optional<int64_t> search_id) override {
    return store_.FindEvaluation(identity, project, search_id);
  }
  absl::StatusOr<storage::SearchRecord> GetSearch(int64_t id) override {
    return store_.GetSearch(id);
  }
  absl::StatusOr<storage::SearchRecord> GetNewestSearch(const std::string& name) override {
    return store_.GetNewestSearch(name);
  }
  absl::StatusOr<std::vector<storage::SearchRecord>> ListSearches(int64_t before,
                                                                  int limit) override {
    return store_.ListSearches(before, limit);
  }
  absl::StatusOr<storage::SearchTotals> GetTotals(int64_t search_id) override {
    return store_.GetTotals(search_id);
  }
  absl::StatusOr<std::vector<storage::TrialMetrics>> GetMetrics(
      const std::vector<int64_t>& trial_ids) override {
    return store_.GetMetrics(trial_ids);
  }
  absl::StatusOr<std::vector<v1::Dataset>> ListDatasets() override { return store_.ListDatasets(); }
  absl::StatusOr<std::optional<v1::Dataset>> FindDataset(const std::string& name) override {
    return store_.FindDataset(name);
  }

 private:
  storage::TrialStore& store_;
  RandomStream random_;
  const double probability_;
};

bool HasEnded(v1::TrialState state) {
  return state != v1::TRIAL_STATE_READY && state != v1::TRIAL_STATE_LEASED;
}

// What must hold of the history of a search that has ended.
void CheckHistory(Harness& harness, int64_t search, int64_t budget,
                  const std::map<int64_t, double>& acknowledged) {
  const auto trials = harness.Trials(search);
  int64_t counted = 0;
  for (size_t i = 0; i < trials.size(); ++i) {
    const storage::TrialRecord& trial = trials[i];
    EXPECT_EQ(trial.number, static_cast<int64_t>(i) + 1) << "numbers are dense";
    EXPECT_TRUE(HasEnded(trial.state)) << "trial " << trial.number << " has not ended";
    const std::string& score = trial.fidelity.zero_cost();
    counted += trial.state != v1::TRIAL_STATE_CANCELLED && score.empty();
    const auto result = acknowledged.find(trial.id);
    if (result == acknowledged.end()) continue;
    EXPECT_EQ(trial.state, v1::TRIAL_STATE_SUCCEEDED) << "an acknowledged result was lost";
    EXPECT_EQ(trial.metrics.at(score.empty() ? "validation_accuracy" : score), result->second);
  }
  EXPECT_EQ(counted, budget);
  std::set<int64_t> finished;
  int64_t last = 0;
  const auto events = harness.store().LoadEvents(search, 0, 1000000);
  ASSERT_TRUE(events.ok()) << events.status();
  for (const storage::EventRecord& event : *events) {
    EXPECT_GT(event.sequence, last);
    last = event.sequence;
    if (event.kind != storage::EventRecord::Kind::kFinished) continue;
    EXPECT_TRUE(finished.insert(event.trial_number).second)
        << "trial " << event.trial_number << " was counted twice";
  }
  EXPECT_EQ(finished.size(), trials.size());
}

// Every fourth is a funnel whose first rung is a score.
bool IsFunnel(uint64_t seed) { return seed % 4 == 3; }
int64_t Budget(uint64_t seed) { return IsFunnel(seed) ? 7 : 25; }

v1::SearchSpec Spec(uint64_t seed) {
  const int64_t trials = Budget(seed);
  v1::SearchSpec spec = IsFunnel(seed) ? testing::FunnelSpec(trials) : testing::DenseSpec(trials);
  spec.mutable_budget()->set_parallel(3);
  spec.set_seed(seed);
  if (!IsFunnel(seed)) spec.mutable_strategy()->set_string_value("regularized_evolution");
  if (seed % 2 == 0) spec.set_sharing(v1::SHARING_SEARCH);
  return spec;
}

TEST(Faults, EveryTrialEndsOnceWhateverWorkersAndCoordinatorDo) {
  for (uint64_t seed = 1; seed <= ::nascent::testing::Repetitions(100u); ++seed) {
    SCOPED_TRACE(seed);
    Harness harness;
    Mishaps mishaps{0.05, 0.05, 0.05, 0.1, 0.1, 0.05};
    Fleet fleet(harness, 3, seed, mishaps);
    const int64_t search = *harness.Submit(Spec(seed));
    ASSERT_TRUE(fleet.Run(search, 10000));
    CheckHistory(harness, search, Budget(seed), fleet.acknowledged());
  }
}

TEST(Faults, AStoreThatFailsLosesNothingThatWasAcknowledged) {
  for (uint64_t seed = 1; seed <= ::nascent::testing::Repetitions(100u); ++seed) {
    SCOPED_TRACE(seed);
    Harness harness({}, [seed](storage::TrialStore* store) {
      return std::make_unique<FailingStore>(store, seed, 0.1);
    });
    // It is stored at last, whatever the first tries brought.
    while (harness.store().ListDatasets()->empty()) {
      harness.Call<Nothing>(storage::PutDataset{"toy", testing::ToyDataset()}).IgnoreError();
    }
    Mishaps mishaps{0.02, 0.02, 0.02, 0.1, 0.05, 0.02};
    Fleet fleet(harness, 3, seed, mishaps);
    Surroundings surroundings;
    surroundings.datasets.push_back(testing::ToyDataset());
    auto resolved =
        std::make_shared<const ResolvedSearch>(*ResolveSearch(Spec(seed), surroundings));
    int64_t search = 0;
    while (search == 0) {
      auto submitted = harness.Call<v1::Search>(SubmitSearch{"submit", resolved, nullptr});
      if (submitted.ok()) search = submitted->id();
    }
    EXPECT_EQ(harness.store().ListSearches(1000, 100)->size(), 1u);
    ASSERT_TRUE(fleet.Run(search, 10000));
    CheckHistory(harness, search, Budget(seed), fleet.acknowledged());
  }
}

}  // namespace
}  // namespace nascent::engine
