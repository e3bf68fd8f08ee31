#include "common/objectives/pareto.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "common/random.h"

namespace nascent::objectives {
namespace {

using ::testing::ElementsAre;

// Peels front after front by comparing all pairs.
std::vector<int> BruteForceRanks(const std::vector<std::vector<double>>& points) {
  std::vector<int> ranks(points.size(), -1);
  size_t ranked = 0;
  for (int rank = 0; ranked < points.size(); ++rank) {
    std::vector<size_t> front;
    for (size_t i = 0; i < points.size(); ++i) {
      if (ranks[i] >= 0) continue;
      bool dominated = false;
      for (size_t j = 0; j < points.size(); ++j) {
        dominated = dominated || (ranks[j] < 0 && Dominates(points[j], points[i]));
      }
      if (!dominated) front.push_back(i);
    }
    for (const size_t i : front) ranks[i] = rank;
    ranked += front.size();
  }
  return ranks;
}

TEST(ParetoTest, DominanceNeedsOneBetterAndNoneWorse) {
  EXPECT_TRUE(Dominates({2, 2}, {2, 1}));
  EXPECT_FALSE(Dominates({2, 2}, {2, 2}));
  EXPECT_FALSE(Dominates({3, 0}, {2, 1}));
}

TEST(ParetoTest, RanksEqualBruteForce) {
  for (const int objectives : {1, 2, 3, 4}) {
    for (const int count : {1, 2, 10, 60}) {
      RandomStream random(static_cast<uint64_t>(objectives), static_cast<uint64_t>(count));
      std::vector<std::vector<double>> points(static_cast<size_t>(count));
      for (auto& point : points) {
        // Few values, so that ties are frequent.
        for (int i = 0; i < objectives; ++i) point.push_back(static_cast<double>(random.Below(8)));
      }
      EXPECT_EQ(NonDominatedRanks(points), BruteForceRanks(points))
          << objectives << " objectives, " << count << " points";
    }
  }
}

TEST(ParetoTest, CrowdingIsTheGapBetweenNeighbours) {
  const std::vector<std::vector<double>> points = {{0, 10}, {1, 6}, {4, 5}, {10, 0}};
  const std::vector<double> distances = CrowdingDistances(points, NonDominatedRanks(points));
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(distances, ElementsAre(infinity, 0.4 + 0.5, 0.9 + 0.6, infinity));
}

TEST(ParetoTest, TheFirstFrontIsWhatNothingDominates) {
  EXPECT_THAT(NonDominated({{1, 1}, {2, 0}, {0, 0}, {1, 1}}), ElementsAre(0, 1, 3));
}

}  // namespace
}  // namespace nascent::objectives
