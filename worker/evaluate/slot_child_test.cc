#include "worker/evaluate/slot_child.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>

#include "worker/evaluate/testing/fake_behaviour.h"

namespace nascent::worker {
namespace {

using ::testing::HasSubstr;

class SlotChildTest : public testing::Test {
 protected:
  SlotChildTest() {
    options_.process.program = NASCENT_FAKE_EVALUATOR;
    options_.out_of_memory_kills = [] { return 0; };
    assignment_.weights_path = testing::TempDir() + "slot_child_weights";
    assignment_.checkpoint_path = testing::TempDir() + "slot_child_checkpoint";
    unlink(assignment_.weights_path.c_str());
  }

  SlotChild& child() {
    if (child_ == nullptr) child_ = std::make_unique<SlotChild>(options_);
    return *child_;
  }
  Result Run(FakeBehaviour behaviour, int epochs = 2) {
    TaskControl control;
    return Run(behaviour, epochs, control, [](double, const auto&) {});
  }
  Result Run(FakeBehaviour behaviour, int epochs, TaskControl& control,
             const OnProgress& on_progress) {
    v1::Recipe& recipe = *assignment_.task.mutable_train()->mutable_recipe();
    recipe.set_epochs(epochs);
    recipe.mutable_augmentation()->set_cutout(behaviour);
    return child().Run(assignment_, control, on_progress);
  }
  void SlowEpochs(int milliseconds) {
    options_.process.environment.push_back("NASCENT_FAKE_EPOCH_MS=" + std::to_string(milliseconds));
  }

  SlotChildOptions options_;
  Assignment assignment_;
  std::unique_ptr<SlotChild> child_;
};

TEST_F(SlotChildTest, ATaskIsCarriedOutAndItsProgressHeard) {
  std::vector<v1::Measurement> heard;
  TaskControl control;
  const Result result = Run(kFakeSucceed, 3, control, [&](double, const auto& measurements) {
    heard.insert(heard.end(), measurements.begin(), measurements.end());
  });
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_UNSPECIFIED) << result.message;
  EXPECT_FALSE(result.stopped);
  EXPECT_TRUE(result.has_weights);
  ASSERT_EQ(heard.size(), 3u);
  EXPECT_EQ(heard[2].metric(), "validation_accuracy");
  EXPECT_EQ(heard[2].epoch(), 3);
  ASSERT_EQ(result.measurements.size(), 1u);
  EXPECT_EQ(result.measurements[0].metric(), "training_seconds");
}

TEST_F(SlotChildTest, ASegmentationFaultIsACrashAndTheNextTaskRuns) {
  const Result crash = Run(kFakeSegfault);
  EXPECT_EQ(crash.failure, v1::FAILURE_KIND_CRASHED);
  EXPECT_THAT(crash.message, HasSubstr("signal 11"));
  EXPECT_EQ(Run(kFakeSucceed).failure, v1::FAILURE_KIND_UNSPECIFIED);
}

TEST_F(SlotChildTest, WhatWasPrintedBeforeACrashIsTold) {
  const Result crash = Run(kFakeExit);
  EXPECT_EQ(crash.failure, v1::FAILURE_KIND_CRASHED);
  EXPECT_THAT(crash.message, HasSubstr("exited with status 3"));
  EXPECT_THAT(crash.message, HasSubstr("about to exit"));
}

TEST_F(SlotChildTest, AHungTaskIsKilledAfterTheStallLimit) {
  options_.stall_limit = absl::Milliseconds(300);
  const absl::Time start = MonotonicNow();
  const Result result = Run(kFakeHang);
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_STALLED);
  EXPECT_GE(MonotonicNow() - start, absl::Milliseconds(300));
  EXPECT_EQ(Run(kFakeSucceed).failure, v1::FAILURE_KIND_UNSPECIFIED);
}

TEST_F(SlotChildTest, ASlowTaskThatProgressesIsNotTakenForHung) {
  options_.stall_limit = absl::Milliseconds(300);
  SlowEpochs(400);
  EXPECT_EQ(Run(kFakeSucceed).failure, v1::FAILURE_KIND_UNSPECIFIED);
}

TEST_F(SlotChildTest, OutOfMemoryIsToldApartFromACrash) {
  EXPECT_EQ(Run(kFakeBadAlloc).failure, v1::FAILURE_KIND_OUT_OF_MEMORY);
  EXPECT_EQ(Run(kFakeAbortBadAlloc).failure, v1::FAILURE_KIND_OUT_OF_MEMORY);
  EXPECT_EQ(Run(kFakeKillSelf).failure, v1::FAILURE_KIND_CRASHED);
}

TEST_F(SlotChildTest, AKillWithTheKernelsWordForItIsOutOfMemory) {
  int64_t kills = 0;
  options_.out_of_memory_kills = [&kills] { return kills++; };
  EXPECT_EQ(Run(kFakeKillSelf).failure, v1::FAILURE_KIND_OUT_OF_MEMORY);
}

