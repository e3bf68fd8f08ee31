#include "server/engine/lease_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace nascent::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kLater = absl::Seconds(10);

// A desk with workers of one slot each and searches whose tasks it owns.
class LeaseDeskTest : public ::testing::Test {
 protected:
  ActiveSearch& Search(int priority = 0) {
    auto resolved = std::make_shared<ResolvedSearch>();
    resolved->spec.set_priority(priority);
    resolved->spec.add_objectives()->set_metric("validation_accuracy");
    storage::SearchRecord record;
    record.id = static_cast<int64_t>(searches_.size()) + 1;
    record.state = v1::SEARCH_STATE_RUNNING;
    searches_.push_back(std::make_unique<ActiveSearch>(
        record, std::make_shared<CandidateMaker>(resolved, CandidateOptions()), &agenda_));
    return *searches_.back();
  }
  LiveTask& Task(ActiveSearch& search) {
    tasks_.push_back(std::make_unique<LiveTask>());
    LiveTask& task = *tasks_.back();
    task.id = static_cast<int64_t>(tasks_.size());
    task.search = &search;
    ready_.Append(task);
    return task;
  }
  void Register(int64_t id, const std::string& version = "1", int64_t memory = 0) {
    v1::RegisterRequest registration;
    registration.set_name(std::to_string(id));
    registration.set_evaluator_version(version);
    registration.add_task_kinds(v1::TASK_KIND_TRAIN);
    v1::Device& slot = *registration.add_slots();
    slot.set_kind("cpu");
    slot.set_memory_bytes(memory);
    workers_.Put(id, registration, now_);
  }
  std::optional<LeaseDesk::Waiting> Ask(int64_t worker, absl::Duration expires = kLater,
                                        std::shared_ptr<std::atomic<bool>> cancelled = nullptr) {
    Call<LeaseTask, LeaseGrant> call;
    call.request.message.set_worker_id(worker);
    call.request.cancelled = std::move(cancelled);
    return desk_.Add(std::move(call), expires, now_);
  }
  // (worker, task) of what goes out now; task 0: the caller has gone.
  std::vector<std::pair<int64_t, int64_t>> Matches() {
    std::vector<std::pair<int64_t, int64_t>> matches;
    for (const LeaseDesk::Match& match : desk_.TakeMatches(now_, judge_)) {
      matches.emplace_back(match.waiting.call.request.message.worker_id(),
                           match.task == nullptr ? 0 : match.task->id);
    }
    return matches;
  }

  LeaseDesk::Judge judge_ = [](LiveTask&, const WorkerEntry&) { return LeaseDesk::Verdict::kTake; };
  const absl::Time now_ = absl::FromUnixSeconds(1700000000);
  Agenda agenda_;
  std::vector<std::unique_ptr<ActiveSearch>> searches_;
  std::vector<std::unique_ptr<LiveTask>> tasks_;
  ReadyTasks ready_;
  WorkerTable workers_{absl::Seconds(60)};
  LeaseDesk desk_{&ready_, &workers_};
};

TEST_F(LeaseDeskTest, WhoeverAsksFirstGetsTheFirstTask) {
  ActiveSearch& search = Search();
  Task(search);
  Task(search);
  for (int64_t worker : {7, 3, 5}) {
    Register(worker);
    Ask(worker);
  }
  EXPECT_THAT(Matches(), ElementsAre(std::pair(7, 1), std::pair(3, 2)));
  EXPECT_TRUE(ready_.empty());
  EXPECT_TRUE(tasks_[0]->busy);
  // The third one goes on waiting.
  Task(search);
  EXPECT_THAT(Matches(), ElementsAre(std::pair(5, 3)));
}

TEST_F(LeaseDeskTest, ASearchOfHigherPriorityComesFirstAndEqualsTakeTurns) {
  ActiveSearch& low = Search(0);
  ActiveSearch& also_low = Search(0);
  ActiveSearch& high = Search(5);
  for (ActiveSearch* search : {&low, &low, &also_low, &also_low, &high}) Task(*search);
  for (int64_t worker = 1; worker <= 5; ++worker) {
    Register(worker);
    Ask(worker);
  }
  EXPECT_THAT(Matches(), ElementsAre(std::pair(1, 5), std::pair(2, 1), std::pair(3, 3),
                                     std::pair(4, 2), std::pair(5, 4)));
}

