#include "server/strategy/variation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "server/strategy/testing/hand_space.h"

namespace nascent::strategy {
namespace {

using testing::Choice;
using testing::Integer;
using testing::Ordered;
using testing::Real;
using testing::When;

double RealOf(const space::Genotype& genotype, size_t decision) {
  return std::get<double>(genotype.values[decision]);
}

TEST(VariationTest, ANumberMovesByStepsAsTheDistributionSays) {
  const space::DecisionSpace decisions({Real("rate", 0, 1)});
  RandomStream random(1, 1);
  std::vector<double> steps;
  std::set<double> different;
  for (int i = 0; i < 2000; ++i) {
    const double to = RealOf(Mutate(decisions, {{0.5}}, random), 0);
    different.insert(to);
    steps.push_back(std::abs(to - 0.5));
  }
  EXPECT_GT(different.size(), 1990u);
  std::sort(steps.begin(), steps.end());
  // The median of 1 - u^(1/6), and tails over half of the range.
  EXPECT_NEAR(steps[1000], 1 - std::pow(0.5, 1.0 / 6), 0.01);
  EXPECT_GT(steps.back(), 0.4);
}

TEST(VariationTest, OnALogScaleStepsAreFactors) {
  const space::DecisionSpace decisions({Real("rate", 1e-4, 1, /*log=*/true)});
  RandomStream random(1, 1);
  int up = 0;
  double sum = 0;
  for (int i = 0; i < 2000; ++i) {
    const double factor = RealOf(Mutate(decisions, {{0.01}}, random), 0) / 0.01;
    up += factor > 1 ? 1 : 0;
    sum += std::log(factor);
  }
  EXPECT_NEAR(up, 1000, 100);
  EXPECT_NEAR(sum / 2000, 0, 0.1);
}

TEST(VariationTest, AtAnEndOfTheRangeAMutationStillMoves) {
  const space::DecisionSpace decisions({Real("rate", 0, 1), Integer("depth", 1, 6)});
  RandomStream random(1, 1);
  for (const space::Genotype& start :
       {space::Genotype{{0.0, int64_t{1}}}, space::Genotype{{1.0, int64_t{6}}}}) {
    for (int i = 0; i < 300; ++i) {
      const space::Genotype child = Mutate(decisions, start, random);
      EXPECT_NE(child, start);
      EXPECT_TRUE(decisions.Validate(child).ok());
    }
  }
}

TEST(VariationTest, WholeNumbersAndOrderedListsMostlyMoveToTheNextValue) {
  const space::DecisionSpace decisions({Ordered("width", {8, 16, 32, 64, 128, 256})});
  RandomStream random(1, 1);
  int next = 0;
  std::set<int64_t> reached;
  for (int i = 0; i < 1000; ++i) {
    const auto to = std::get<int64_t>(Mutate(decisions, {{int64_t{2}}}, random).values[0]);
    EXPECT_NE(to, 2);
    reached.insert(to);
    next += std::abs(to - 2) == 1 ? 1 : 0;
  }
  EXPECT_GT(next, 800);
  EXPECT_GE(reached.size(), 4u);
}

TEST(VariationTest, WhatHasNoOrderTakesAnyOtherOptionEvenly) {
  const space::DecisionSpace decisions({Choice("kind", 5)});
  RandomStream random(1, 1);
  std::vector<int> counts(5);
  for (int i = 0; i < 4000; ++i) {
    ++counts[static_cast<size_t>(
        std::get<int64_t>(Mutate(decisions, {{int64_t{0}}}, random).values[0]))];
  }
  EXPECT_EQ(counts[0], 0);
  for (int option = 1; option < 5; ++option) EXPECT_NEAR(counts[option], 1000, 120);
}

TEST(VariationTest, ChildrenOfTwoNumbersLieAroundThem) {
  const space::DecisionSpace decisions({Real("rate", 0, 1)});
  RandomStream random(1, 1);
  std::set<double> different;
  double sum = 0;
  for (int i = 0; i < 2000; ++i) {
    const double child = RealOf(Crossover(decisions, {{0.4}}, {{0.6}}, random), 0);
    different.insert(child);
    sum += child;
  }
  EXPECT_GT(different.size(), 800u);
  EXPECT_TRUE(different.contains(0.4));
  EXPECT_TRUE(different.contains(0.6));
  EXPECT_NEAR(sum / 2000, 0.5, 0.01);
}

TEST(VariationTest, WhatBecomesActiveIsFilledAndTheRestDropsOut) {
  const space::DecisionSpace decisions(
      {Integer("depth", 1, 3), Choice("second", 4, {When(0, {2, 3})}), Real("rate", 0, 1)});
  RandomStream random(1, 1);
  const space::Genotype shallow{{int64_t{1}, {}, 0.5}};
  const space::Genotype deep{{int64_t{3}, int64_t{2}, 0.1}};
  for (int i = 0; i < 300; ++i) {
    EXPECT_TRUE(decisions.Validate(Mutate(decisions, shallow, random)).ok());
    EXPECT_TRUE(decisions.Validate(Mutate(decisions, deep, random)).ok());
    EXPECT_TRUE(decisions.Validate(Crossover(decisions, shallow, deep, random)).ok());
  }
  for (const space::Genotype& neighbour : Neighbours(decisions, shallow)) {
    EXPECT_TRUE(decisions.Validate(neighbour).ok());
  }
}

TEST(VariationTest, NeighboursOfNumbersAreStepsOfSeveralLengths) {
  const space::DecisionSpace decisions({Real("rate", 0, 1), Integer("width", 1, 101)});
  std::set<double> rates;
  std::set<int64_t> widths;
  for (const space::Genotype& neighbour : Neighbours(decisions, {{0.9, int64_t{51}}})) {
    rates.insert(RealOf(neighbour, 0));
    widths.insert(std::get<int64_t>(neighbour.values[1]));
  }
  rates.erase(0.9);
  EXPECT_THAT(std::vector<double>(rates.begin(), rates.end()),
              ::testing::Pointwise(::testing::DoubleNear(1e-9), {0.6, 0.8, 0.87, 0.93, 1.0}));
  EXPECT_THAT(widths, ::testing::ElementsAre(21, 41, 48, 50, 51, 52, 54, 61, 81));
}

}  // namespace
}  // namespace nascent::strategy
