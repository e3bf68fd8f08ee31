#include "worker/agent/agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "common/sha256.h"
#include "worker/agent/testing/fake_coordinator.h"
#include "worker/evaluate/testing/fake_behaviour.h"

namespace nascent::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Record = FakeCoordinator::Record;

v1::Task TrainTask(FakeBehaviour behaviour, int epochs = 2) {
  v1::Task task;
  v1::Recipe& recipe = *task.mutable_train()->mutable_recipe();
  recipe.set_epochs(epochs);
  recipe.mutable_augmentation()->set_cutout(behaviour);
  return task;
}

// A worker with one slot in a thread of its own.
class Worker {
 public:
  explicit Worker(
      std::vector<std::string> servers, int epoch_ms = 0,
      const std::function<void(AgentOptions&)>& change = [](AgentOptions&) {}) {
    AgentOptions options;
    options.servers = std::move(servers);
    options.registration.set_name("tester");
    options.registration.set_protocol_version(1);
    PlannedSlot slot;
    slot.device.set_kind("cpu");
    slot.name = "cpu";
    options.slots = {slot};
    options.cache_folder = testing::TempDir() + "agent_test_cache";
    options.child.process.program = NASCENT_FAKE_EVALUATOR;
    options.child.process.environment = {"NASCENT_FAKE_EPOCH_MS=" + std::to_string(epoch_ms)};
    options.child.out_of_memory_kills = [] { return 0; };
    change(options);
    auto made = Agent::Make(std::move(options));
    EXPECT_TRUE(made.ok()) << made.status();
    agent_ = *std::move(made);
    thread_ = std::thread([this] { status_ = agent_->Run(grace_); });
  }
  ~Worker() { (void)Stop(); }

  void AskToStop() { agent_->AskToStop(); }
  absl::Status Stop() {
    if (thread_.joinable()) {
      agent_->AskToStop();
      thread_.join();
    }
    return status_;
  }
  // Waits for an end of its own.
  absl::Status Join() {
    thread_.join();
    return status_;
  }

  static constexpr absl::Duration grace_ = absl::Seconds(10);

 private:
  std::unique_ptr<Agent> agent_;
  absl::Status status_;
  std::thread thread_;
};

class AgentTest : public testing::Test {
 protected:
  AgentTest() { std::filesystem::remove_all(testing::TempDir() + "agent_test_cache"); }

  // Each trial's value of each epoch, as accepted.
  static std::vector<int> Epochs(const Record& record) {
    std::vector<int> epochs;
    for (const auto& measurement : record.measurements) {
      if (measurement.metric() == "validation_accuracy") epochs.push_back(measurement.epoch());
    }
    return epochs;
  }
};

TEST_F(AgentTest, ATaskIsLeasedCarriedOutAndCompletedWithAllItsMeasurements) {
  FakeCoordinator coordinator;
  coordinator.AddTask(TrainTask(kFakeSucceed, 3));
  Worker worker({coordinator.address()});
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.completed.size() == 1; }));
  const Record record = coordinator.record();
  EXPECT_THAT(Epochs(record), ElementsAre(1, 2, 3));
  EXPECT_EQ(record.completed[0].attempt().attempt(), 1);
  EXPECT_FALSE(record.completed[0].stopped());
  ASSERT_EQ(record.registered.size(), 1u);
  EXPECT_EQ(record.registered[0].name(), "tester");
  EXPECT_EQ(record.registered[0].slots_size(), 1);
}

