// What every store does with attempts.

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
using conformance::kLease;
using conformance::kSha;
using conformance::Measured;
using conformance::Proposal;
using conformance::Renewal;
using conformance::Return;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

TEST_P(TrialStoreConformance, ALifecycleEndsWithTheTrialsResult) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  const int64_t worker = NewWorker("w1");
  const Outcome granted = ApplyOne(Grant(trial.task_id, 1, worker, "lease-1"));
  ASSERT_TRUE(granted.status.ok()) << granted.status;
  EXPECT_EQ(granted.id, trial.task_id);
  EXPECT_EQ(granted.deadline, *store().Now() + kLease);

  TrialRecord read = TrialOf(search, 1);
  EXPECT_EQ(read.state, v1::TRIAL_STATE_LEASED);
  EXPECT_EQ(read.attempt, 1);
  EXPECT_EQ(read.worker, "w1");
  const auto open = store().LoadOpenTasks(search);
  ASSERT_THAT(*open, SizeIs(1));
  EXPECT_EQ((*open)[0].id, trial.task_id);
  EXPECT_EQ((*open)[0].trial_id, trial.id);
  EXPECT_EQ((*open)[0].search_id, search);
  EXPECT_EQ((*open)[0].kind, v1::TASK_KIND_TRAIN);
  EXPECT_EQ((*open)[0].attempt, 1);
  EXPECT_TRUE((*open)[0].leased);
  EXPECT_EQ((*open)[0].worker_id, worker);
  EXPECT_EQ((*open)[0].lease_request_id, "lease-1");
  EXPECT_EQ((*open)[0].deadline, granted.deadline);

  Advance(absl::Seconds(10));
  const Outcome renewed = ApplyOne(Renewal(trial.task_id, 1, {Measured("accuracy", 10, 0.5)}));
  ASSERT_TRUE(renewed.status.ok()) << renewed.status;
  EXPECT_EQ(renewed.deadline, granted.deadline + absl::Seconds(10));
  EXPECT_THAT(TrialOf(search, 1).metrics, ElementsAre(Pair("accuracy", 0.5)));

  Advance(absl::Seconds(10));
  FinishAttempt finish = Finish(trial.task_id, 1, "done",
                                {Measured("accuracy", 20, 0.75), Measured("loss", 20, 0.25)});
  finish.checkpoint = kSha;
  finish.events = {Event(1, 1, v1::TRIAL_STATE_SUCCEEDED)};
  const Outcome finished = ApplyOne(finish);
  ASSERT_TRUE(finished.status.ok()) << finished.status;
  read = TrialOf(search, 1);
  EXPECT_EQ(read.state, v1::TRIAL_STATE_SUCCEEDED);
  EXPECT_EQ(read.checkpoint, kSha);
  EXPECT_EQ(read.finished_at, *store().Now());
  EXPECT_THAT(read.metrics, ElementsAre(Pair("accuracy", 0.75), Pair("loss", 0.25)));
  EXPECT_THAT(*store().LoadOpenTasks(search), IsEmpty());
  EXPECT_THAT(*store().LoadEvents(search, 0, 10), SizeIs(1));
  const auto totals = store().GetTotals(search);
  EXPECT_THAT(totals->trials, ElementsAre(Pair(v1::TRIAL_STATE_SUCCEEDED, 1)));
  EXPECT_DOUBLE_EQ(totals->device_seconds, 20);
  EXPECT_DOUBLE_EQ(*store().GetDeviceSeconds(search), 20);
}

