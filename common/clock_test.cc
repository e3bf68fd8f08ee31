#include "common/clock.h"

#include <gtest/gtest.h>

#include <thread>

namespace nascent {
namespace {

TEST(VirtualClock, StandsStillUntilItIsMovedAndNeverGoesBack) {
  VirtualClock clock(absl::FromUnixSeconds(1000));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1000));
  clock.Advance(absl::Seconds(5));
  clock.Advance(-absl::Seconds(3));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1005));
  EXPECT_EQ(clock.Elapsed(), absl::Seconds(5));
}

TEST(SystemClock, ElapsedNeverFalls) {
  SystemClock clock;
  const absl::Duration first = clock.Elapsed();
  EXPECT_GE(clock.Elapsed(), first);
}

TEST(CondVar, AWaitEndsWhenItsTimeRunsOutAndStillHoldsTheLock) {
  Mutex mutex;
  CondVar changed;
  MutexLock lock(mutex);
  EXPECT_FALSE(changed.WaitFor(mutex, absl::Milliseconds(1)));
}

TEST(CondVar, AWaiterSeesWhatTheNotifierWrote) {
  Mutex mutex;
  CondVar changed;
  int value = 0;
  std::thread writer([&] {
    MutexLock lock(mutex);
    value = 7;
    changed.NotifyAll();
  });
  {
    MutexLock lock(mutex);
    while (value == 0) changed.Wait(mutex);
    EXPECT_EQ(value, 7);
  }
  writer.join();
}

}  // namespace
}  // namespace nascent