TEST_F(SlotChildTest, AMeasurementThatIsNotFiniteMeansDiverged) {
  std::vector<v1::Measurement> heard;
  TaskControl control;
  const Result result = Run(kFakeDiverge, 100, control, [&](double, const auto& measurements) {
    heard.insert(heard.end(), measurements.begin(), measurements.end());
  });
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_DIVERGED);
  EXPECT_THAT(result.message, HasSubstr("training_loss"));
  for (const auto& measurement : heard) EXPECT_EQ(measurement.metric(), "validation_accuracy");
}

TEST_F(SlotChildTest, WhatTheEvaluatorSaysIsPassedOn) {
  const Result result = Run(kFakeInvalid);
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_INVALID);
  EXPECT_EQ(result.message, "no such operation");
  EXPECT_EQ(Run(kFakeThrow).failure, v1::FAILURE_KIND_CRASHED);
}

TEST_F(SlotChildTest, AStopRequestReachesTheRunningTask) {
  SlowEpochs(60'000);
  TaskControl control;
  const Result result = Run(kFakeSucceed, 2, control, [&](double, const auto&) {
    control.Stop(v1::STOP_REASON_PREEMPTED, absl::Seconds(30));
  });
  EXPECT_TRUE(result.stopped);
  EXPECT_TRUE(result.has_checkpoint);
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_UNSPECIFIED);
}

TEST_F(SlotChildTest, AStopFromBeforeDoesNotTouchTheNextTask) {
  SlowEpochs(20);
  TaskControl control;
  control.Stop(v1::STOP_REASON_CANCELLED, absl::Seconds(30));
  EXPECT_TRUE(Run(kFakeSucceed, 2, control, [](double, const auto&) {}).stopped);
  EXPECT_FALSE(Run(kFakeSucceed).stopped);
}

TEST_F(SlotChildTest, ATaskThatIsDeafToAStopIsKilledAfterTheGrace) {
  TaskControl control;
  const Result result = Run(kFakeHang, 2, control, [&](double, const auto&) {
    control.Stop(v1::STOP_REASON_CANCELLED, absl::Milliseconds(100));
  });
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_UNSPECIFIED);
}

TEST_F(SlotChildTest, WhatAChildStartedDiesWithIt) {
  options_.stall_limit = absl::Milliseconds(300);
  EXPECT_EQ(Run(kFakeForkAndHang).failure, v1::FAILURE_KIND_STALLED);
  pid_t grandchild = 0;
  std::ifstream(assignment_.weights_path) >> grandchild;
  ASSERT_GT(grandchild, 0);
  // Its end is awaited on a descriptor, as it is nobody's child here; none means that it is gone.
  const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, grandchild, 0));
  if (descriptor < 0) return;
  pollfd ended = {descriptor, POLLIN, 0};
  EXPECT_EQ(poll(&ended, 1, 5000), 1);
  close(descriptor);
}

TEST_F(SlotChildTest, AChildServesManyTasks) {
  ASSERT_EQ(Run(kFakeSucceed).failure, v1::FAILURE_KIND_UNSPECIFIED);
  const pid_t first = child().pid();
  for (int i = 0; i < 20; ++i) ASSERT_EQ(Run(kFakeInvalid).failure, v1::FAILURE_KIND_INVALID);
  EXPECT_EQ(child().pid(), first);
}

TEST_F(SlotChildTest, AChildThatHoldsMoreMemoryThanAfterItsFirstTaskIsReplaced) {
  options_.recycle_growth_bytes = 32 << 20;
  ASSERT_EQ(Run(kFakeSucceed).failure, v1::FAILURE_KIND_UNSPECIFIED);
  const pid_t first = child().pid();
  ASSERT_EQ(Run(kFakeKeepMemory, 1).failure, v1::FAILURE_KIND_UNSPECIFIED);
  EXPECT_NE(child().pid(), first);
}

TEST_F(SlotChildTest, AChildIsReplacedAfterItsNumberOfTasks) {
  options_.recycle_after = 2;
  ASSERT_EQ(Run(kFakeSucceed).failure, v1::FAILURE_KIND_UNSPECIFIED);
  const pid_t first = child().pid();
  ASSERT_EQ(Run(kFakeSucceed).failure, v1::FAILURE_KIND_UNSPECIFIED);
  EXPECT_NE(child().pid(), first);
}

TEST_F(SlotChildTest, AChildThatDiedWhileIdleIsReplacedUnnoticed) {
  ASSERT_TRUE(child().Warm().ok());
  kill(child().pid(), SIGKILL);
  EXPECT_EQ(Run(kFakeSucceed).failure, v1::FAILURE_KIND_UNSPECIFIED);
}

TEST_F(SlotChildTest, AMissingEvaluatorIsAnErrorThatNamesIt) {
  options_.process.program = "/nonexistent/evaluator";
  EXPECT_EQ(child().Warm().code(), absl::StatusCode::kNotFound);
  const Result result = Run(kFakeSucceed);
  EXPECT_EQ(result.failure, v1::FAILURE_KIND_UNAVAILABLE);
  EXPECT_THAT(result.message, HasSubstr("/nonexistent/evaluator"));
}

}  // namespace
}  // namespace nascent::worker
