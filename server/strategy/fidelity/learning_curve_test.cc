#include "server/strategy/fidelity/learning_curve.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/random.h"

namespace nascent::strategy {
namespace {

TEST(LearningCurveTest, APowerLawIsContinued) {
  std::vector<double> epochs;
  std::vector<double> values;
  RandomStream random(1, 1);
  for (int epoch = 1; epoch <= 20; ++epoch) {
    epochs.push_back(epoch);
    values.push_back(0.9 - 0.5 / std::sqrt(epoch) + 0.002 * random.Normal());
  }
  const Extrapolation extrapolation = Extrapolate(epochs, values, 100);
  EXPECT_NEAR(extrapolation.Mean(), 0.85, 0.02);
  EXPECT_GT(extrapolation.ProbabilityAbove(0.75), 0.95);
  EXPECT_LT(extrapolation.ProbabilityAbove(0.95), 0.05);
}

TEST(LearningCurveTest, AFlatCurveStaysFlat) {
  const Extrapolation extrapolation =
      Extrapolate({1, 2, 3, 4, 5, 6}, {0.1, 0.1001, 0.1, 0.1001, 0.1, 0.1001}, 50);
  EXPECT_LT(extrapolation.ProbabilityAbove(0.2), 0.05);
}

TEST(LearningCurveTest, ThreeValuesAreTooFew) {
  EXPECT_TRUE(Extrapolate({1, 2, 3}, {0.1, 0.2, 0.3}, 50).parts.empty());
}

}  // namespace
}  // namespace nascent::strategy
