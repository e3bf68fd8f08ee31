// Evaluations that several trials refer to.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/engine/testing/harness.h"

namespace nascent::engine {
namespace {

using testing::Harness;
using testing::ToySpec;

constexpr char kCell[] =
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|skip_connect~1|none~2|";

v1::SearchSpec ManualSpec(v1::Sharing sharing) {
  v1::SearchSpec spec = ToySpec(10);
  spec.mutable_strategy()->set_string_value("manual");
  spec.mutable_budget()->set_parallel(4);
  spec.set_sharing(sharing);
  return spec;
}

void Enqueue(Harness& harness, int64_t search) {
  EnqueueGenotypes enqueue;
  enqueue.request_id = harness.NewRequestId();
  enqueue.search_id = search;
  enqueue.notations = {kCell};
  auto numbers = harness.Call<std::vector<int64_t>>(enqueue);
  ASSERT_TRUE(numbers.ok()) << numbers.status();
}

TEST(Sharing, AFinishedEvaluationIsUsedAtOnceAcrossSearches) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  const int64_t first = *harness.Submit(ManualSpec(v1::SHARING_PROJECT));
  Enqueue(harness, first);
  const auto lease = harness.Lease(worker);
  ASSERT_TRUE(harness.Complete(worker, *lease, 0.5).ok());
  const int64_t second = *harness.Submit(ManualSpec(v1::SHARING_PROJECT));
  Enqueue(harness, second);
  harness.Settle();
  const auto trials = harness.Trials(second);
  ASSERT_EQ(trials.size(), 1u);
  EXPECT_EQ(trials[0].state, v1::TRIAL_STATE_SHARED);
  EXPECT_EQ(trials[0].shared_from, lease->attempt.trial_id());
  EXPECT_DOUBLE_EQ(trials[0].metrics.at("validation_accuracy"), 0.5);
  EXPECT_EQ(harness.View(second).search.leaders_size(), 1);
}

TEST(Sharing, ARunningEvaluationIsJoinedAndNotLeasedTwice) {
  Harness harness;
  const int64_t worker = harness.Register("w", 2);
  const int64_t first = *harness.Submit(ManualSpec(v1::SHARING_PROJECT));
  const int64_t second = *harness.Submit(ManualSpec(v1::SHARING_PROJECT));
  Enqueue(harness, first);
  Enqueue(harness, second);
  const auto lease = harness.Lease(worker, 0);
  ASSERT_NE(lease->work, nullptr);
  EXPECT_EQ(harness.Lease(worker, 1)->work, nullptr);
  ASSERT_TRUE(harness.Complete(worker, *lease, 0.5).ok());
  EXPECT_EQ(harness.Trials(second)[0].state, v1::TRIAL_STATE_SHARED);
  EXPECT_EQ(harness.Trials(first)[0].state, v1::TRIAL_STATE_SUCCEEDED);
}

TEST(Sharing, AJoinedTrialIsLeasedWhenItsTwinIsAbandoned) {
  Harness harness;
  const int64_t worker = harness.Register("w", 2);
  const int64_t first = *harness.Submit(ManualSpec(v1::SHARING_PROJECT));
  const int64_t second = *harness.Submit(ManualSpec(v1::SHARING_PROJECT));
  Enqueue(harness, first);
  Enqueue(harness, second);
  ASSERT_TRUE(harness.Change(first, ChangeSearch::How::kCancel).ok());
  const auto lease = harness.Lease(worker);
  ASSERT_NE(lease->work, nullptr);
  EXPECT_EQ(lease->search_id, second);
}

TEST(Sharing, JoinedTrialsSurviveARestart) {
  Harness harness;
  const int64_t worker = harness.Register("w", 2);
  const int64_t first = *harness.Submit(ManualSpec(v1::SHARING_PROJECT));
  const int64_t second = *harness.Submit(ManualSpec(v1::SHARING_PROJECT));
  Enqueue(harness, first);
  Enqueue(harness, second);
  const auto lease = harness.Lease(worker);
  harness.Restart();
  EXPECT_EQ(harness.Lease(worker, 1)->work, nullptr);
  ASSERT_TRUE(harness.Complete(worker, *lease, 0.5).ok());
  EXPECT_EQ(harness.Trials(second)[0].state, v1::TRIAL_STATE_SHARED);
}

TEST(Sharing, ADivergedEvaluationIsSharedToo) {
  Harness harness;
  const int64_t worker = harness.Register("w", 2);
  const int64_t search = *harness.Submit(ManualSpec(v1::SHARING_SEARCH));
  Enqueue(harness, search);
  Enqueue(harness, search);
  const auto lease = harness.Lease(worker);
  ASSERT_TRUE(harness.Fail(worker, *lease, v1::FAILURE_KIND_DIVERGED).ok());
  const auto trials = harness.Trials(search);
  EXPECT_EQ(trials[0].state, v1::TRIAL_STATE_FAILED);
  EXPECT_EQ(trials[1].state, v1::TRIAL_STATE_SHARED);
  EXPECT_EQ(trials[1].failure, v1::FAILURE_KIND_DIVERGED);
}

TEST(Sharing, OffMeansThatEveryTrialIsEvaluated) {
  Harness harness;
  const int64_t worker = harness.Register("w", 2);
  const int64_t search = *harness.Submit(ManualSpec(v1::SHARING_OFF));
  Enqueue(harness, search);
  Enqueue(harness, search);
  EXPECT_NE(harness.Lease(worker, 0)->work, nullptr);
  EXPECT_NE(harness.Lease(worker, 1)->work, nullptr);
}

TEST(Sharing, AnotherProjectsEvaluationsAreNotUsed) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  const int64_t first = *harness.Submit(ManualSpec(v1::SHARING_PROJECT));
  Enqueue(harness, first);
  ASSERT_TRUE(harness.Complete(worker, *harness.Lease(worker), 0.5).ok());
  auto spec = ManualSpec(v1::SHARING_PROJECT);
  spec.set_project("other");
  const int64_t second = *harness.Submit(spec);
  Enqueue(harness, second);
  EXPECT_NE(harness.Lease(worker)->work, nullptr);
}

}  // namespace
}  // namespace nascent::engine
