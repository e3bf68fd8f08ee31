// Failures of trials and of the infrastructure, and what they make of the search.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/engine/testing/harness.h"

namespace nascent::engine {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using testing::Harness;
using ::testing::HasSubstr;
using testing::ToySpec;

TEST(Failures, ASearchWhoseTrialsAllFailedEndsFailedAndSaysWhy) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  const int64_t search = *harness.Submit(ToySpec(3));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(harness.Fail(worker, *harness.Lease(worker), v1::FAILURE_KIND_INVALID).ok());
  }
  EXPECT_EQ(harness.State(search), v1::SEARCH_STATE_FAILED);
  EXPECT_THAT(
      harness.store().GetSearch(search)->state_reason,
      AllOf(HasSubstr("all 3 trials failed"), HasSubstr("INVALID"), HasSubstr("made to fail")));
}

TEST(Failures, SoItIsWhenTheCoordinatorChangesMeanwhile) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  const int64_t search = *harness.Submit(ToySpec(2));
  ASSERT_TRUE(harness.Fail(worker, *harness.Lease(worker), v1::FAILURE_KIND_INVALID).ok());
  harness.Restart();
  ASSERT_TRUE(harness.Fail(worker, *harness.Lease(worker), v1::FAILURE_KIND_DIVERGED).ok());
  EXPECT_EQ(harness.State(search), v1::SEARCH_STATE_FAILED);
  EXPECT_THAT(harness.store().GetSearch(search)->state_reason, HasSubstr("all 2 trials failed"));
}

TEST(Failures, OneResultIsEnoughToComplete) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  auto spec = ToySpec(2);
  spec.mutable_final()->set_test(false);
  const int64_t search = *harness.Submit(spec);
  ASSERT_TRUE(harness.Fail(worker, *harness.Lease(worker), v1::FAILURE_KIND_INVALID).ok());
  ASSERT_TRUE(harness.Complete(worker, *harness.Lease(worker), 0.5).ok());
  EXPECT_EQ(harness.State(search), v1::SEARCH_STATE_COMPLETED);
}

TEST(Failures, WhatTheInfrastructureLacksIsNeverChargedToATrial) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  const int64_t search = *harness.Submit(ToySpec(1));
  for (int i = 0; i < 10; ++i) {
    const auto lease = harness.Lease(worker);
    ASSERT_NE(lease->work, nullptr) << i;
    ASSERT_TRUE(harness.Fail(worker, *lease, v1::FAILURE_KIND_UNAVAILABLE).ok());
    // Not at once again: what is missing may come.
    EXPECT_EQ(harness.Lease(worker)->work, nullptr);
    EXPECT_THAT(harness.View(search).search.warnings(),
                Contains(AllOf(HasSubstr("waits"), HasSubstr("made to fail"))));
    harness.Advance(absl::Minutes(1));
  }
  EXPECT_EQ(harness.Trials(search)[0].state, v1::TRIAL_STATE_READY);
  const auto lease = harness.Lease(worker);
  ASSERT_TRUE(harness.Renew(worker, *lease).ok());
  EXPECT_EQ(harness.View(search).search.warnings_size(), 0);
  ASSERT_TRUE(harness.Complete(worker, *lease, 0.5).ok());
  EXPECT_EQ(harness.Trials(search)[0].state, v1::TRIAL_STATE_SUCCEEDED);
}

TEST(Failures, AnAccuracyThatIsNoFractionMakesTheTrialInvalid) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  const int64_t search = *harness.Submit(ToySpec(3));
  ASSERT_TRUE(harness.Complete(worker, *harness.Lease(worker), 5.0).ok());
  const auto lease = harness.Lease(worker);
  const auto renewed =
      harness.Renew(worker, *lease, {testing::Measure("validation_accuracy", 1, -1)});
  EXPECT_EQ(renewed->stop(), v1::STOP_REASON_CANCELLED);
  for (int i : {0, 1}) {
    const auto trial = harness.Trials(search)[i];
    EXPECT_EQ(trial.state, v1::TRIAL_STATE_FAILED);
    EXPECT_EQ(trial.failure, v1::FAILURE_KIND_INVALID);
    EXPECT_THAT(trial.error, HasSubstr("fractions"));
    EXPECT_EQ(trial.metrics.count("validation_accuracy"), 0u);
  }
  EXPECT_EQ(harness.View(search).search.leaders_size(), 0);
}

