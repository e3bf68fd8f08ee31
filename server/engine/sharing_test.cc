// Evaluations that several trials refer to.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status_macros.h"
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

void Enqueue(Harness& harness, int64_t search, const std::string& notation = kCell) {
  EnqueueGenotypes enqueue;
  enqueue.request_id = harness.NewRequestId();
  enqueue.search_id = search;
  enqueue.notations = {notation};
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

TEST(Sharing, AnEvaluationThatIsSharedAtOnceTakesTheWeightsOfTheOneItOvertakes) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  Enqueue(harness, *harness.Submit(ManualSpec(v1::SHARING_PROJECT)));
  ASSERT_TRUE(harness.Complete(worker, *harness.Lease(worker), 0.9).ok());
  const int64_t second = *harness.Submit(ManualSpec(v1::SHARING_PROJECT));
  Enqueue(harness, second,
          "|none~0|+|skip_connect~0|none~1|+|skip_connect~0|skip_connect~1|none~2|");
  const auto lease = harness.Lease(worker);
  ASSERT_TRUE(harness.Complete(worker, *lease, 0.5)->weights_wanted());
  ASSERT_TRUE(
      harness.Call<v1::SetWeightsResponse>(testing::WeightsOf(lease->attempt.trial_id(), worker))
          .ok());
  ASSERT_NE(harness.Trials(second)[0].weights, "");
  Enqueue(harness, second);
  harness.Settle();
  ASSERT_EQ(harness.Trials(second)[1].state, v1::TRIAL_STATE_SHARED);
  EXPECT_EQ(harness.Trials(second)[0].weights, "");
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

// --- several evaluators ---

absl::Status CompleteOnce(Harness& harness, int64_t worker, double accuracy) {
  NASCENT_ASSIGN_OR_RETURN(const auto lease, harness.Lease(worker));
  if (lease.work == nullptr) return absl::NotFoundError("no lease");
  return harness.Complete(worker, lease, accuracy).status();
}

TEST(Evaluators, AResultOfOneIsNoResultOfAnotherInEitherOrder) {
  for (const auto& [before, after] : {std::pair("real", "toy"), std::pair("toy", "real")}) {
    Harness harness;
    const int64_t first = *harness.Submit(ManualSpec(v1::SHARING_PROJECT));
    const int64_t worker = harness.Register("a", 1, before);
    Enqueue(harness, first);
    ASSERT_TRUE(CompleteOnce(harness, worker, 0.9).ok());
    const int64_t other = harness.Register("b", 1, after);
    const int64_t second = *harness.Submit(ManualSpec(v1::SHARING_PROJECT));
    Enqueue(harness, second);
    ASSERT_TRUE(CompleteOnce(harness, other, 0.5).ok()) << before;
    const auto trial = harness.Trials(second)[0];
    EXPECT_EQ(trial.state, v1::TRIAL_STATE_SUCCEEDED);
    EXPECT_EQ(trial.evaluator, after);
    EXPECT_DOUBLE_EQ(trial.metrics.at("validation_accuracy"), 0.5);
    EXPECT_NE(trial.evaluation_identity, harness.Trials(first)[0].evaluation_identity);
  }
}

TEST(Evaluators, WhatIsSharedIsDecidedForTheWorkerThatAsks) {
  Harness harness;
  const int64_t real = harness.Register("a", 1, "real");
  const int64_t first = *harness.Submit(ManualSpec(v1::SHARING_PROJECT));
  Enqueue(harness, first);
  ASSERT_TRUE(CompleteOnce(harness, real, 0.9).ok());
  harness.Register("b", 1, "toy");
  // Either could make it: nobody knows yet who will.
  const int64_t second = *harness.Submit(ManualSpec(v1::SHARING_PROJECT));
  Enqueue(harness, second);
  EXPECT_EQ(harness.Trials(second)[0].state, v1::TRIAL_STATE_READY);
  EXPECT_EQ(harness.Lease(real)->work, nullptr);
  const auto trial = harness.Trials(second)[0];
  EXPECT_EQ(trial.state, v1::TRIAL_STATE_SHARED);
  EXPECT_EQ(trial.evaluator, "real");
  EXPECT_DOUBLE_EQ(trial.metrics.at("validation_accuracy"), 0.9);
  EXPECT_EQ(harness.View(second).search.progress().shared(), 1);
}

TEST(Evaluators, SoItIsThroughARestart) {
  Harness harness;
  const int64_t real = harness.Register("a", 1, "real");
  const int64_t first = *harness.Submit(ManualSpec(v1::SHARING_PROJECT));
  Enqueue(harness, first);
  ASSERT_TRUE(CompleteOnce(harness, real, 0.9).ok());
  const int64_t toy = harness.Register("b", 1, "toy");
  const int64_t second = *harness.Submit(ManualSpec(v1::SHARING_PROJECT));
  Enqueue(harness, second);
  harness.Restart();
  const auto lease = harness.Lease(toy);
  ASSERT_NE(lease->work, nullptr);
  harness.Restart();
  ASSERT_TRUE(harness.Complete(toy, *lease, 0.5).ok());
  EXPECT_EQ(harness.Trials(second)[0].evaluator, "toy");
  const int64_t third = *harness.Submit(ManualSpec(v1::SHARING_PROJECT));
  Enqueue(harness, third);
  harness.Restart();
  EXPECT_EQ(harness.Lease(toy)->work, nullptr);
  EXPECT_DOUBLE_EQ(harness.Trials(third)[0].metrics.at("validation_accuracy"), 0.5);
}

TEST(Evaluators, ARunningTwinIsWaitedForByItsOwnEvaluatorOnly) {
  Harness harness;
  const int64_t real = harness.Register("a", 2, "real");
  const int64_t toy = harness.Register("b", 2, "toy");
  const int64_t search = *harness.Submit(ManualSpec(v1::SHARING_SEARCH));
  for (int i = 0; i < 3; ++i) Enqueue(harness, search);
  const auto by_real = harness.Lease(real, 0);
  ASSERT_NE(by_real->work, nullptr);
  EXPECT_EQ(harness.Lease(real, 1)->work, nullptr);
  const auto by_toy = harness.Lease(toy, 0);
  ASSERT_NE(by_toy->work, nullptr);
  EXPECT_EQ(harness.Lease(toy, 1)->work, nullptr);
  harness.Restart();
  EXPECT_EQ(harness.Lease(real, 1)->work, nullptr);
  EXPECT_EQ(harness.Lease(toy, 1)->work, nullptr);
  ASSERT_TRUE(harness.Complete(toy, *by_toy, 0.5).ok());
  EXPECT_EQ(harness.Lease(real, 1)->work, nullptr);
  EXPECT_EQ(harness.Lease(toy, 1)->work, nullptr);
  const auto trials = harness.Trials(search);
  EXPECT_EQ(trials[0].state, v1::TRIAL_STATE_LEASED);
  EXPECT_EQ(trials[1].state, v1::TRIAL_STATE_SUCCEEDED);
  EXPECT_EQ(trials[2].state, v1::TRIAL_STATE_SHARED);
  EXPECT_EQ(trials[2].shared_from, trials[1].id);
}

TEST(Evaluators, WorkersOfTwoVersionsAreAllGivenWork) {
  Harness harness;
  auto spec = ToySpec(20);
  spec.mutable_budget()->clear_parallel();
  spec.set_sharing(v1::SHARING_PROJECT);
  const std::vector<int64_t> workers = {
      harness.Register("a", 1, "1.0"), harness.Register("b", 1, "1.0"),
      harness.Register("c", 1, "1.1"), harness.Register("d", 1, "1.1")};
  ASSERT_TRUE(harness.Submit(spec).ok());
  for (const int64_t worker : workers) EXPECT_NE(harness.Lease(worker)->work, nullptr);
}

TEST(Evaluators, ANewVersionOnWorkersThatDoNotFitHoldsUpNobody) {
  Harness harness;
  const int64_t old = harness.Register("a", 1, "1.0");
  auto spec = ToySpec(3);
  spec.mutable_requirements()->set_device("cpu");
  ASSERT_TRUE(harness.Submit(spec).ok());
  v1::RegisterRequest request;
  request.set_request_id(harness.NewRequestId());
  request.set_name("new");
  request.set_protocol_version(1);
  request.set_evaluator_version("1.1");
  request.add_task_kinds(v1::TASK_KIND_TRAIN);
  request.add_slots()->set_kind("cuda");
  ASSERT_TRUE(harness.Call<v1::RegisterResponse>(request).ok());
  EXPECT_EQ(harness.Work(old), 3);
}

TEST(Evaluators, ACheckpointIsContinuedByItsMakerOnlyAlsoAfterARestart) {
  Harness harness;
  const int64_t real = harness.Register("a", 1, "real");
  const int64_t toy = harness.Register("b", 1, "toy");
  ASSERT_TRUE(harness.Submit(ToySpec(1)).ok());
  const std::string checkpoint(64, 'd');
  const auto release = [&](int64_t worker, const LeaseGrant& lease, const std::string& made) {
    v1::ReleaseRequest request;
    request.set_request_id(harness.NewRequestId());
    request.set_worker_id(worker);
    *request.mutable_attempt() = lease.attempt;
    request.set_checkpoint(made);
    ASSERT_TRUE(harness.Call<v1::ReleaseResponse>(request).ok());
  };
  release(real, *harness.Lease(real), checkpoint);
  const auto by_toy = harness.Lease(toy);
  EXPECT_EQ(by_toy->checkpoint, "");
  release(toy, *by_toy, "");
  harness.Restart();
  const auto again = harness.Lease(real);
  EXPECT_EQ(again->checkpoint, checkpoint);
  harness.Restart();
  EXPECT_EQ(harness.Lease(toy)->work, nullptr);
  release(real, *again, "");
  EXPECT_EQ(harness.Lease(toy)->checkpoint, "");
}

TEST(Evaluators, WeightsAreTestedByTheirMakerAsLongAsThereIsOne) {
  Harness harness;
  const int64_t real = harness.Register("a", 1, "real");
  ASSERT_TRUE(harness.Submit(ToySpec(1)).ok());
  const auto lease = harness.Lease(real);
  ASSERT_TRUE(harness.Complete(real, *lease, 0.5)->weights_wanted());
  ASSERT_TRUE(
      harness.Call<v1::SetWeightsResponse>(testing::WeightsOf(lease->attempt.trial_id(), real))
          .ok());
  const int64_t toy = harness.Register("b", 1, "toy");
  EXPECT_EQ(harness.Lease(toy)->work, nullptr);
  harness.Advance(absl::Minutes(3));  // the maker is gone
  const auto test = harness.Lease(toy);
  ASSERT_NE(test->work, nullptr);
  EXPECT_EQ(test->kind, v1::TASK_KIND_FINAL_TEST);
  EXPECT_EQ(test->weights, "");  // it trains again
}

}  // namespace
}  // namespace nascent::engine
