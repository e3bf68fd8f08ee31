#include "server/engine/testing/harness.h"

#include <gtest/gtest.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace nascent::engine::testing {

v1::SearchSpec ToySpec(int64_t trials) {
  v1::SearchSpec spec;
  spec.set_name("toy");
  spec.mutable_space()->set_preset("nas-bench-201");
  (*spec.mutable_space()->mutable_set())["channels"].set_number_value(2);
  (*spec.mutable_space()->mutable_set())["cells"].set_number_value(1);
  spec.mutable_data()->set_dataset("toy");
  spec.mutable_strategy()->set_string_value("random");
  spec.mutable_budget()->set_trials(trials);
  spec.mutable_budget()->set_parallel(1);
  spec.set_sharing(v1::SHARING_OFF);
  return spec;
}

v1::SearchSpec DenseSpec(int64_t trials) {
  v1::SearchSpec spec = ToySpec(trials);
  spec.mutable_space()->Clear();
  spec.mutable_space()->set_template_(R"(
space: dense
decisions:
  first: {ordered: [1, 2, 3, 4, 6, 8, 12, 16]}
  second: {ordered: [1, 2, 3, 4, 6, 8, 12, 16]}
network:
- global_avg_pool
- linear: {features: first}
- {choice: [relu, silu, hard_swish]}
- linear: {features: second}
- {choice: [relu, silu, hard_swish]}
- linear: {features: classes}
)");
  return spec;
}

v1::SearchSpec FunnelSpec(int64_t trials) {
  v1::SearchSpec spec = DenseSpec(trials);
  spec.mutable_recipe()->set_epochs(4);
  v1::FidelityLadder& ladder = *spec.mutable_fidelities();
  ladder.add_rungs()->mutable_zero_cost()->set_metric("synflow");
  ladder.add_rungs()->set_epochs(1);
  ladder.add_rungs();
  auto& settings =
      *(*spec.mutable_strategy()->mutable_struct_value()->mutable_fields())["successive_halving"]
           .mutable_struct_value()
           ->mutable_fields();
  settings["configurations"].set_number_value(12);
  settings["reduction_factor"].set_number_value(3);
  return spec;
}

v1::Dataset ToyDataset() {
  v1::Dataset dataset;
  dataset.set_name("toy");
  dataset.set_kind(v1::DATA_KIND_IMAGE_CLASSIFICATION);
  for (int size : {1, 8, 8}) dataset.mutable_shape()->add_dimensions(size);
  dataset.set_classes(10);
  for (const char* name : {"train", "test"}) {
    v1::DataSplit& split = *dataset.add_splits();
    split.set_name(name);
    split.set_count(1000);
    split.set_examples(std::string(64, 'a'));
    split.set_labels(std::string(64, 'b'));
  }
  dataset.set_fingerprint(std::string(64, 'c'));
  return dataset;
}

v1::SetWeightsRequest WeightsOf(int64_t trial_id, int64_t worker) {
  v1::SetWeightsRequest weights;
  weights.set_request_id("weights");
  weights.set_worker_id(worker);
  weights.set_trial_id(trial_id);
  weights.set_attempt(1);
  weights.set_sha256(std::string(64, 'd'));
  return weights;
}

v1::Measurement Measure(const std::string& metric, int epoch, double value) {
  v1::Measurement measurement;
  measurement.set_metric(metric);
  measurement.set_epoch(epoch);
  measurement.set_step(epoch * 10);
  measurement.set_value(value);
  return measurement;
}

Harness::Harness(EngineOptions options, const MakeFront& front)
    : options_(options),
      clock_(absl::FromUnixSeconds(1700000000)),
      store_([this] { return clock_.Now(); }),
      front_(front == nullptr ? nullptr : front(&store_)) {
  Restart();
  const auto stored = Call<Nothing>(storage::PutDataset{NewRequestId(), ToyDataset()});
  EXPECT_TRUE(stored.ok() || front_ != nullptr) << stored.status();
}

Harness::~Harness() = default;

void Harness::Restart() {
  engine_.reset();
  storage::TrialStore* store = front_ == nullptr ? &store_ : front_.get();
  absl::Status status;
  // A store that fails now and then is asked again, as the coordinator does.
  for (int attempt = 0; attempt < 1000; ++attempt) {
    auto term = store->AcquireTerm("test", absl::Hours(1000));
    status = term.status();
    if (!status.ok()) continue;
    engine_ = std::make_unique<Engine>(options_, store, &clock_, &executor_, nullptr);
    status = engine_->Load(term->term);
    if (status.ok()) return Settle();
  }
  FAIL() << status;
}

void Harness::Settle() {
  do {
    const absl::Status status = engine_->Step(std::exchange(pending_, {}));
    if (!status.ok()) {
      ASSERT_NE(front_, nullptr) << status;
      return Restart();
    }
  } while (engine_->UntilNext() <= absl::ZeroDuration() || !pending_.empty());
}

void Harness::Advance(absl::Duration by) {
  clock_.Advance(by);
  Settle();
}

