#include "server/strategy/fidelity/brackets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nascent::strategy {
namespace {

using ::testing::ElementsAre;

TEST(BracketsTest, HyperbandsBracketsAreThoseOfThePapersTable1) {
  // Li et al. 2018, table 1: R = 81, factor 3; rung i stands for 3^i units.
  const std::vector<BracketShape> shapes = HyperbandShapes(5, 3);
  ASSERT_EQ(shapes.size(), 5u);
  EXPECT_EQ(shapes[0], (BracketShape{0, {81, 27, 9, 3, 1}}));
  EXPECT_EQ(shapes[1], (BracketShape{1, {34, 11, 3, 1}}));
  EXPECT_EQ(shapes[2], (BracketShape{2, {15, 5, 1}}));
  EXPECT_EQ(shapes[3], (BracketShape{3, {8, 2}}));
  EXPECT_EQ(shapes[4], (BracketShape{4, {5}}));
}

TEST(BracketsTest, HalvingKeepsAtLeastOne) {
  EXPECT_THAT(HalvingShape(0, 4, 4, 10).sizes, ElementsAre(10, 2, 1, 1));
}

TEST(BracketsTest, ABracketBeyondTheBudgetKeepsItsScoresAndShrinksWhatTrains) {
  const BracketShape funnel = HalvingShape(0, 3, 10, 1000);  // 1,000 scores, 100 and 10 trainings
  EXPECT_EQ(ChargedTrials(funnel, 1), 110);
  EXPECT_EQ(FitToBudget(funnel, 1, 110), funnel);
  EXPECT_EQ(FitToBudget(funnel, 1, 50).sizes, (std::vector<int64_t>{1000, 45, 5}));
  EXPECT_EQ(FitToBudget(funnel, 1, 2).sizes, (std::vector<int64_t>{1000, 1, 1}));
  // Not even one at each rung: it ends on its way.
  EXPECT_EQ(FitToBudget(funnel, 1, 1), funnel);
  // Without scores all of it shrinks.
  EXPECT_EQ(FitToBudget(HalvingShape(0, 3, 3, 9), 0, 5).sizes, (std::vector<int64_t>{3, 1, 1}));
  // A bracket that begins above the scores.
  EXPECT_EQ(FitToBudget({1, {5, 1}}, 1, 4).sizes, (std::vector<int64_t>{3, 1}));
}

}  // namespace
}  // namespace nascent::strategy
