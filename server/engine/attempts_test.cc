// How attempts end that bring no result, and what becomes of their trials.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/match.h"
#include "server/engine/testing/harness.h"

namespace nascent::engine {
namespace {

using testing::Harness;
using ::testing::HasSubstr;
using testing::Measure;
using testing::ToySpec;

TEST(Engine, APoisonTrialFailsAfterThreeAttemptsAndTheOthersGoOn) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  const int64_t search = *harness.Submit(ToySpec(2));
  for (int attempt = 1; attempt <= 3; ++attempt) {
    const auto lease = harness.Lease(worker);
    ASSERT_NE(lease->work, nullptr);
    EXPECT_EQ(lease->trial_number, 1);
    EXPECT_EQ(lease->attempt.attempt(), attempt);
    ASSERT_TRUE(harness.Fail(worker, *lease, v1::FAILURE_KIND_CRASHED).ok());
  }
  const auto next = harness.Lease(worker);
  EXPECT_EQ(next->trial_number, 2);
  ASSERT_TRUE(harness.Complete(worker, *next, 0.5).ok());
  const auto trials = harness.Trials(search);
  EXPECT_EQ(trials[0].state, v1::TRIAL_STATE_FAILED);
  EXPECT_EQ(trials[0].failure, v1::FAILURE_KIND_POISON);
  EXPECT_THAT(trials[0].error, HasSubstr("made to fail"));
  EXPECT_EQ(trials[1].state, v1::TRIAL_STATE_SUCCEEDED);
}

TEST(Engine, WhatACrashedAttemptMeasuredLastIsKept) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  const int64_t search = *harness.Submit(ToySpec(1));
  for (int attempt = 1; attempt <= 3; ++attempt) {
    const auto lease = harness.Lease(worker);
    v1::FailRequest fail;
    fail.set_request_id(harness.NewRequestId());
    fail.set_worker_id(worker);
    *fail.mutable_attempt() = lease->attempt;
    fail.set_kind(v1::FAILURE_KIND_CRASHED);
    *fail.add_measurements() = Measure("validation_loss", 1, attempt);
    ASSERT_TRUE(harness.Call<v1::FailResponse>(fail).ok());
    EXPECT_EQ(harness.Trials(search)[0].metrics.at("validation_loss"), attempt);
  }
  EXPECT_EQ(harness.Trials(search)[0].failure, v1::FAILURE_KIND_POISON);
  const auto events = harness.store().LoadEvents(search, 0, 10);
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ(events->front().metrics.at("validation_loss"), 3);
}

TEST(Engine, AReleasedTaskIsLeasedAgainAtOnceAndNotCharged) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  const int64_t search = *harness.Submit(ToySpec(1));
  for (int i = 0; i < 5; ++i) {
    const auto lease = harness.Lease(worker);
    ASSERT_NE(lease->work, nullptr);
    ASSERT_TRUE(harness.Release(worker, *lease).ok());
  }
  const auto lease = harness.Lease(worker);
  ASSERT_TRUE(harness.Complete(worker, *lease, 0.5).ok());
  EXPECT_EQ(harness.Trials(search)[0].state, v1::TRIAL_STATE_SUCCEEDED);
}

TEST(Engine, ExpiredLeasesAreChargedAndEndInPoison) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  const int64_t search = *harness.Submit(ToySpec(1));
  harness.Advance(absl::Seconds(40));  // past the pause after the start
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto lease = harness.Lease(worker);
    ASSERT_NE(lease->work, nullptr) << attempt;
    harness.Advance(absl::Seconds(31));
  }
  EXPECT_EQ(harness.Trials(search)[0].failure, v1::FAILURE_KIND_POISON);
}

TEST(Engine, ARenewedLeaseDoesNotRunOut) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  ASSERT_TRUE(harness.Submit(ToySpec(1)).ok());
  const auto lease = harness.Lease(worker);
  for (int i = 0; i < 10; ++i) {
    harness.Advance(absl::Seconds(20));
    ASSERT_TRUE(harness.Renew(worker, *lease).ok());
  }
  EXPECT_TRUE(harness.Complete(worker, *lease, 0.5).ok());
}

TEST(Engine, LeasesSurviveARestartAndGetTimeToRenew) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  const int64_t search = *harness.Submit(ToySpec(2));
  const auto lease = harness.Lease(worker);
  harness.clock().Advance(absl::Seconds(100));  // nobody was there
  harness.Restart();
  harness.Advance(absl::Seconds(20));
  EXPECT_TRUE(harness.Renew(worker, *lease).ok());
  EXPECT_TRUE(harness.Complete(worker, *lease, 0.5).ok());
  EXPECT_EQ(harness.View(search).search.progress().succeeded(), 1);
}

TEST(Engine, AWorkerThatStartsAgainUnderItsNameLosesWhatItHeld) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  ASSERT_TRUE(harness.Submit(ToySpec(1)).ok());
  const auto lease = harness.Lease(worker);
  EXPECT_EQ(harness.Register("w"), worker);
  harness.Settle();
  const auto again = harness.Lease(worker);
  ASSERT_NE(again->work, nullptr);
  EXPECT_EQ(again->attempt.attempt(), 2);
  EXPECT_FALSE(harness.Renew(worker, *lease).ok());
}

// Each step looks at all reports that were put off: with tens of thousands of them everybody waits.
TEST(Engine, AFloodOfMeasurementsOfOneTaskIsRefusedBeyondWhatCanBeStored) {
  Harness harness;
  const int64_t flooding = harness.Register("flooding");
  const int64_t other = harness.Register("other");
  ASSERT_TRUE(harness.Submit(ToySpec(10)).ok());
  ASSERT_TRUE(harness.Submit(ToySpec(10)).ok());
  const auto flooded = harness.Lease(flooding);
  const auto others = harness.Lease(other);
  std::vector<std::shared_ptr<std::optional<absl::StatusOr<v1::RenewResponse>>>> answers;
  for (int i = 0; i < 1000; ++i) {
    v1::RenewRequest renewal;
    renewal.set_request_id(harness.NewRequestId());
    renewal.set_worker_id(flooding);
    *renewal.mutable_attempt() = flooded->attempt;
    *renewal.add_measurements() = Measure("validation_accuracy", i + 1, 0.5);
    answers.push_back(harness.Send<v1::RenewResponse>(renewal));
  }
  EXPECT_TRUE(harness.Renew(other, *others, {Measure("validation_accuracy", 1, 0.5)}).ok());
  int stored = 0;
  int refused = 0;
  for (const auto& answer : answers) {
    ASSERT_TRUE(answer->has_value());
    const absl::Status& status = (*answer)->status();
    stored += status.ok();
    refused += absl::IsResourceExhausted(status) &&
               absl::StrContains(status.message(), "try again in 1 s");
  }
  EXPECT_EQ(stored, 101);
  EXPECT_EQ(refused, 899);
}

}  // namespace
}  // namespace nascent::engine