std::string Harness::NewRequestId() { return absl::StrCat("request-", ++requests_); }

absl::StatusOr<int64_t> Harness::Submit(const v1::SearchSpec& spec) {
  Surroundings surroundings;
  surroundings.datasets.push_back(ToyDataset());
  auto resolved = ResolveSearch(spec, surroundings);
  if (!resolved.ok()) return resolved.status();
  auto search = Call<v1::Search>(SubmitSearch{
      NewRequestId(), std::make_shared<const ResolvedSearch>(*std::move(resolved)), nullptr});
  if (!search.ok()) return search.status();
  return search->id();
}

absl::StatusOr<v1::Search> Harness::Change(int64_t search, ChangeSearch::How how) {
  return Call<v1::Search>(ChangeSearch{how, NewRequestId(), search});
}

int64_t Harness::Register(const std::string& name, int slots, const std::string& version,
                          const std::vector<std::string>& metrics) {
  v1::RegisterRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(name);
  request.set_protocol_version(1);
  request.set_evaluator_version(version);
  request.add_task_kinds(v1::TASK_KIND_TRAIN);
  request.add_task_kinds(v1::TASK_KIND_FINAL_TEST);
  for (int i = 0; i < slots; ++i) request.add_slots()->set_kind("cpu");
  request.mutable_metrics()->Assign(metrics.begin(), metrics.end());
  auto response = Call<v1::RegisterResponse>(request);
  EXPECT_TRUE(response.ok()) << response.status();
  return response->worker_id();
}

absl::StatusOr<LeaseGrant> Harness::Lease(int64_t worker, int slot, const std::string& request_id) {
  LeaseTask request;
  request.message.set_request_id(request_id.empty() ? NewRequestId() : request_id);
  request.message.set_worker_id(worker);
  request.message.set_slot(slot);
  return Call<LeaseGrant>(request);
}

absl::StatusOr<v1::RenewResponse> Harness::Renew(int64_t worker, const LeaseGrant& lease,
                                                 const std::vector<v1::Measurement>& measurements) {
  v1::RenewRequest request;
  request.set_request_id(NewRequestId());
  request.set_worker_id(worker);
  *request.mutable_attempt() = lease.attempt;
  for (const v1::Measurement& m : measurements) *request.add_measurements() = m;
  request.set_progress(0.5);
  return Call<v1::RenewResponse>(request);
}

absl::StatusOr<v1::CompleteResponse> Harness::Complete(int64_t worker, const LeaseGrant& lease,
                                                       double accuracy,
                                                       const std::string& request_id) {
  v1::CompleteRequest request;
  request.set_request_id(request_id.empty() ? NewRequestId() : request_id);
  request.set_worker_id(worker);
  *request.mutable_attempt() = lease.attempt;
  const bool test = lease.kind == v1::TASK_KIND_FINAL_TEST;
  *request.add_measurements() =
      Measure(test ? "test_accuracy" : "validation_accuracy", 1, accuracy);
  return Call<v1::CompleteResponse>(request);
}

absl::Status Harness::Fail(int64_t worker, const LeaseGrant& lease, v1::FailureKind kind) {
  v1::FailRequest request;
  request.set_request_id(NewRequestId());
  request.set_worker_id(worker);
  *request.mutable_attempt() = lease.attempt;
  request.set_kind(kind);
  request.set_message("made to fail");
  return Call<v1::FailResponse>(request).status();
}

absl::Status Harness::Release(int64_t worker, const LeaseGrant& lease) {
  v1::ReleaseRequest request;
  request.set_request_id(NewRequestId());
  request.set_worker_id(worker);
  *request.mutable_attempt() = lease.attempt;
  return Call<v1::ReleaseResponse>(request).status();
}

int Harness::Work(int64_t worker) {
  int trained = 0;
  while (true) {
    auto lease = Lease(worker);
    EXPECT_TRUE(lease.ok()) << lease.status();
    if (!lease.ok() || lease->work == nullptr) return trained;
    if (lease->kind == v1::TASK_KIND_TRAIN) ++trained;
    // Any function of the trial will do.
    const double accuracy = 0.1 + static_cast<double>(lease->trial_number * 37 % 89) / 100;
    Advance(absl::Seconds(10));
    auto completed = Complete(worker, *lease, accuracy);
    EXPECT_TRUE(completed.ok()) << completed.status();
    if (!completed.ok()) return trained;
  }
}

SearchView Harness::View(int64_t search) {
  auto view = Call<SearchView>(ViewSearch{search, true, 0});
  return view.ok() ? *view : SearchView();
}

std::vector<storage::TrialRecord> Harness::Trials(int64_t search) {
  auto trials = store_.LoadTrials(search, 0, 1000000);
  EXPECT_TRUE(trials.ok()) << trials.status();
  return *std::move(trials);
}

v1::SearchState Harness::State(int64_t search) {
  auto record = store_.GetSearch(search);
  EXPECT_TRUE(record.ok()) << record.status();
  return record->state;
}

}  // namespace nascent::engine::testing
