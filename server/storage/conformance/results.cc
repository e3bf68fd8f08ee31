// What every store does with final tests, evaluations and weights.

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "server/storage/conformance/transitions.h"
#include "server/storage/trial_store_conformance.h"

namespace nascent::storage {
namespace {

using conformance::Event;
using conformance::Finish;
using conformance::Grant;
using conformance::kSha;
using conformance::Measured;
using conformance::Proposal;
using conformance::Return;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

TEST_P(TrialStoreConformance, AFinalTestAddsMetricsAndLeavesTheTrialsStateAlone) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  const int64_t worker = NewWorker();
  EXPECT_CODE(ApplyOne(AddFinalTask{trial.id, 0}), kFailedPrecondition);
  Lease(trial.task_id, 1, worker);
  Apply({Finish(trial.task_id, 1, "f", {Measured("validation_accuracy", 1, 0.9)})});
  const Outcome test = ApplyOne(AddFinalTask{trial.id, 0});
  ASSERT_TRUE(test.status.ok()) << test.status;
  EXPECT_EQ(test.id, test.task_id);
  EXPECT_NE(test.task_id, trial.task_id);
  EXPECT_EQ(ApplyOne(AddFinalTask{trial.id, 0}).task_id, test.task_id);
  const Outcome other_seed = ApplyOne(AddFinalTask{trial.id, 1});
  EXPECT_NE(other_seed.task_id, test.task_id);
  const auto open = store().LoadOpenTasks(search);
  ASSERT_THAT(*open, SizeIs(2));
  EXPECT_EQ((*open)[0].kind, v1::TASK_KIND_FINAL_TEST);
  EXPECT_EQ((*open)[1].seed_offset, 1);
  Lease(test.task_id, 1, worker);
  EXPECT_EQ(TrialOf(search, 1).state, v1::TRIAL_STATE_SUCCEEDED);
  FinishAttempt failed = Finish(other_seed.task_id, 1, "g");
  Lease(other_seed.task_id, 1, worker);
  failed.state = v1::TRIAL_STATE_FAILED;
  failed.failure = v1::FAILURE_KIND_CRASHED;
  const auto outcomes =
      Apply({Finish(test.task_id, 1, "t", {Measured("test_accuracy", 1, 0.8)}), failed});
  EXPECT_CODE(outcomes[0], kOk);
  EXPECT_CODE(outcomes[1], kOk);
  const TrialRecord read = TrialOf(search, 1);
  EXPECT_EQ(read.state, v1::TRIAL_STATE_SUCCEEDED);
  EXPECT_EQ(read.failure, v1::FAILURE_KIND_UNSPECIFIED);
  EXPECT_THAT(read.metrics,
              ElementsAre(Pair("test_accuracy", 0.8), Pair("validation_accuracy", 0.9)));
  EXPECT_THAT(*store().LoadOpenTasks(search), IsEmpty());
  EXPECT_CODE(ApplyOne(AddFinalTask{999, 0}), kNotFound);
}

TEST_P(TrialStoreConformance, AnEvaluationIsFoundByWhoMayShareIt) {
  const int64_t search = NewSearch("a", "vision");
  const Outcome trial = NewTrial(search, 1, "identity");
  Lease(trial.task_id, 1, NewWorker());
  EXPECT_FALSE(store().FindEvaluation("identity", std::nullopt, std::nullopt)->has_value());
  Apply({Finish(trial.task_id, 1, "f", {Measured("a", 1, 0.9)})});
  const auto found = store().FindEvaluation("identity", "vision", std::nullopt);
  ASSERT_TRUE(found.ok() && found->has_value()) << found.status();
  EXPECT_EQ((*found)->trial_id, trial.id);
  EXPECT_EQ((*found)->search_id, search);
  EXPECT_EQ((*found)->state, v1::TRIAL_STATE_SUCCEEDED);
  EXPECT_THAT((*found)->metrics, ElementsAre(Pair("a", 0.9)));
  EXPECT_TRUE(store().FindEvaluation("identity", std::nullopt, search)->has_value());
  EXPECT_FALSE(store().FindEvaluation("identity", "speech", std::nullopt)->has_value());
  EXPECT_FALSE(store().FindEvaluation("identity", std::nullopt, search + 1)->has_value());
  EXPECT_FALSE(store().FindEvaluation("other", std::nullopt, std::nullopt)->has_value());
}

TEST_P(TrialStoreConformance, DivergenceIsAnEvaluationAndACrashIsNot) {
  const int64_t search = NewSearch();
  const int64_t worker = NewWorker();
  const Outcome one = NewTrial(search, 1, "diverges");
  const Outcome two = NewTrial(search, 2, "crashes");
  Lease(one.task_id, 1, worker);
  Lease(two.task_id, 1, worker);
  FinishAttempt diverged = Finish(one.task_id, 1, "a");
  diverged.state = v1::TRIAL_STATE_FAILED;
  diverged.failure = v1::FAILURE_KIND_DIVERGED;
  FinishAttempt crashed = Finish(two.task_id, 1, "b");
  crashed.state = v1::TRIAL_STATE_FAILED;
  crashed.failure = v1::FAILURE_KIND_CRASHED;
  Apply({diverged, crashed});
  const auto found = store().FindEvaluation("diverges", std::nullopt, search);
  ASSERT_TRUE(found.ok() && found->has_value()) << found.status();
  EXPECT_EQ((*found)->failure, v1::FAILURE_KIND_DIVERGED);
  EXPECT_FALSE(store().FindEvaluation("crashes", std::nullopt, search)->has_value());
}

TEST_P(TrialStoreConformance, ASharedTrialHasItsTwinsResultEvenWhenTheTwinIsDeleted) {
  const int64_t first = NewSearch("a");
  const int64_t second = NewSearch("b");
  const Outcome made = NewTrial(first, 1, "identity");
  Lease(made.task_id, 1, NewWorker());
  Apply({Finish(made.task_id, 1, "f", {Measured("a", 1, 0.9)})});
  AddTrial shared = Proposal(second, 1, "identity");
  shared.trial.shared_from = made.id;
  const Outcome outcome = ApplyOne(shared);
  EXPECT_EQ(outcome.task_id, 0);
  Apply({ChangeSearchState{"", first, v1::SEARCH_STATE_CANCELLED, ""}, DeleteSearch{"", first}});
  const TrialRecord read = TrialOf(second, 1);
  EXPECT_EQ(read.state, v1::TRIAL_STATE_SHARED);
  EXPECT_EQ(read.shared_from, made.id);
  EXPECT_TRUE(read.finished_at.has_value());
  EXPECT_THAT(read.metrics, ElementsAre(Pair("a", 0.9)));
  EXPECT_THAT(*store().LoadOpenTasks(second), IsEmpty());
  EXPECT_TRUE(store().FindEvaluation("identity", "default", std::nullopt)->has_value());
}

TEST_P(TrialStoreConformance, AJoinedTrialWaitsForItsTwin) {
  const int64_t search = NewSearch();
  AddTrial add = Proposal(search, 1, "identity");
  add.joined = true;
  AddTrial other = Proposal(search, 2, "identity");
  other.joined = true;
  const auto added = Apply({add, other});
  EXPECT_EQ(added[0].task_id, 0);
  EXPECT_THAT(*store().LoadOpenTasks(search), IsEmpty());
  EXPECT_EQ(TrialOf(search, 1).state, v1::TRIAL_STATE_READY);
  EXPECT_TRUE(TrialOf(search, 1).joined);

  ResolveJoined resolve;
  resolve.trial_id = added[0].id;
  resolve.evaluation.emplace();
  resolve.evaluation->trial_id = 77;
  resolve.evaluation->identity = "identity";
  resolve.evaluation->state = v1::TRIAL_STATE_FAILED;
  resolve.evaluation->failure = v1::FAILURE_KIND_DIVERGED;
  resolve.evaluation->metrics = {{"a", 0.9}};
  resolve.events = {Event(1, 1, v1::TRIAL_STATE_SHARED)};
  EXPECT_CODE(ApplyOne(resolve), kOk);
  TrialRecord read = TrialOf(search, 1);
  EXPECT_EQ(read.state, v1::TRIAL_STATE_SHARED);
  EXPECT_EQ(read.failure, v1::FAILURE_KIND_DIVERGED);
  EXPECT_EQ(read.shared_from, 77);
  EXPECT_FALSE(read.joined);
  EXPECT_THAT(read.metrics, ElementsAre(Pair("a", 0.9)));
  EXPECT_THAT(*store().LoadEvents(search, 0, 10), SizeIs(1));
  EXPECT_CODE(ApplyOne(resolve), kFailedPrecondition);

  ResolveJoined abandoned;
  abandoned.trial_id = added[1].id;
  const Outcome own = ApplyOne(abandoned);
  EXPECT_CODE(own, kOk);
  EXPECT_GT(own.task_id, 0);
  EXPECT_FALSE(TrialOf(search, 2).joined);
  EXPECT_THAT(*store().LoadOpenTasks(search), SizeIs(1));
  Lease(own.task_id, 1, NewWorker());
  abandoned.trial_id = 999;
  EXPECT_CODE(ApplyOne(abandoned), kNotFound);
}

TEST_P(TrialStoreConformance, ATrialThatWaitsForAWorkerMayGetATwinsResultInstead) {
  const int64_t search = NewSearch();
  const int64_t worker = NewWorker();
  const Outcome ready = NewTrial(search, 1);
  const Outcome runs = NewTrial(search, 2);
  Lease(runs.task_id, 1, worker);
  ResolveJoined resolve;
  resolve.trial_id = ready.id;
  resolve.evaluation.emplace();
  resolve.evaluation->trial_id = 77;
  resolve.evaluation->identity = "identity";
  resolve.evaluation->evaluator = "trainer 1";
  resolve.evaluation->metrics = {{"a", 0.9}};
  EXPECT_CODE(ApplyOne(resolve), kOk);
  const TrialRecord read = TrialOf(search, 1);
  EXPECT_EQ(read.state, v1::TRIAL_STATE_SHARED);
  EXPECT_EQ(read.evaluation_identity, "identity");
  EXPECT_EQ(read.evaluator, "trainer 1");
  EXPECT_THAT(*store().LoadOpenTasks(search), SizeIs(1));
  EXPECT_CODE(ApplyOne(Grant(ready.task_id, 1, worker, "late")), kFailedPrecondition);
  resolve.trial_id = runs.id;
  EXPECT_CODE(ApplyOne(resolve), kFailedPrecondition);
  EXPECT_EQ(TrialOf(search, 2).state, v1::TRIAL_STATE_LEASED);
}

TEST_P(TrialStoreConformance, AnEvaluationIsThatOfTheEvaluatorThatHeldTheLease) {
  const int64_t search = NewSearch();
  const int64_t worker = NewWorker();
  const Outcome trial = NewTrial(search, 1);
  GrantLease first = Grant(trial.task_id, 1, worker, "");
  first.evaluator = "trainer 1";
  first.evaluation_identity = "by 1";
  ApplyOne(first);
  EXPECT_EQ(store().LoadOpenTasks(search)->front().evaluator, "trainer 1");
  ReturnAttempt back = Return(trial.task_id, 1, ReturnAttempt::How::kReleased, false);
  back.checkpoint = kSha;
  ApplyOne(back);
  const TaskRecord returned = store().LoadOpenTasks(search)->front();
  EXPECT_EQ(returned.evaluator, "");
  EXPECT_EQ(returned.checkpoint_evaluator, "trainer 1");
  GrantLease second = Grant(trial.task_id, 2, worker, "");
  second.evaluator = "trainer 2";
  second.evaluation_identity = "by 2";
  ApplyOne(second);
  EXPECT_CODE(ApplyOne(Return(trial.task_id, 2, ReturnAttempt::How::kCrashed, true)), kOk);
  // Without a checkpoint of its own it leaves the older one and its maker.
  EXPECT_EQ(store().LoadOpenTasks(search)->front().checkpoint_evaluator, "trainer 1");
  second.attempt = 3;
  ApplyOne(second);
  Apply({Finish(trial.task_id, 3, "f", {Measured("a", 1, 0.9)})});
  const TrialRecord read = TrialOf(search, 1);
  EXPECT_EQ(read.evaluator, "trainer 2");
  EXPECT_EQ(read.evaluation_identity, "by 2");
  EXPECT_FALSE(store().FindEvaluation("by 1", std::nullopt, search)->has_value());
  const auto found = store().FindEvaluation("by 2", std::nullopt, search);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->evaluator, "trainer 2");
}

