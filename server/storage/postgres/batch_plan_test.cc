#include "server/storage/postgres/batch_plan.h"

#include <numeric>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nascent::storage::postgres {
namespace {

using ::testing::ElementsAre;

GrantLease Grant(int64_t task, const std::string& request = "") {
  GrantLease grant;
  grant.task_id = task;
  grant.request_id = request;
  return grant;
}
RenewLease Renew(int64_t task) {
  RenewLease renew;
  renew.attempt.task_id = task;
  return renew;
}
FinishAttempt Finish(int64_t task) {
  FinishAttempt finish;
  finish.attempt.task_id = task;
  return finish;
}
AddTrial Add(int64_t number, int64_t shared_from = 0) {
  AddTrial add;
  add.trial.number = number;
  add.trial.shared_from = shared_from;
  return add;
}

// The items of each group.
std::vector<std::vector<size_t>> Plan(const std::vector<Transition>& transitions) {
  std::vector<size_t> items(transitions.size());
  std::iota(items.begin(), items.end(), 0);
  std::vector<std::vector<size_t>> groups;
  for (const BatchGroup& group : PlanBatch(transitions, items)) groups.push_back(group.items);
  return groups;
}

TEST(BatchPlan, AMixedBatchOfStrangersNeedsOneStatementPerKind) {
  EXPECT_THAT(
      Plan({Finish(1), Add(1), Renew(2), Grant(3), Finish(4), Add(2), Renew(5), Grant(6)}),
      ElementsAre(ElementsAre(0, 4), ElementsAre(1, 5), ElementsAre(2, 6), ElementsAre(3, 7)));
}

TEST(BatchPlan, WhatConcernsOneTaskKeepsItsOrder) {
  EXPECT_THAT(Plan({Grant(1), Renew(1), Finish(1), Grant(2), Renew(2), Renew(1)}),
              ElementsAre(ElementsAre(0, 3), ElementsAre(1, 4), ElementsAre(2), ElementsAre(5)));
  EXPECT_THAT(Plan({Finish(1), Renew(1)}), ElementsAre(ElementsAre(0), ElementsAre(1)));
}

TEST(BatchPlan, OneStatementNeverMeetsTheSameThingTwice) {
  EXPECT_THAT(Plan({Finish(1), Finish(1)}), ElementsAre(ElementsAre(0), ElementsAre(1)));
  EXPECT_THAT(Plan({Add(1), Add(1)}), ElementsAre(ElementsAre(0), ElementsAre(1)));
  EXPECT_THAT(Plan({Grant(1, "r"), Grant(2, "r")}), ElementsAre(ElementsAre(0), ElementsAre(1)));
  EXPECT_THAT(Plan({Grant(1), Grant(2)}), ElementsAre(ElementsAre(0, 1)));
}

TEST(BatchPlan, RenewalsOfOneLeaseShareAStatement) {
  EXPECT_THAT(Plan({Renew(1), Renew(2), Renew(1), Finish(1), Renew(1), Renew(2)}),
              ElementsAre(ElementsAre(0, 1, 2, 5), ElementsAre(3), ElementsAre(4)));
}

TEST(BatchPlan, NothingMovesAcrossAnythingElse) {
  EXPECT_THAT(
      Plan({Renew(1), EndTrial{}, Renew(2), DeleteSearch{}, Renew(3)}),
      ElementsAre(ElementsAre(0), ElementsAre(1), ElementsAre(2), ElementsAre(3), ElementsAre(4)));
}

TEST(BatchPlan, ASharedTrialComesAfterAllThatMayHaveMadeItsResult) {
  EXPECT_THAT(Plan({Add(1), Finish(7), Add(2, 7), Add(3, 7)}),
              ElementsAre(ElementsAre(0), ElementsAre(1), ElementsAre(2, 3)));
}

TEST(BatchPlan, NothingIsNothing) { EXPECT_TRUE(Plan({}).empty()); }

}  // namespace
}  // namespace nascent::storage::postgres
