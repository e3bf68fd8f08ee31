// Scores without training: as rungs of a ladder and as goals.

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <limits>

#include "common/rank_agreement.h"
#include "server/engine/testing/harness.h"
#include "server/engine/view/ended_search.h"
#include "server/engine/view/task_message.h"

namespace nascent::engine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::Harness;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Measure;

// Of three that are scored one is trained.
v1::SearchSpec Funnel() {
  v1::SearchSpec spec = testing::ToySpec(1);
  spec.mutable_fidelities()->add_rungs()->mutable_zero_cost()->set_metric("synflow");
  spec.mutable_fidelities()->add_rungs();
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(
                  R"({"successive_halving": {"configurations": 3, "reduction_factor": 3}})",
                  spec.mutable_strategy())
                  .ok());
  return spec;
}

void Score(Harness& harness, int64_t worker, const LeaseGrant& lease, double score) {
  v1::CompleteRequest request;
  request.set_request_id(harness.NewRequestId());
  request.set_worker_id(worker);
  *request.mutable_attempt() = lease.attempt;
  *request.add_measurements() = Measure("synflow", 0, score);
  const auto answer = harness.Call<v1::CompleteResponse>(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_FALSE(answer->weights_wanted());
}

TEST(Scores, ARungOfOneIsMeasuredAndTheBestIsTrained) {
  Harness harness;
  const int64_t worker = harness.Register("w", 1, "test", {"synflow"});
  const auto search = harness.Submit(Funnel());
  ASSERT_TRUE(search.ok()) << search.status();
  for (double score : {1.0, 3.0, 2.0}) {
    const auto lease = harness.Lease(worker);
    ASSERT_NE(lease->work, nullptr);
    const auto task = MakeLeaseResponse(*lease);
    ASSERT_TRUE(task.ok()) << task.status();
    EXPECT_EQ(task->task().train().fidelity().zero_cost(), "synflow");
    EXPECT_THAT(task->task().train().scores(), ElementsAre("synflow"));
    EXPECT_FALSE(task->task().train().keep_checkpoint());
    Score(harness, worker, *lease, score);
  }
  const auto lease = harness.Lease(worker);
  const auto task = MakeLeaseResponse(*lease);
  EXPECT_EQ(task->task().train().fidelity().zero_cost(), "");
  EXPECT_THAT(task->task().train().scores(), IsEmpty());
  ASSERT_TRUE(harness.Complete(worker, *lease, 0.5).ok());
  const auto trials = harness.Trials(*search);
  ASSERT_EQ(trials.size(), 4u);
  EXPECT_EQ(trials[1].state, v1::TRIAL_STATE_SUCCEEDED);
  EXPECT_EQ(trials[1].metrics.at("synflow"), 3);
  EXPECT_EQ(trials[3].continues, 2);
  // What was scored leads nothing.
  ASSERT_EQ(harness.View(*search).search.leaders_size(), 1);
  EXPECT_EQ(harness.View(*search).search.leaders(0).number(), 4);
}

TEST(Scores, ThatAreNotFiniteEndTheTrialAndItNeverGoesOn) {
  Harness harness;
  const int64_t worker = harness.Register("w", 1, "test", {"synflow"});
  const auto search = harness.Submit(Funnel());
  for (double score : {std::numeric_limits<double>::infinity(), -3.0, -2.0}) {
    Score(harness, worker, *harness.Lease(worker), score);
  }
  ASSERT_TRUE(harness.Complete(worker, *harness.Lease(worker), 0.5).ok());
  const auto trials = harness.Trials(*search);
  EXPECT_EQ(trials[0].state, v1::TRIAL_STATE_FAILED);
  EXPECT_EQ(trials[0].failure, v1::FAILURE_KIND_DIVERGED);
  EXPECT_THAT(trials[0].error, HasSubstr("synflow"));
  EXPECT_EQ(trials[3].continues, 3);
}

TEST(Scores, CountInNoNumberOfTrials) {
  Harness harness;
  const int64_t worker = harness.Register("w", 1, "test", {"synflow"});
  v1::SearchSpec spec = testing::FunnelSpec(5);
  spec.mutable_stop()->set_no_improvement_trials(3);
  const auto search = harness.Submit(spec);
  ASSERT_TRUE(search.ok()) << search.status();
  for (int i = 0; i < 12; ++i) Score(harness, worker, *harness.Lease(worker), i);
  v1::SearchProgress progress = harness.View(*search).search.progress();
  EXPECT_EQ(progress.finished(), 0);
  EXPECT_EQ(progress.scored(), 12);
  EXPECT_EQ(progress.succeeded(), 12);
  ASSERT_TRUE(harness.Complete(worker, *harness.Lease(worker), 0.5).ok());
  harness.Restart();  // It counts the same again.
  progress = harness.View(*search).search.progress();
  EXPECT_EQ(progress.finished(), 1);
  EXPECT_EQ(progress.scored(), 12);
  for (double worse : {0.4, 0.3, 0.2}) {
    EXPECT_EQ(harness.State(*search), v1::SEARCH_STATE_RUNNING);
    ASSERT_TRUE(harness.Complete(worker, *harness.Lease(worker), worse).ok());
  }
  const auto record = harness.store().GetSearch(*search);
  EXPECT_EQ(record->state_reason, "no improvement in 3 trials");
  const auto ended = ReadSearch(harness.store(), *record, /*leaders=*/false);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(ended->progress().finished(), 4);
  EXPECT_EQ(ended->progress().scored(), 12);
}

TEST(Scores, AreHeldAgainstTheRungAbove) {
  Harness harness;
  const int64_t worker = harness.Register("w", 1, "test", {"synflow"});
  const auto search = harness.Submit(testing::FunnelSpec(10));
  const auto trust = [&] { return harness.View(*search).search.rung_trust(); };
  for (int i = 0; i < 12; ++i) Score(harness, worker, *harness.Lease(worker), i);
  ASSERT_EQ(trust().size(), 2);
  EXPECT_EQ(trust()[0].known(), 12);
  EXPECT_FALSE(trust()[0].has_tau_top());
  // The best of four goes on, and is not compared with itself one rung below.
  const double accuracies[] = {0.5, 0.3, 0.6, 0.4};  // from the best score down
  for (const double each : accuracies) {
    ASSERT_TRUE(harness.Complete(worker, *harness.Lease(worker), each).ok());
  }
  const auto expected = KendallTau({{3, 0.5}, {2, 0.3}, {1, 0.6}, {0, 0.4}});
  for (const bool restarted : {false, true}) {
    if (restarted) harness.Restart();
    const auto both = trust();
    EXPECT_EQ(both[0].promoted(), 4);
    EXPECT_DOUBLE_EQ(both[0].tau_top(), expected->tau);
    EXPECT_DOUBLE_EQ(both[0].tau_top_error(), expected->error);
    EXPECT_FALSE(both[0].has_tau()) << "no loser went up";
    EXPECT_EQ(both[1].known(), 4);
    EXPECT_EQ(both[1].promoted(), 0);
  }
  ASSERT_TRUE(harness.Change(*search, ChangeSearch::How::kCancel).ok());
  const auto record = harness.store().GetSearch(*search);
  const auto ended = ReadSearch(harness.store(), *record, /*leaders=*/true);
  ASSERT_TRUE(ended.ok()) << ended.status();
  ASSERT_EQ(ended->rung_trust_size(), 2);
  EXPECT_DOUBLE_EQ(ended->rung_trust(0).tau_top(), expected->tau);
}

TEST(Scores, ThatNoCandidateHasEndTheSearch) {
  Harness harness;
  const int64_t worker = harness.Register("w", 1, "test", {"synflow"});
  const auto search = harness.Submit(testing::FunnelSpec(5));
  const double none = -std::numeric_limits<double>::infinity();
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(harness.State(*search), v1::SEARCH_STATE_RUNNING);
    Score(harness, worker, *harness.Lease(worker), none);
  }
  const auto record = harness.store().GetSearch(*search);
  EXPECT_EQ(record->state, v1::SEARCH_STATE_FAILED);
  EXPECT_THAT(record->state_reason,
              HasSubstr("of 1000 scored none could be trained: 1000 DIVERGED; the last one: "));
}