TEST_P(TrialStoreConformance, WeightsBelongToTheAttemptThatMadeTheResult) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1, "identity");
  const int64_t worker = NewWorker();
  Lease(trial.task_id, 1, worker);
  Apply({Return(trial.task_id, 1, ReturnAttempt::How::kExpired, true)});
  Lease(trial.task_id, 2, worker);
  EXPECT_CODE(ApplyOne(SetWeights{"w", trial.id, 2, kSha}), kFailedPrecondition);
  Apply({Finish(trial.task_id, 2, "f")});
  const Outcome late = ApplyOne(SetWeights{"w", trial.id, 1, kSha});
  EXPECT_CODE(late, kFailedPrecondition);
  EXPECT_THAT(std::string(late.status.message()), HasSubstr("FENCED"));
  EXPECT_CODE(ApplyOne(SetWeights{"w", trial.id, 2, kSha}), kOk);
  EXPECT_EQ(TrialOf(search, 1).weights, kSha);
  EXPECT_EQ((*store().FindEvaluation("identity", std::nullopt, search))->weights, kSha);
  EXPECT_CODE(ApplyOne(SetWeights{"", trial.id, 0, ""}), kOk);
  EXPECT_EQ(TrialOf(search, 1).weights, "");
  EXPECT_CODE(ApplyOne(SetWeights{"w", 999, 2, kSha}), kNotFound);
}

}  // namespace
}  // namespace nascent::storage
