// What ends a search before its last trial is proposed, and when that will be.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/engine/testing/harness.h"

namespace nascent::engine {
namespace {

using testing::Harness;
using ::testing::HasSubstr;
using testing::ToySpec;

TEST(Engine, TheTargetStopsTheSearch) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  auto spec = ToySpec(100);
  spec.mutable_stop()->set_target(0.8);
  spec.mutable_final()->set_test(false);
  const int64_t search = *harness.Submit(spec);
  ASSERT_TRUE(harness.Complete(worker, *harness.Lease(worker), 0.5).ok());
  ASSERT_TRUE(harness.Complete(worker, *harness.Lease(worker), 0.85).ok());
  EXPECT_EQ(harness.State(search), v1::SEARCH_STATE_COMPLETED);
  EXPECT_THAT(harness.store().GetSearch(search)->state_reason, HasSubstr("target reached"));
}

TEST(Engine, NoImprovementStopsTheSearch) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  auto spec = ToySpec(100);
  spec.mutable_stop()->set_no_improvement_trials(3);
  spec.mutable_final()->set_test(false);
  const int64_t search = *harness.Submit(spec);
  for (double accuracy : {0.5, 0.6, 0.1, 0.2, 0.6}) {
    ASSERT_TRUE(harness.Complete(worker, *harness.Lease(worker), accuracy).ok());
  }
  EXPECT_EQ(harness.State(search), v1::SEARCH_STATE_COMPLETED);
  EXPECT_EQ(harness.Trials(search).size(), 5u);
}

TEST(Engine, WallTimeEndsTheSearchOnceRunningTrialsAreDone) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  auto spec = ToySpec(100);
  spec.mutable_budget()->clear_trials();
  spec.mutable_budget()->set_wall_seconds(60);
  spec.mutable_budget()->set_lookahead(2);
  spec.mutable_final()->set_test(false);
  const int64_t search = *harness.Submit(spec);
  const auto lease = harness.Lease(worker);
  harness.Advance(absl::Seconds(25));
  ASSERT_TRUE(harness.Renew(worker, *lease).ok());
  harness.Advance(absl::Seconds(25));
  ASSERT_TRUE(harness.Renew(worker, *lease).ok());
  harness.Advance(absl::Seconds(15));
  EXPECT_EQ(harness.State(search), v1::SEARCH_STATE_RUNNING);
  ASSERT_TRUE(harness.Complete(worker, *lease, 0.5).ok());
  EXPECT_EQ(harness.State(search), v1::SEARCH_STATE_COMPLETED);
  EXPECT_EQ(harness.Trials(search)[0].state, v1::TRIAL_STATE_SUCCEEDED);
  EXPECT_EQ(harness.Trials(search)[1].state, v1::TRIAL_STATE_CANCELLED);
}

TEST(Engine, DeviceTimeEndsTheSearch) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  auto spec = ToySpec(100);
  spec.mutable_budget()->clear_trials();
  spec.mutable_budget()->set_device_seconds(35);
  spec.mutable_final()->set_test(false);
  const int64_t search = *harness.Submit(spec);
  EXPECT_EQ(harness.Work(worker), 4);  // of ten seconds each
  EXPECT_EQ(harness.State(search), v1::SEARCH_STATE_COMPLETED);
}

TEST(Engine, TheEstimateOfTheTimeLeftIsWithinAFactorOfTwoAfterAThird) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  const int64_t search = *harness.Submit(ToySpec(30));
  for (int i = 1; i <= 30; ++i) {
    const auto lease = harness.Lease(worker);
    harness.Advance(absl::Seconds(5 + i % 7));
    ASSERT_TRUE(harness.Complete(worker, *lease, 0.5).ok());
    if (i < 10 || i == 30) continue;
    double left = 0;
    for (int j = i + 1; j <= 30; ++j) left += 5 + j % 7;
    const auto progress = harness.View(search).search.progress();
    ASSERT_TRUE(progress.has_remaining_seconds());
    EXPECT_LE(progress.remaining_seconds(), 2 * left);
    EXPECT_GE(progress.remaining_seconds(), left / 2);
  }
}

}  // namespace
}  // namespace nascent::engine