TEST(Scores, AreAskedOfWorkersThatDeclareThemAlsoAfterARestart) {
  Harness harness;
  int64_t other = harness.Register("other");
  const auto search = harness.Submit(Funnel());
  EXPECT_EQ(harness.Lease(other)->work, nullptr);
  EXPECT_THAT(harness.View(*search).search.warnings(),
              Contains(HasSubstr("no worker that is alive measures synflow")));
  harness.Restart();
  other = harness.Register("other");
  const int64_t worker = harness.Register("w", 1, "test", {"nwot", "synflow"});
  EXPECT_EQ(harness.Lease(other)->work, nullptr);
  const auto lease = harness.Lease(worker);
  ASSERT_NE(lease->work, nullptr);
  // Declared and not measured is a failure with a name.
  ASSERT_TRUE(harness.Complete(worker, *lease, 0.5).ok());
  EXPECT_EQ(harness.Trials(*search)[0].state, v1::TRIAL_STATE_FAILED);
  EXPECT_THAT(harness.Trials(*search)[0].error, HasSubstr("measured no synflow"));
}

TEST(Scores, OfAnEvaluationArePartOfWhatItIs) {
  v1::SearchSpec plain = testing::ToySpec(1);
  plain.set_sharing(v1::SHARING_PROJECT);
  v1::SearchSpec scored = plain;
  scored.add_objectives()->set_metric("validation_accuracy");
  scored.mutable_objectives(0)->set_goal(v1::GOAL_MAXIMIZE);
  scored.add_objectives()->set_metric("synflow");
  scored.mutable_objectives(1)->set_goal(v1::GOAL_MAXIMIZE);
  Harness harness;
  const int64_t worker = harness.Register("w", 1, "test", {"synflow"});
  ASSERT_TRUE(harness.Submit(plain).ok());
  ASSERT_TRUE(harness.Complete(worker, *harness.Lease(worker), 0.5).ok());
  // The same network with the same recipe, but with a score: it is evaluated again.
  const auto search = harness.Submit(scored);
  ASSERT_TRUE(search.ok()) << search.status();
  EXPECT_EQ(harness.Trials(*search)[0].state, v1::TRIAL_STATE_READY);
}

}  // namespace
}  // namespace nascent::engine