TEST(Failures, ASearchSaysThatNoWorkerMeetsItsRequirements) {
  Harness harness;
  harness.Register("w");
  auto spec = ToySpec(3);
  spec.mutable_requirements()->set_device("cuda");
  spec.mutable_requirements()->set_memory_bytes(int64_t{1} << 40);
  const int64_t search = *harness.Submit(spec);
  EXPECT_THAT(
      harness.View(search).search.warnings(),
      Contains(AllOf(HasSubstr("no worker"), HasSubstr("cuda"), HasSubstr("1099511627776"))));
  EXPECT_EQ(harness.View(*harness.Submit(ToySpec(3))).search.warnings_size(), 0);
}

TEST(Failures, AWorkerThatWaitsGetsTheTaskAgainWithoutAskingAnew) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  ASSERT_TRUE(harness.Submit(ToySpec(1)).ok());
  ASSERT_TRUE(harness.Fail(worker, *harness.Lease(worker), v1::FAILURE_KIND_UNAVAILABLE).ok());
  LeaseTask request;
  request.message.set_request_id(harness.NewRequestId());
  request.message.set_worker_id(worker);
  request.message.mutable_wait()->set_seconds(60);
  const auto answer = harness.Send<LeaseGrant>(request);
  harness.Settle();
  EXPECT_FALSE(answer->has_value());
  EXPECT_LE(harness.engine().UntilNext(), absl::Seconds(2));
  harness.Advance(absl::Seconds(2));
  ASSERT_TRUE(answer->has_value());
  EXPECT_NE((**answer)->work, nullptr);
}

TEST(Failures, ANetworkBeyondEveryWorkersMemoryIsNamedAndNotTried) {
  Harness harness;
  const auto register_with = [&](const std::string& name, int64_t memory) {
    v1::RegisterRequest request;
    request.set_request_id(name);
    request.set_name(name);
    request.set_protocol_version(1);
    request.add_task_kinds(v1::TASK_KIND_TRAIN);
    request.add_slots()->set_kind("cpu");
    request.mutable_slots(0)->set_memory_bytes(memory);
    return harness.Call<v1::RegisterResponse>(request)->worker_id();
  };
  // 6e9 parameters, of which a kernel of 10,001 makes a few lines.
  v1::SearchSpec spec = ToySpec(2);
  spec.mutable_space()->clear_preset();
  spec.mutable_space()->clear_set();
  spec.mutable_space()->set_template_(
      "network: [{conv2d: {channels: 60, kernel: 10001, padding: 5000}}, "
      "{choice: {a: relu, b: tanh, c: gelu}}, global_avg_pool, {linear: {features: classes}}]");
  const int64_t small = register_with("small", int64_t{1} << 30);
  const int64_t large = register_with("large", int64_t{1} << 50);
  const int64_t search = *harness.Submit(spec);
  // As long as somebody has the memory, the others leave it alone.
  EXPECT_EQ(harness.Lease(small)->work, nullptr);
  const auto lease = harness.Lease(large);
  ASSERT_NE(lease->work, nullptr);
  EXPECT_EQ(harness.Trials(search).front().state, v1::TRIAL_STATE_LEASED);
  ASSERT_TRUE(harness.Complete(large, *lease, 0.5).ok());
  harness.Advance(absl::Minutes(10));
  EXPECT_EQ(harness.Lease(small)->work, nullptr);
  const auto trials = harness.Trials(search);
  ASSERT_EQ(trials.size(), 2u);
  const storage::TrialRecord& trial = trials[1];
  EXPECT_EQ(trial.state, v1::TRIAL_STATE_FAILED);
  EXPECT_EQ(trial.failure, v1::FAILURE_KIND_OUT_OF_MEMORY);
  EXPECT_EQ(trial.attempt, 0);
  EXPECT_THAT(trial.error,
              HasSubstr("not tried: 6001200730 parameters and their gradients alone "
                        "take 44.7 GiB, the largest worker that is alive has 1.0 GiB"));
}

}  // namespace
}  // namespace nascent::engine
