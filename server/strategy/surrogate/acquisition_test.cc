#include "server/strategy/surrogate/acquisition.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "common/objectives/hypervolume.h"

namespace nascent::strategy {
namespace {

TEST(LogExpectedImprovement, EqualsAMonteCarloEstimate) {
  for (const double mean : {-1.0, 0.0, 0.7}) {
    RandomStream random(1, 1);
    const double deviation = 0.8, best = 0.5;
    double sum = 0;
    const int n = 400000;
    for (int i = 0; i < n; ++i) sum += std::max(0.0, mean + deviation * random.Normal() - best);
    EXPECT_NEAR(std::exp(LogExpectedImprovement(mean, deviation, best)), sum / n, 0.004) << mean;
  }
}

TEST(LogExpectedImprovement, StaysFiniteAndRisingWhereTheImprovementUnderflows) {
  double last = LogExpectedImprovement(-1000, 1, 0);
  EXPECT_TRUE(std::isfinite(last));
  for (double mean = -999; mean < 10; mean += 0.5) {
    const double now = LogExpectedImprovement(mean, 1, 0);
    EXPECT_GT(now, last) << mean;
    last = now;
  }
}

TEST(LogExpectedImprovement, HasNoStepWhereTheSeriesTakesOver) {
  EXPECT_NEAR(LogExpectedImprovement(-5.0 - 1e-6, 1, 0), LogExpectedImprovement(-5.0 + 1e-6, 1, 0),
              3e-3);
}

TEST(ImprovementDraws, WithoutDoubtTheImprovementIsTheExactDifference) {
  RandomStream random(1, 2);
  const std::vector<std::vector<double>> front = {{1, 3}, {2, 2}, {3, 1}};
  const std::vector<double> reference = {0, 0};
  const ImprovementDraws draws(2, random);
  for (const std::vector<double>& point :
       {std::vector<double>{2.5, 2.5}, {0.5, 0.5}, {4, 0.5}, {-1, 5}}) {
    std::vector<std::vector<double>> with = front;
    with.push_back(point);
    EXPECT_NEAR(
        draws.ExpectedHypervolumeImprovement(front, reference, point, {1e-9, 1e-9}),
        objectives::Hypervolume(with, reference) - objectives::Hypervolume(front, reference), 1e-6);
  }
}

TEST(PairImprovement, IsTheMeanOfTheImprovementsOfManyDraws) {
  const std::vector<std::vector<double>> front = {{1, 3}, {3, 1}, {2, 2}, {5, -1}};
  const std::vector<double> reference = {0, 0};
  const PairImprovement exact(front, reference);
  const std::vector<double> deviation = {0.7, 1.3};
  constexpr int kDraws = 20000;
  for (const std::vector<double>& mean :
       {std::vector<double>{2.5, 2.5}, {0.5, 0.5}, {4, 0.5}, {-1, 5}, {-2, -2}}) {
    RandomStream random(1, 2);
    double sum = 0;
    for (int i = 0; i < kDraws; ++i) {
      std::vector<std::vector<double>> with = front;
      const double first = mean[0] + deviation[0] * random.Normal();
      with.push_back({first, mean[1] + deviation[1] * random.Normal()});
      sum += objectives::Hypervolume(with, reference) - objectives::Hypervolume(front, reference);
    }
    EXPECT_NEAR(exact.Expected(mean, deviation), sum / kDraws, 0.05) << mean[0];
  }
}

TEST(PairImprovement, WithoutDoubtIsTheExactDifference) {
  const PairImprovement improvement({{1, 3}, {2, 2}, {3, 1}}, {0, 0});
  // 0.5 above the step at height 2, which is 1 wide, and 1.5 above half of the one at height 1.
  EXPECT_NEAR(improvement.Expected({2.5, 2.5}, {1e-9, 1e-9}), 1 * 0.5 + 0.5 * 1.5, 1e-6);
  EXPECT_NEAR(improvement.Expected({0.5, 0.5}, {1e-9, 1e-9}), 0, 1e-6);
}

}  // namespace
}  // namespace nascent::strategy