TEST_F(AgentTest, EveryKindOfFailureIsReportedAndTheNextTaskRuns) {
  FakeCoordinator coordinator;
  for (const FakeBehaviour behaviour :
       {kFakeSegfault, kFakeBadAlloc, kFakeDiverge, kFakeInvalid, kFakeHang, kFakeSucceed}) {
    coordinator.AddTask(TrainTask(behaviour));
  }
  Worker worker({coordinator.address()}, 0,
                [](AgentOptions& o) { o.child.stall_limit = absl::Milliseconds(500); });
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.completed.size() == 1; }));
  std::vector<v1::FailureKind> kinds;
  const Record record = coordinator.record();
  for (const auto& failure : record.failed) kinds.push_back(failure.kind());
  EXPECT_THAT(kinds, ElementsAre(v1::FAILURE_KIND_CRASHED, v1::FAILURE_KIND_OUT_OF_MEMORY,
                                 v1::FAILURE_KIND_DIVERGED, v1::FAILURE_KIND_INVALID,
                                 v1::FAILURE_KIND_STALLED));
  EXPECT_THAT(record.failed[0].message(), HasSubstr("Segmentation fault"));
}

TEST_F(AgentTest, ALongTaskIsRenewedWithWhatWasMeasured) {
  FakeCoordinator coordinator(absl::Milliseconds(600));
  coordinator.AddTask(TrainTask(kFakeSucceed, 15));
  Worker worker({coordinator.address()}, 100);
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.completed.size() == 1; }));
  const Record record = coordinator.record();
  EXPECT_EQ(record.leases, 1);
  EXPECT_GE(record.renewals.size(), 4u);
  EXPECT_EQ(Epochs(record).size(), 15u);
  EXPECT_TRUE(
      std::is_sorted(record.renewals.begin(), record.renewals.end(),
                     [](const auto& a, const auto& b) { return a.progress() < b.progress(); }));
}

TEST_F(AgentTest, AHungTaskIsNotRenewed) {
  FakeCoordinator coordinator(absl::Milliseconds(300));
  coordinator.AddTask(TrainTask(kFakeHang));
  Worker worker({coordinator.address()}, 0,
                [](AgentOptions& o) { o.child.stall_limit = absl::Milliseconds(1500); });
  ASSERT_TRUE(coordinator.Await(
      [](const Record& r) { return r.failed.size() + static_cast<size_t>(r.fenced) >= 1; }));
  // It was renewed while it might still have been at work, not longer.
  EXPECT_LE(coordinator.record().renewals.size(), 16u);
}

TEST_F(AgentTest, TheCoordinatorsStopEndsATaskEarlyAndItsResultCounts) {
  FakeCoordinator coordinator(absl::Milliseconds(300));
  const int64_t trial = coordinator.AddTask(TrainTask(kFakeSucceed, 1000));
  coordinator.Set([trial](auto& knobs) { knobs.stop[trial] = v1::STOP_REASON_EARLY; });
  Worker worker({coordinator.address()}, 20);
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.completed.size() == 1; }));
  EXPECT_TRUE(coordinator.record().completed[0].stopped());
}

TEST_F(AgentTest, ACancelledTaskIsDroppedAndTheSlotGoesOn) {
  FakeCoordinator coordinator(absl::Milliseconds(900));
  const int64_t trial = coordinator.AddTask(TrainTask(kFakeSucceed, 1000));
  coordinator.AddTask(TrainTask(kFakeSucceed, 1));
  coordinator.Set([trial](auto& knobs) { knobs.stop[trial] = v1::STOP_REASON_CANCELLED; });
  Worker worker({coordinator.address()}, 20);
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.completed.size() == 1; }));
  EXPECT_EQ(coordinator.record().completed[0].attempt().trial_id(), 2);
}

TEST_F(AgentTest, APreemptedTaskIsGivenBackWithACheckpointAndGoesOnThere) {
  FakeCoordinator coordinator(absl::Milliseconds(300));
  const int64_t trial = coordinator.AddTask(TrainTask(kFakeSucceed, 1000));
  Worker worker({coordinator.address()}, 20);
  ASSERT_TRUE(coordinator.Await(
      [](const Record& r) { return !r.renewals.empty() && r.renewals.back().progress() > 0; }));
  coordinator.Set([trial](auto& knobs) { knobs.stop[trial] = v1::STOP_REASON_PREEMPTED; });
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return !r.released.empty(); }));
  const std::string checkpoint = coordinator.record().released[0].checkpoint();
  const int done = std::stoi(coordinator.artifact(checkpoint));
  EXPECT_GT(done, 0);
  // What the next attempt will not measure again was reported before.
  EXPECT_EQ(Epochs(coordinator.record()).size(), static_cast<size_t>(done));
  EXPECT_THAT(coordinator.record().released[0].reason(), HasSubstr("preempted"));
}