TEST_P(TrialStoreConformance, WhatEndedByAScoreIsCountedApart) {
  const int64_t search = NewSearch();
  const int64_t worker = NewWorker();
  AddTrial scored = Proposal(search, 1);
  scored.trial.fidelity.set_zero_cost("synflow");
  AddTrial waiting = Proposal(search, 2);
  waiting.trial.fidelity.set_zero_cost("synflow");
  const auto added = Apply({scored, waiting, Proposal(search, 3)});
  for (const size_t i : {size_t{0}, size_t{2}}) {
    FinishAttempt finish = Finish(added[i].task_id, 1, "f" + std::to_string(i));
    const auto number = static_cast<int64_t>(i) + 1;
    finish.events = {Event(number, number, v1::TRIAL_STATE_SUCCEEDED)};
    for (const Outcome& each :
         Apply({Grant(added[i].task_id, 1, worker, "l" + std::to_string(i)), finish})) {
      EXPECT_CODE(each, kOk);
    }
  }
  const auto totals = store().GetTotals(search);
  EXPECT_THAT(totals->trials,
              ElementsAre(Pair(v1::TRIAL_STATE_READY, 1), Pair(v1::TRIAL_STATE_SUCCEEDED, 2)));
  EXPECT_EQ(totals->scored, 1);
}

TEST_P(TrialStoreConformance, AWholeLifecycleFitsInOneBatch) {
  const int64_t search = NewSearch();
  const int64_t worker = NewWorker();
  const Outcome trial = NewTrial(search, 1);
  FinishAttempt finish = Finish(trial.task_id, 1, "f", {Measured("a", 20, 2)});
  finish.events = {Event(2, 1, v1::TRIAL_STATE_SUCCEEDED)};
  RenewLease renew = Renewal(trial.task_id, 1, {Measured("a", 10, 1)});
  EventRecord measured = Event(1, 1, v1::TRIAL_STATE_UNSPECIFIED);
  measured.kind = EventRecord::Kind::kMeasured;
  renew.events = {measured};
  const auto outcomes = Apply({Grant(trial.task_id, 1, worker, "l"), renew, finish,
                               Proposal(search, 2), Renewal(trial.task_id, 1)});
  EXPECT_CODE(outcomes[0], kOk);
  EXPECT_CODE(outcomes[1], kOk);
  EXPECT_CODE(outcomes[2], kOk);
  EXPECT_CODE(outcomes[3], kOk);
  EXPECT_CODE(outcomes[4], kFailedPrecondition);
  EXPECT_EQ(TrialOf(search, 1).state, v1::TRIAL_STATE_SUCCEEDED);
  EXPECT_EQ(TrialOf(search, 1).metrics.at("a"), 2);
  EXPECT_THAT(*store().LoadEvents(search, 0, 10), SizeIs(2));
  EXPECT_THAT(*store().LoadTrials(search, 0, 10), SizeIs(2));
}

TEST_P(TrialStoreConformance, ATaskIsLeasedByOneAtATime) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  const int64_t worker = NewWorker();
  Lease(trial.task_id, 1, worker);
  EXPECT_CODE(ApplyOne(Grant(trial.task_id, 2, worker, "b")), kFailedPrecondition);
  EXPECT_CODE(ApplyOne(Grant(trial.task_id, 1, worker, "c")), kFailedPrecondition);
  EXPECT_CODE(ApplyOne(Grant(999, 1, worker, "d")), kNotFound);
  const Outcome second = NewTrial(search, 2);
  EXPECT_CODE(ApplyOne(Grant(second.task_id, 1, 999, "e")), kNotFound);
  EXPECT_CODE(ApplyOne(Grant(second.task_id, 2, worker, "f")), kFailedPrecondition);
  EXPECT_CODE(ApplyOne(Grant(second.task_id, 1, worker, "g")), kOk);
}

TEST_P(TrialStoreConformance, TwoGrantsOfOneTaskInABatchGiveOneLease) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  const int64_t worker = NewWorker();
  const auto outcomes =
      Apply({Grant(trial.task_id, 1, worker, "a"), Grant(trial.task_id, 1, worker, "b")});
  EXPECT_CODE(outcomes[0], kOk);
  EXPECT_CODE(outcomes[1], kFailedPrecondition);
}

