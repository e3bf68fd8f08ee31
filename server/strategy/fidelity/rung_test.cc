#include "server/strategy/fidelity/rung.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "common/random.h"

namespace nascent::strategy {
namespace {

using ::testing::Optional;

Outcome Scored(std::vector<double> scores) {
  Outcome outcome;
  outcome.usable = true;
  outcome.scores = std::move(scores);
  return outcome;
}

TEST(RungTest, TheTopEqualsASortOfAllResults) {
  RandomStream random(3, 1);
  RungResults rung(1, 3);
  std::vector<std::pair<double, int64_t>> all;
  for (int64_t trial = 1; trial <= 400; ++trial) {
    const double score = static_cast<double>(random.Below(50));
    rung.Insert(trial, Scored({score}));
    all.emplace_back(-score, trial);
    std::vector<std::pair<double, int64_t>> sorted = all;
    std::sort(sorted.begin(), sorted.end());
    const size_t top = sorted.size() / 3;
    for (size_t i = 0; i < sorted.size(); ++i) {
      ASSERT_EQ(rung.InTop(sorted[i].second), i < top) << "after " << trial << " results";
    }
  }
}

TEST(RungTest, WhatWasPromotedIsNotPromotedAgain) {
  RungResults rung(1, 2);
  rung.Insert(1, Scored({5}));
  EXPECT_EQ(rung.Promotable(), std::nullopt);
  rung.Insert(2, Scored({3}));
  EXPECT_THAT(rung.Promotable(), Optional(1));
  rung.MarkPromoted(1);
  EXPECT_EQ(rung.Promotable(), std::nullopt);
  rung.Insert(3, Scored({9}));
  rung.Insert(4, Scored({1}));
  EXPECT_THAT(rung.Promotable(), Optional(3));
}

TEST(RungTest, FailuresCountAndAreNeverPromoted) {
  RungResults rung(1, 2);
  rung.Insert(1, Outcome());
  rung.Insert(2, Outcome());
  EXPECT_EQ(rung.Promotable(), std::nullopt);
  rung.Insert(3, Scored({-7}));
  rung.Insert(4, Outcome());
  EXPECT_THAT(rung.Promotable(), Optional(3));
  rung.MarkPromoted(3);
  EXPECT_EQ(rung.Promotable(), std::nullopt);
}

TEST(RungTest, SeveralObjectivesArePromotedByFrontsAndNotByOneObjective) {
  RungResults rung(2, 2);
  rung.Insert(1, Scored({1, 1}));
  rung.Insert(2, Scored({9, 0}));
  rung.Insert(3, Scored({5, 5}));
  rung.Insert(4, Scored({0, 9}));
  // The first front is 2, 3 and 4; the top of two holds 3, which adds the most hypervolume.
  EXPECT_THAT(rung.Promotable(), Optional(3));
  EXPECT_FALSE(rung.InTop(1));
}

}  // namespace
}  // namespace nascent::strategy