TEST_F(AgentTest, ALeaseIsKeptWhileACheckpointGoesUp) {
  FakeCoordinator coordinator(absl::Milliseconds(300));
  v1::Task task = TrainTask(kFakeSucceed, 2);
  task.mutable_train()->set_keep_checkpoint(true);
  coordinator.AddTask(task);
  coordinator.Set([](auto& knobs) { knobs.slow_upload = 4; });
  Worker worker({coordinator.address()}, 20);
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.completed.size() == 1; }));
  EXPECT_EQ(coordinator.artifact(coordinator.record().completed[0].checkpoint()), "2");
  EXPECT_EQ(coordinator.record().fenced, 0);
}

TEST_F(AgentTest, ALostLeaseIsFencedAndTheTaskDropped) {
  FakeCoordinator coordinator(absl::Milliseconds(600));
  coordinator.AddTask(TrainTask(kFakeSucceed, 1000));
  Worker worker({coordinator.address()}, 20);
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return !r.renewals.empty(); }));
  coordinator.ExpireLeases();
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.fenced >= 1 && r.leases >= 2; }));
  EXPECT_TRUE(coordinator.record().completed.empty());
}

TEST_F(AgentTest, AnOutageShorterThanTheLeaseCostsNothing) {
  FakeCoordinator coordinator(absl::Seconds(6));
  coordinator.AddTask(TrainTask(kFakeSucceed, 20));
  Worker worker({coordinator.address()}, 50);
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.leases == 1; }));
  coordinator.Stop();
  coordinator.Start();
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.completed.size() == 1; }));
  const Record record = coordinator.record();
  EXPECT_EQ(record.leases, 1);
  EXPECT_EQ(record.completed[0].attempt().attempt(), 1);
  EXPECT_EQ(Epochs(record).size(), 20u);
}

TEST_F(AgentTest, WithoutContactATaskStopsAfterTwoThirdsOfItsLease) {
  FakeCoordinator coordinator(absl::Milliseconds(900));
  coordinator.AddTask(TrainTask(kFakeSucceed, 100'000));
  Worker worker({coordinator.address()}, 10);
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.leases == 1; }));
  coordinator.Set([](auto& knobs) { knobs.unavailable = true; });
  // Meanwhile another worker could have got it: the report of this one comes too late.
  coordinator.ExpireLeases();
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  coordinator.Set([](auto& knobs) { knobs.unavailable = false; });
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.fenced >= 1 && r.leases >= 2; }));
}

TEST_F(AgentTest, ALostReplyIsAskedForAgainWithTheSameRequestId) {
  FakeCoordinator coordinator;
  coordinator.AddTask(TrainTask(kFakeSucceed, 4));
  coordinator.Set([](auto& knobs) { knobs.drop_replies = 2; });  // registration and lease
  Worker worker({coordinator.address()}, 50);
  // A lease whose answer was lost may be old, so it is renewed at once.
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.renewals.size() == 1; }));
  coordinator.Set([](auto& knobs) { knobs.drop_replies = 1; });  // completion
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.replayed == 3; }));
  const Record record = coordinator.record();
  EXPECT_EQ(record.registrations, 1);
  EXPECT_EQ(record.leases, 1);
  EXPECT_EQ(record.completed.size(), 1u);
}

TEST_F(AgentTest, AWorkerThatWasForgottenRegistersAgainAndKeepsItsTask) {
  FakeCoordinator coordinator(absl::Milliseconds(900));
  coordinator.AddTask(TrainTask(kFakeSucceed, 60));
  Worker worker({coordinator.address()}, 20);
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.leases == 1; }));
  coordinator.ForgetWorkers();
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.completed.size() == 1; }));
  EXPECT_EQ(coordinator.record().registrations, 2);
  EXPECT_EQ(coordinator.record().completed[0].attempt().attempt(), 1);
}

