#include "common/data/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace nascent::data {
namespace {

using ::testing::ElementsAre;

TEST(SplitTest, BothPartsAreDisjointAndTogetherEverything) {
  const auto split = SplitTrainingData(1000, 700, 300);
  ASSERT_TRUE(split.ok()) << split.status();
  std::set<int64_t> all(split->train.begin(), split->train.end());
  all.insert(split->validation.begin(), split->validation.end());
  EXPECT_EQ(all.size(), 1000u);
  EXPECT_EQ(*all.begin(), 0);
  EXPECT_EQ(*all.rbegin(), 999);
}

TEST(SplitTest, ASmallerChoiceIsPartOfALargerOne) {
  const auto small = SplitTrainingData(1000, 10, 5);
  const auto large = SplitTrainingData(1000, 700, 300);
  ASSERT_TRUE(small.ok() && large.ok());
  EXPECT_TRUE(std::equal(small->train.begin(), small->train.end(), large->train.begin()));
  EXPECT_TRUE(
      std::equal(small->validation.rbegin(), small->validation.rend(), large->validation.rbegin()));
}

TEST(SplitTest, ThePermutationIsFixedForever) {
  const auto split = SplitTrainingData(10, 5, 5);
  ASSERT_TRUE(split.ok());
  EXPECT_THAT(split->train, ElementsAre(8, 4, 2, 7, 3));
  EXPECT_THAT(split->validation, ElementsAre(5, 1, 9, 6, 0));
}

TEST(SplitTest, ImpossibleSizesAreRefused) {
  EXPECT_FALSE(SplitTrainingData(10, 6, 5).ok());
  EXPECT_FALSE(SplitTrainingData(10, 0, 5).ok());
  EXPECT_FALSE(SplitTrainingData(10, 5, -1).ok());
  EXPECT_FALSE(SplitTrainingData(10, INT64_MAX, INT64_MAX).ok());
  EXPECT_FALSE(ResolveSplit(10, -1, 0).ok());
  EXPECT_FALSE(ResolveSplit(10, 0, 10).ok());
  EXPECT_FALSE(ResolveSplit(1, 0, 0).ok());
}

TEST(SplitTest, DefaultsAreATenthAndTheRest) {
  const auto sizes = ResolveSplit(60000, 0, 0);
  ASSERT_TRUE(sizes.ok());
  EXPECT_EQ(sizes->validation, 6000);
  EXPECT_EQ(sizes->train, 54000);
}

}  // namespace
}  // namespace nascent::data
