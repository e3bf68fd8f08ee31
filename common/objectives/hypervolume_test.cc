#include "common/objectives/hypervolume.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "common/random.h"

namespace nascent::objectives {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

// Counts the unit cells of an integer grid that some point covers.
double BruteForce(const std::vector<std::vector<double>>& points, int objectives, int side) {
  int64_t cells = 1;
  for (int i = 0; i < objectives; ++i) cells *= side;
  int64_t covered = 0;
  for (int64_t cell = 0; cell < cells; ++cell) {
    bool inside = false;
    for (const auto& point : points) {
      int64_t rest = cell;
      bool here = true;
      for (int m = 0; m < objectives; ++m, rest /= side) {
        here = here && point[static_cast<size_t>(m)] >= static_cast<double>(rest % side + 1);
      }
      inside = inside || here;
    }
    covered += inside ? 1 : 0;
  }
  return static_cast<double>(covered);
}

TEST(HypervolumeTest, EqualsACountOfCoveredCells) {
  for (const int objectives : {1, 2, 3, 4, 5}) {
    for (const int count : {0, 1, 5, 25}) {
      RandomStream random(static_cast<uint64_t>(objectives), static_cast<uint64_t>(count));
      std::vector<std::vector<double>> points(static_cast<size_t>(count));
      for (auto& point : points) {
        for (int m = 0; m < objectives; ++m) point.push_back(static_cast<double>(random.Below(7)));
      }
      const std::vector<double> reference(static_cast<size_t>(objectives), 0);
      EXPECT_DOUBLE_EQ(Hypervolume(points, reference), BruteForce(points, objectives, 6))
          << objectives << " objectives, " << count << " points";
    }
  }
}

TEST(HypervolumeTest, PointsThatDoNotPassTheReferenceAddNothing) {
  EXPECT_EQ(Hypervolume({{1, 3}, {5, 1}, {2, 2}}, {1, 1}), 1);
  EXPECT_EQ(Hypervolume({{std::nan(""), 3}}, {0, 0}), 0);
}

TEST(HypervolumeTest, AContributionIsWhatOnlyThatPointCovers) {
  EXPECT_THAT(HypervolumeContributions({{1, 3}, {2, 2}, {3, 1}, {1, 1}}, {0, 0}),
              ElementsAre(DoubleNear(1, 1e-12), DoubleNear(1, 1e-12), DoubleNear(1, 1e-12), 0));
}

TEST(HypervolumeTest, AFrontOfHundredsInFourObjectivesIsQuick) {
  RandomStream random(1, 1);
  std::vector<std::vector<double>> points(200, std::vector<double>(4));
  for (auto& point : points) {
    double norm = 0;
    for (double& value : point) {
      value = std::abs(random.Normal());
      norm += value * value;
    }
    for (double& value : point) value /= std::sqrt(norm);
  }
  const double volume = Hypervolume(points, {0, 0, 0, 0});
  // Below the volume of the unit ball's positive part, pi² / 32.
  EXPECT_GT(volume, 0.15);
  EXPECT_LT(volume, 0.3085);
}

}  // namespace
}  // namespace nascent::objectives