TEST_F(AgentTest, AStandbyThatTookOverIsFound) {
  FakeCoordinator standby;
  standby.Set([](auto& knobs) { knobs.unavailable = true; });
  FakeCoordinator active;
  active.AddTask(TrainTask(kFakeSucceed));
  Worker worker({standby.address(), active.address()});
  ASSERT_TRUE(active.Await([](const Record& r) { return r.completed.size() == 1; }));
}

TEST_F(AgentTest, AnotherProtocolVersionEndsTheWorkerWithTheReason) {
  FakeCoordinator coordinator;
  coordinator.Set([](auto& knobs) { knobs.refuse_registration = true; });
  Worker worker({coordinator.address()});
  const absl::Status status = worker.Join();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("protocol version"));
}

TEST_F(AgentTest, WeightsOfAWinnerAreStoredAndNamed) {
  FakeCoordinator coordinator;
  coordinator.AddTask(TrainTask(kFakeSucceed));
  coordinator.Set([](auto& knobs) { knobs.weights_wanted = true; });
  Worker worker({coordinator.address()});
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.weights.size() == 1; }));
  const v1::SetWeightsRequest weights = coordinator.record().weights[0];
  EXPECT_EQ(weights.trial_id(), 1);
  EXPECT_EQ(weights.attempt(), 1);
  EXPECT_THAT(coordinator.artifact(weights.sha256()), HasSubstr("weights of"));
}

TEST_F(AgentTest, DrainingGivesALongTaskBackWithACheckpoint) {
  FakeCoordinator coordinator(absl::Milliseconds(600));
  coordinator.AddTask(TrainTask(kFakeSucceed, 100'000));
  Worker worker({coordinator.address()}, 20);
  ASSERT_TRUE(coordinator.Await(
      [](const Record& r) { return !r.renewals.empty() && r.renewals.back().progress() > 0; }));
  EXPECT_TRUE(worker.Stop().ok());
  const Record record = coordinator.record();
  ASSERT_EQ(record.released.size(), 1u);
  EXPECT_FALSE(record.released[0].checkpoint().empty());
  EXPECT_EQ(record.leases, 1);
}

TEST_F(AgentTest, DrainingFinishesATaskThatIsNearlyDone) {
  FakeCoordinator coordinator(absl::Milliseconds(600));
  coordinator.AddTask(TrainTask(kFakeSucceed, 20));
  coordinator.AddTask(TrainTask(kFakeSucceed, 20));
  Worker worker({coordinator.address()}, 50);
  ASSERT_TRUE(coordinator.Await(
      [](const Record& r) { return !r.renewals.empty() && r.renewals.back().progress() > 0.3; }));
  EXPECT_TRUE(worker.Stop().ok());
  const Record record = coordinator.record();
  EXPECT_EQ(record.completed.size(), 1u);
  EXPECT_TRUE(record.released.empty());
  EXPECT_EQ(record.leases, 1);
}

TEST_F(AgentTest, AskingASecondTimeGivesBackAtOnce) {
  FakeCoordinator coordinator(absl::Milliseconds(600));
  coordinator.AddTask(TrainTask(kFakeSucceed, 100));
  Worker worker({coordinator.address()}, 50);
  ASSERT_TRUE(coordinator.Await(
      [](const Record& r) { return !r.renewals.empty() && r.renewals.back().progress() > 0; }));
  worker.AskToStop();
  worker.AskToStop();
  EXPECT_TRUE(worker.Stop().ok());
  EXPECT_EQ(coordinator.record().released.size(), 1u);
}

TEST_F(AgentTest, AWorkerStopsWhileNoCoordinatorAnswers) {
  FakeCoordinator coordinator;
  coordinator.Stop();
  Worker worker({coordinator.address()});
  EXPECT_TRUE(worker.Stop().ok());
}

class ArtifactsOfTasksTest : public AgentTest {
 protected:
  v1::Task TaskWithData(FakeCoordinator& coordinator) {
    v1::Task task = TrainTask(kFakeReadFile, 1);
    v1::DataSplit& split = *task.mutable_train()->mutable_data()->mutable_dataset()->add_splits();
    split.set_name("train");
    split.set_examples(coordinator.AddArtifact(std::string(5000, 'e')));
    split.set_labels(coordinator.AddArtifact(std::string(50, 'l')));
    v1::DataSplit& test = *task.mutable_train()->mutable_data()->mutable_dataset()->add_splits();
    test.set_name("test");
    test.set_examples(std::string(64, 'a'));  // not there: training must not ask for it
    test.set_labels(std::string(64, 'b'));
    return task;
  }
};

TEST_F(ArtifactsOfTasksTest, DataAreFetchedOnceForManyTasksAndTestDataNever) {
  FakeCoordinator coordinator;
  for (int i = 0; i < 3; ++i) coordinator.AddTask(TaskWithData(coordinator));
  Worker worker({coordinator.address()});
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.completed.size() == 3; }));
  EXPECT_EQ(coordinator.record().gets, 2);
}