TEST_P(TrialStoreConformance, ARetriedLeaseRequestGetsTheSameLease) {
  const int64_t search = NewSearch();
  const Outcome one = NewTrial(search, 1);
  const Outcome two = NewTrial(search, 2);
  const int64_t worker = NewWorker();
  const Outcome first = ApplyOne(Grant(one.task_id, 1, worker, "request"));
  Advance(absl::Seconds(1));
  const Outcome same = ApplyOne(Grant(one.task_id, 1, worker, "request"));
  const Outcome other_task = ApplyOne(Grant(two.task_id, 1, worker, "request"));
  EXPECT_TRUE(same.replayed);
  EXPECT_TRUE(other_task.replayed);
  EXPECT_EQ(other_task.id, one.task_id);
  EXPECT_EQ(other_task.deadline, first.deadline);
  EXPECT_EQ(TrialOf(search, 2).state, v1::TRIAL_STATE_READY);
}

TEST_P(TrialStoreConformance, ALeaseRequestTwiceInOneBatchGetsOneLease) {
  const int64_t search = NewSearch();
  const Outcome one = NewTrial(search, 1);
  const Outcome two = NewTrial(search, 2);
  const int64_t worker = NewWorker();
  const auto outcomes =
      Apply({Grant(one.task_id, 1, worker, "request"), Grant(two.task_id, 1, worker, "request")});
  EXPECT_CODE(outcomes[0], kOk);
  EXPECT_CODE(outcomes[1], kOk);
  EXPECT_TRUE(outcomes[1].replayed);
  EXPECT_EQ(outcomes[1].id, one.task_id);
}

TEST_P(TrialStoreConformance, ALateReportIsFencedAndChangesNothing) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1, "identity");
  const int64_t zombie = NewWorker("zombie");
  const int64_t heir = NewWorker("heir");
  Lease(trial.task_id, 1, zombie);
  EXPECT_CODE(ApplyOne(Return(trial.task_id, 1, ReturnAttempt::How::kExpired, /*charged=*/true)),
              kOk);
  // Before anybody else holds the lease …
  EXPECT_THAT(
      std::string(ApplyOne(Renewal(trial.task_id, 1, {Measured("a", 1, 1)})).status.message()),
      HasSubstr("FENCED"));
  Lease(trial.task_id, 2, heir);
  // … and when somebody does.
  FinishAttempt late = Finish(trial.task_id, 1, "late", {Measured("a", 2, 99)});
  late.events = {Event(1, 1, v1::TRIAL_STATE_SUCCEEDED)};
  for (const Transition& transition :
       std::vector<Transition>{Renewal(trial.task_id, 1, {Measured("a", 1, 1)}), late,
                               Return(trial.task_id, 1, ReturnAttempt::How::kReleased, false),
                               Finish(trial.task_id, 7, "future")}) {
    const Outcome outcome = ApplyOne(transition);
    EXPECT_CODE(outcome, kFailedPrecondition);
    EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("FENCED"));
  }
  const TrialRecord read = TrialOf(search, 1);
  EXPECT_EQ(read.state, v1::TRIAL_STATE_LEASED);
  EXPECT_EQ(read.worker, "heir");
  EXPECT_EQ(read.attempt, 2);
  EXPECT_THAT(read.metrics, IsEmpty());
  EXPECT_THAT(*store().LoadEvents(search, 0, 10), IsEmpty());
  EXPECT_EQ(store().LoadOpenTasks(search)->front().charged, 1);
  EXPECT_CODE(ApplyOne(Finish(trial.task_id, 2, "ok", {Measured("a", 1, 5)})), kOk);
  EXPECT_THAT(TrialOf(search, 1).metrics, ElementsAre(Pair("a", 5)));
}

TEST_P(TrialStoreConformance, AReportAfterTheDeadlineCountsWhileNobodyTookTheLeaseAway) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  Lease(trial.task_id, 1, NewWorker());
  Advance(kLease * 10);
  EXPECT_CODE(ApplyOne(Renewal(trial.task_id, 1)), kOk);
}

TEST_P(TrialStoreConformance, ARepeatedReportIsStoredOnceAndAnotherOneIsRefused) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  Lease(trial.task_id, 1, NewWorker());
  const FinishAttempt report = Finish(trial.task_id, 1, "report", {Measured("a", 1, 1)});
  const auto outcomes = Apply({report, report, report});
  EXPECT_CODE(outcomes[0], kOk);
  EXPECT_CODE(outcomes[1], kOk);
  EXPECT_TRUE(outcomes[1].replayed);
  EXPECT_TRUE(ApplyOne(report).replayed);
  const Outcome other = ApplyOne(Finish(trial.task_id, 1, "other", {Measured("a", 1, 2)}));
  EXPECT_CODE(other, kAlreadyExists);
  EXPECT_EQ(TrialOf(search, 1).metrics.at("a"), 1);
}

