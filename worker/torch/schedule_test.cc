#include "worker/torch/schedule.h"

#include <cmath>

#include "gtest/gtest.h"

namespace nascent::worker {
namespace {

TEST(ScheduleTest, ConstantIsOne) {
  EXPECT_EQ(ScheduleFactor({}, 0, 10, 5), 1);
  EXPECT_EQ(ScheduleFactor({}, 49, 10, 5), 1);
}

TEST(ScheduleTest, CosinePerEpochIsTheOneOfNasBench201) {
  v1::Schedule schedule;
  schedule.mutable_cosine();
  for (int epoch = 0; epoch < 12; ++epoch) {
    const double expected = (1 + std::cos(M_PI * epoch / 12)) / 2;
    EXPECT_DOUBLE_EQ(ScheduleFactor(schedule, epoch * 98, 98, 12), expected);
    EXPECT_DOUBLE_EQ(ScheduleFactor(schedule, epoch * 98 + 97, 98, 12), expected);
  }
}

TEST(ScheduleTest, CosineByStepFallsAtEachStepToItsFinalFactor) {
  v1::Schedule schedule;
  schedule.set_by_step(true);
  schedule.mutable_cosine()->set_final_factor(0.1);
  double last = 1.1;
  for (int step = 0; step < 40; ++step) {
    const double factor = ScheduleFactor(schedule, step, 10, 4);
    EXPECT_LT(factor, last);
    last = factor;
  }
  EXPECT_DOUBLE_EQ(ScheduleFactor(schedule, 20, 10, 4), 0.55);
  EXPECT_DOUBLE_EQ(ScheduleFactor(schedule, 40, 10, 4), 0.1);
}

TEST(ScheduleTest, StepDropsEverySoManyEpochs) {
  v1::Schedule schedule;
  schedule.mutable_step()->set_every_epochs(2);
  schedule.mutable_step()->set_factor(0.5);
  EXPECT_EQ(ScheduleFactor(schedule, 0, 10, 10), 1);
  EXPECT_EQ(ScheduleFactor(schedule, 19, 10, 10), 1);
  EXPECT_EQ(ScheduleFactor(schedule, 20, 10, 10), 0.5);
  EXPECT_EQ(ScheduleFactor(schedule, 99, 10, 10), 0.0625);
}

TEST(ScheduleTest, WarmUpGrowsLinearlyWithoutAStepOfRateZero) {
  v1::Schedule schedule;
  schedule.set_warmup_epochs(0.5);
  schedule.mutable_cosine();
  EXPECT_DOUBLE_EQ(ScheduleFactor(schedule, 0, 10, 3), 0.2);
  EXPECT_DOUBLE_EQ(ScheduleFactor(schedule, 3, 10, 3), 0.8);
  EXPECT_DOUBLE_EQ(ScheduleFactor(schedule, 4, 10, 3), 1);
  EXPECT_LT(ScheduleFactor(schedule, 10, 10, 3), 1);
}

TEST(ScheduleTest, AWarmUpAsLongAsTheTrainingEndsAtTheFullRate) {
  v1::Schedule schedule;
  schedule.set_warmup_epochs(2);
  schedule.mutable_step();
  EXPECT_DOUBLE_EQ(ScheduleFactor(schedule, 19, 10, 2), 1);
}

}  // namespace
}  // namespace nascent::worker