TEST_F(ArtifactsOfTasksTest, ABrokenTransferGoesOnWhereItBroke) {
  FakeCoordinator coordinator;
  coordinator.AddTask(TaskWithData(coordinator));
  coordinator.Set([](auto& knobs) { knobs.break_streams = 3; });
  Worker worker({coordinator.address()});
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.completed.size() == 1; }));
}

TEST_F(ArtifactsOfTasksTest, DataThatComeDamagedFailTheTaskAsUnavailable) {
  FakeCoordinator coordinator;
  coordinator.AddTask(TaskWithData(coordinator));
  coordinator.Set([](auto& knobs) {
    knobs.damage = [](std::string chunk) {
      chunk[0] ^= 1;
      return chunk;
    };
  });
  Worker worker({coordinator.address()});
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.failed.size() == 1; }));
  EXPECT_EQ(coordinator.record().failed[0].kind(), v1::FAILURE_KIND_UNAVAILABLE);
  EXPECT_THAT(coordinator.record().failed[0].message(), HasSubstr("have the hash"));
}

TEST_F(ArtifactsOfTasksTest, ADamagedFileOfTheCacheIsFetchedAgain) {
  FakeCoordinator coordinator;
  const v1::Task task = TaskWithData(coordinator);
  const std::string folder = testing::TempDir() + "agent_test_cache/artifacts/";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + task.train().data().dataset().splits(0).examples()) << "truncated";
  coordinator.AddTask(task);
  Worker worker({coordinator.address()});
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.completed.size() == 1; }));
}

TEST_F(ArtifactsOfTasksTest, ACheckpointThatCantBeHadMeansStartingOver) {
  FakeCoordinator coordinator;
  v1::Task task = TrainTask(kFakeSucceed, 3);
  task.mutable_train()->set_checkpoint(std::string(64, 'c'));
  coordinator.AddTask(task);
  Worker worker({coordinator.address()});
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.completed.size() == 1; }));
  EXPECT_THAT(Epochs(coordinator.record()), ElementsAre(1, 2, 3));
}

TEST_F(ArtifactsOfTasksTest, ACheckpointIsContinuedAndTheNextOneStored) {
  FakeCoordinator coordinator;
  v1::Task task = TrainTask(kFakeSucceed, 3);
  task.mutable_train()->set_checkpoint(coordinator.AddArtifact("2"));
  task.mutable_train()->set_keep_checkpoint(true);
  coordinator.AddTask(task);
  Worker worker({coordinator.address()});
  ASSERT_TRUE(coordinator.Await([](const Record& r) { return r.completed.size() == 1; }));
  EXPECT_THAT(Epochs(coordinator.record()), ElementsAre(3));
  EXPECT_EQ(coordinator.artifact(coordinator.record().completed[0].checkpoint()), "3");
}

}  // namespace
}  // namespace nascent::worker