TEST_F(LeaseDeskTest, ATaskGoesWhereItFits) {
  ActiveSearch& search = Search();
  Task(search).least_memory = 100;
  Task(search);
  Register(1, "1", 50);
  Register(2, "1", 100);
  Ask(1);
  Ask(2);
  EXPECT_THAT(Matches(), ElementsAre(std::pair(1, 2), std::pair(2, 1)));
}

TEST_F(LeaseDeskTest, OfASearchTheFirst64TasksAreTried) {
  ActiveSearch& search = Search();
  for (int i = 0; i < 64; ++i) Task(search).least_memory = 100;
  LiveTask& fits = Task(search);
  Register(1, "1", 50);
  Ask(1);
  EXPECT_THAT(Matches(), IsEmpty());
  ready_.Remove(*tasks_[0]);
  EXPECT_THAT(Matches(), ElementsAre(std::pair<int64_t, int64_t>(1, fits.id)));
}

TEST_F(LeaseDeskTest, WhatIsNotForAWorkerIsPassedOver) {
  ActiveSearch& search = Search();
  for (int i = 0; i < 100; ++i) Task(search);
  Register(1);
  Register(2);
  Ask(1);
  Ask(2);
  judge_ = [](LiveTask& task, const WorkerEntry& worker) {
    return task.id == 100 && worker.id == 2 ? LeaseDesk::Verdict::kTake : LeaseDesk::Verdict::kSkip;
  };
  EXPECT_THAT(Matches(), ElementsAre(std::pair(2, 100)));
}

TEST_F(LeaseDeskTest, ATaskGoesBackToAWorkerThatItFailedOnOnlyWhenNoOtherWaits) {
  ActiveSearch& search = Search();
  Task(search).failed_on = {1};
  Register(1);
  Register(2);
  Ask(1);
  Ask(2);
  EXPECT_THAT(Matches(), ElementsAre(std::pair(2, 1)));
  Task(search).failed_on = {1};
  EXPECT_THAT(Matches(), ElementsAre(std::pair(1, 2)));
}

TEST_F(LeaseDeskTest, NothingGoesOutOfASearchThatIsPausedOrStops) {
  ActiveSearch& paused = Search();
  ActiveSearch& stops = Search();
  ActiveSearch& changing = Search();
  ActiveSearch& finishing = Search();
  for (ActiveSearch* search : {&paused, &stops, &changing, &finishing}) Task(*search);
  paused.record.state = v1::SEARCH_STATE_PAUSED;
  stops.ending.stop_reason = "budget";
  changing.changing = true;
  finishing.record.state = v1::SEARCH_STATE_FINISHING;
  finishing.ending.stop_reason = "budget";
  for (int64_t worker : {1, 2}) {
    Register(worker);
    Ask(worker);
  }
  EXPECT_THAT(Matches(), ElementsAre(std::pair(1, 4)));
}

TEST_F(LeaseDeskTest, ANewRequestOfASlotReplacesTheOlderOne) {
  Register(1);
  EXPECT_FALSE(Ask(1).has_value());
  EXPECT_TRUE(Ask(1).has_value());
  EXPECT_EQ(workers_.Find(1)->waiting, 1);
  Task(Search());
  EXPECT_THAT(Matches(), ElementsAre(std::pair(1, 1)));
  EXPECT_EQ(workers_.Find(1)->waiting, 0);
}

TEST_F(LeaseDeskTest, WhoeverWaitsTooLongIsTakenOut) {
  Register(1);
  Register(2);
  Ask(1, absl::Seconds(5));
  Ask(2, absl::Seconds(9));
  EXPECT_EQ(desk_.NextExpiry(), absl::Seconds(5));
  EXPECT_THAT(desk_.TakeExpired(absl::Seconds(4), now_), IsEmpty());
  const auto expired = desk_.TakeExpired(absl::Seconds(5), now_);
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0].call.request.message.worker_id(), 1);
  Task(Search());
  EXPECT_THAT(Matches(), ElementsAre(std::pair(2, 1)));
}

TEST_F(LeaseDeskTest, ACallerThatHasGoneGetsNothing) {
  Register(1);
  Register(2);
  Ask(1, kLater, std::make_shared<std::atomic<bool>>(true));
  Ask(2);
  Task(Search());
  EXPECT_THAT(Matches(), ElementsAre(std::pair(1, 0), std::pair(2, 1)));
}

}  // namespace
}  // namespace nascent::engine
