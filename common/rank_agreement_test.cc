#include "common/rank_agreement.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/random.h"

namespace nascent {
namespace {

TEST(RankAgreement, IsKnownByHandWithTies) {
  // Ranks 1 1 2 3 against 1 3 2 4: of six pairs five differ in the first order, all in the second;
  // four of the five agree, one does not.
  const auto agreement = KendallTau({{1, 1}, {1, 3}, {2, 2}, {3, 4}});
  ASSERT_TRUE(agreement.has_value());
  EXPECT_NEAR(agreement->tau, 3 / std::sqrt(5 * 6), 1e-12);
  // Without one of them.
  const double left[] = {1.0 / 3, 1, 2 / std::sqrt(2 * 3), 0};
  double mean = 0;
  for (const double each : left) mean += each / 4;
  double squares = 0;
  for (const double each : left) squares += (each - mean) * (each - mean);
  EXPECT_NEAR(agreement->error, std::sqrt(3.0 / 4 * squares), 1e-12);
}

TEST(RankAgreement, IsUnknownOfTooFewAndOfEqualOnes) {
  EXPECT_FALSE(KendallTau({}).has_value());
  EXPECT_FALSE(KendallTau({{1, 1}, {2, 2}}).has_value());
  EXPECT_FALSE(KendallTau({{1, 1}, {1, 2}, {1, 3}}).has_value());
  EXPECT_FALSE(KendallTau({{1, 5}, {2, 5}, {3, 5}, {4, 5}}).has_value());
  // Without the last one nothing differs.
  EXPECT_FALSE(KendallTau({{1, 5}, {2, 5}, {3, 5}, {4, 6}}).has_value());
}

TEST(RankAgreement, OfFewThatAllAgreeHasAnErrorAllTheSame) {
  const auto agreement = KendallTau({{1, 1}, {2, 2}, {3, 3}});
  ASSERT_TRUE(agreement.has_value());
  EXPECT_EQ(agreement->tau, 1);
  EXPECT_NEAR(agreement->error, std::sqrt(2.0 * 11 / (9 * 3 * 2)), 1e-12);
}

TEST(RankAgreement, WeighsAPairByTheInverseOfItsProbability) {
  // One that was not sampled and two of five: pairs count 5/2 and 5 * 4 / (2 * 1).
  const std::vector<JudgedTwice> things = {{3, 1}, {2, 3, true}, {1, 2, true}};
  const auto agreement = KendallTau(things, 5);
  ASSERT_TRUE(agreement.has_value());
  EXPECT_NEAR(agreement->tau, (-2.5 - 2.5 + 10) / 15, 1e-12);
}

TEST(RankAgreement, OfASampleOfTheLosersIsThatOfAllWhereThatOfTheBestAloneIsNot) {
  // 300 things whose orders agree; of the best third by the first order all are judged twice, of
  // the others twenty. Over many draws the mean is that of all, and the error about right.
  RandomStream random(7, 1);
  double sum = 0;
  double squares = 0;
  double errors = 0;
  double whole = 0;
  double best = 0;
  constexpr int kDraws = 60;
  for (int draw = 0; draw < kDraws; ++draw) {
    std::vector<JudgedTwice> all;
    for (int i = 0; i < 300; ++i) {
      const double worth = i < 100 ? 1 + 0.02 * random.Normal() : random.Uniform();
      all.push_back({static_cast<double>(300 - i), worth - 0.002 * i});
    }
    std::vector<JudgedTwice> seen(all.begin(), all.begin() + 100);
    best += KendallTau(seen)->tau / kDraws;
    std::vector<JudgedTwice> losers(all.begin() + 100, all.end());
    for (int i = 0; i < 20; ++i) {
      const auto drawn = losers.begin() + static_cast<int64_t>(random.Below(losers.size()));
      drawn->sampled = true;
      seen.push_back(*drawn);
      losers.erase(drawn);
    }
    const auto estimate = KendallTau(seen, 200);
    const double truth = KendallTau(all)->tau;
    whole += truth / kDraws;
    sum += estimate->tau - truth;
    squares += (estimate->tau - truth) * (estimate->tau - truth);
    errors += estimate->error / kDraws;
  }
  EXPECT_NEAR(sum / kDraws, 0, 0.03);
  EXPECT_GT(std::abs(best - whole), 0.1);
  EXPECT_GT(errors, 0.5 * std::sqrt(squares / kDraws));
  EXPECT_LT(errors, 2.5 * std::sqrt(squares / kDraws));
}

}  // namespace
}  // namespace nascent