TEST_P(TrialStoreConformance, ReturnedAttemptsMakeTheTaskFreeAndAreChargedAsToldTo) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  const int64_t worker = NewWorker();
  Lease(trial.task_id, 1, worker);
  ReturnAttempt crash = Return(trial.task_id, 1, ReturnAttempt::How::kCrashed, true);
  crash.request_id = "crash";
  crash.failure = v1::FAILURE_KIND_CRASHED;
  crash.error = "signal 11";
  crash.measurements = {Measured("a", 1, 1)};
  EXPECT_CODE(ApplyOne(crash), kOk);
  EXPECT_TRUE(ApplyOne(crash).replayed);
  Lease(trial.task_id, 2, worker);
  ReturnAttempt release = Return(trial.task_id, 2, ReturnAttempt::How::kReleased, false);
  release.checkpoint = kSha;
  EXPECT_CODE(ApplyOne(release), kOk);
  const TaskRecord task = store().LoadOpenTasks(search)->front();
  EXPECT_EQ(task.attempt, 2);
  EXPECT_EQ(task.charged, 1);
  EXPECT_FALSE(task.leased);
  EXPECT_EQ(task.checkpoint, kSha);
  EXPECT_EQ(TrialOf(search, 1).state, v1::TRIAL_STATE_READY);
  EXPECT_EQ(TrialOf(search, 1).attempt, 2);
  Lease(trial.task_id, 3, worker);
  EXPECT_THAT(TrialOf(search, 1).metrics, IsEmpty());
}

TEST_P(TrialStoreConformance, ATrialWithoutARunningAttemptCanBeEnded) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  EndTrial end;
  end.trial_id = trial.id;
  end.state = v1::TRIAL_STATE_FAILED;
  end.failure = v1::FAILURE_KIND_POISON;
  end.error = "three attempts";
  end.events = {Event(1, 1, v1::TRIAL_STATE_FAILED)};
  Lease(trial.task_id, 1, NewWorker());
  EXPECT_CODE(ApplyOne(end), kFailedPrecondition);
  // As the engine does after the last allowed attempt: in one batch.
  const auto outcomes = Apply({Return(trial.task_id, 1, ReturnAttempt::How::kExpired, true), end});
  EXPECT_CODE(outcomes[0], kOk);
  EXPECT_CODE(outcomes[1], kOk);
  const TrialRecord read = TrialOf(search, 1);
  EXPECT_EQ(read.state, v1::TRIAL_STATE_FAILED);
  EXPECT_EQ(read.failure, v1::FAILURE_KIND_POISON);
  EXPECT_EQ(read.error, "three attempts");
  EXPECT_TRUE(read.finished_at.has_value());
  EXPECT_THAT(*store().LoadOpenTasks(search), IsEmpty());
  EXPECT_THAT(*store().LoadEvents(search, 0, 10), SizeIs(1));
  end.state = v1::TRIAL_STATE_CANCELLED;
  end.failure = v1::FAILURE_KIND_UNSPECIFIED;
  EXPECT_CODE(ApplyOne(end), kFailedPrecondition);
  end.trial_id = 999;
  EXPECT_CODE(ApplyOne(end), kNotFound);
}

TEST_P(TrialStoreConformance, FailuresAreResults) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  Lease(trial.task_id, 1, NewWorker());
  FinishAttempt failed = Finish(trial.task_id, 1, "f");
  failed.state = v1::TRIAL_STATE_FAILED;
  failed.failure = v1::FAILURE_KIND_OUT_OF_MEMORY;
  failed.error = "12 GiB wanted";
  EXPECT_CODE(ApplyOne(failed), kOk);
  const TrialRecord read = TrialOf(search, 1);
  EXPECT_EQ(read.state, v1::TRIAL_STATE_FAILED);
  EXPECT_EQ(read.failure, v1::FAILURE_KIND_OUT_OF_MEMORY);
  EXPECT_EQ(read.error, "12 GiB wanted");
}

