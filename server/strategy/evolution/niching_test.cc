#include "server/strategy/evolution/niching.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "common/objectives/pareto.h"

namespace nascent::strategy {
namespace {

TEST(NichingTest, ThreeObjectivesAndFourDivisionsGiveFifteenDirections) {
  // Deb & Jain 2014, section IV-B.
  const auto directions = ReferenceDirections(3, 4);
  EXPECT_EQ(directions.size(), 15u);
  for (const auto& direction : directions) {
    EXPECT_DOUBLE_EQ(std::accumulate(direction.begin(), direction.end(), 0.0), 1);
  }
}

TEST(NichingTest, ThePapersPopulationsFollowFromTheirDivisions) {
  // Deb & Jain 2014, table I: 91 points from 12 divisions in 3 objectives, 210 from 6 in 5.
  EXPECT_EQ(ReferenceDirections(3, 12).size(), 91u);
  EXPECT_EQ(Divisions(3, 92), 12);
  EXPECT_EQ(ReferenceDirections(5, 6).size(), 210u);
  EXPECT_EQ(Divisions(5, 212), 6);
  EXPECT_EQ(Divisions(2, 11), 10);
  EXPECT_EQ(Divisions(1, 100), 1);
}

TEST(NichingTest, TheCrowdedDirectionLosesItsFarthestPoint) {
  const std::vector<std::vector<double>> points = {
      {1, 0}, {0.95, 0.15}, {0.92, 0.2}, {0, 1}, {0.5, 0.5}};
  const std::vector<int> ranks = objectives::NonDominatedRanks(points);
  EXPECT_EQ(NichingVictim(points, ranks, ReferenceDirections(2, 2)), 2);
}

TEST(NichingTest, OnlyTheLastFrontLosesAPoint) {
  const std::vector<std::vector<double>> points = {{1, 0}, {0.9, 0.1}, {0.8, 0.05}, {0, 1}};
  const std::vector<int> ranks = objectives::NonDominatedRanks(points);
  EXPECT_EQ(NichingVictim(points, ranks, ReferenceDirections(2, 4)), 2);
}

TEST(NichingTest, EqualPointsAreNoObstacle) {
  const std::vector<std::vector<double>> points(4, {1, 1, 1});
  const int victim =
      NichingVictim(points, objectives::NonDominatedRanks(points), ReferenceDirections(3, 3));
  EXPECT_GE(victim, 0);
  EXPECT_LT(victim, 4);
}

}  // namespace
}  // namespace nascent::strategy