TEST_P(TrialStoreConformance, ACancelledAttemptFencesItsWorker) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  Lease(trial.task_id, 1, NewWorker());
  FinishAttempt cancel = Finish(trial.task_id, 1, "");
  cancel.state = v1::TRIAL_STATE_CANCELLED;
  EXPECT_CODE(ApplyOne(cancel), kOk);
  EXPECT_EQ(TrialOf(search, 1).state, v1::TRIAL_STATE_CANCELLED);
  const Outcome late = ApplyOne(Finish(trial.task_id, 1, "late"));
  EXPECT_CODE(late, kFailedPrecondition);
  EXPECT_THAT(std::string(late.status.message()), HasSubstr("FENCED"));
}

TEST_P(TrialStoreConformance, ABadItemNeverAbortsTheOthers) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  const int64_t worker = NewWorker();
  RenewLease infinite = Renewal(trial.task_id, 1);
  infinite.measurements = {Measured("a", 1, std::numeric_limits<double>::infinity())};
  AddTrial taken = Proposal(search, 1);
  taken.trial.key = "different";
  AddTrial nul = Proposal(search, 2);
  nul.trial.notation = std::string("a\0b", 3);
  const auto outcomes =
      Apply({Grant(trial.task_id, 1, worker, "a"), infinite, taken, nul, Renewal(999, 1),
             Renewal(trial.task_id, 1, {Measured("a", 1, 3)}), Proposal(search, 2)});
  EXPECT_CODE(outcomes[0], kOk);
  EXPECT_CODE(outcomes[1], kInvalidArgument);
  EXPECT_CODE(outcomes[2], kAlreadyExists);
  EXPECT_CODE(outcomes[3], kInvalidArgument);
  EXPECT_CODE(outcomes[4], kFailedPrecondition);
  EXPECT_THAT(std::string(outcomes[4].status.message()), HasSubstr("FENCED"));
  EXPECT_CODE(outcomes[5], kOk);
  EXPECT_CODE(outcomes[6], kOk);
  EXPECT_EQ(TrialOf(search, 1).metrics.at("a"), 3);
}

TEST_P(TrialStoreConformance, ManyLifecyclesInLargeBatchesAreEachCountedOnce) {
  constexpr int kTrials = 200;
  const int64_t search = NewSearch();
  const int64_t worker = NewWorker();
  std::vector<Transition> batch;
  for (int i = 1; i <= kTrials; ++i) batch.emplace_back(Proposal(search, i));
  const auto added = Apply(batch);
  batch.clear();
  for (int i = 0; i < kTrials; ++i) {
    batch.emplace_back(Grant(added[i].task_id, 1, worker, "l" + std::to_string(i)));
    batch.emplace_back(Renewal(added[i].task_id, 1, {Measured("a", 1, i)}));
    FinishAttempt finish = Finish(added[i].task_id, 1, "f" + std::to_string(i));
    finish.measurements = {Measured("b", 2, i)};
    finish.events = {Event(i + 1, i + 1, v1::TRIAL_STATE_SUCCEEDED)};
    batch.emplace_back(finish);
  }
  for (const Outcome& outcome : Apply(batch)) EXPECT_CODE(outcome, kOk);
  EXPECT_THAT(store().GetTotals(search)->trials,
              ElementsAre(Pair(v1::TRIAL_STATE_SUCCEEDED, kTrials)));
  EXPECT_THAT(*store().LoadEvents(search, 0, 1000), SizeIs(kTrials));
  const auto trials = store().LoadTrials(search, 0, 1000);
  ASSERT_THAT(*trials, SizeIs(kTrials));
  for (int i = 0; i < kTrials; ++i) {
    EXPECT_THAT((*trials)[i].metrics, ElementsAre(Pair("a", i), Pair("b", i)));
  }
}

}  // namespace
}  // namespace nascent::storage
