#include "common/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace nascent {
namespace {

TEST(RandomStream, EqualKeysGiveEqualNumbersAndOthersDiffer) {
  RandomStream a(7, 3), b(7, 3), c(7, 4), d(8, 3);
  const uint64_t first = a.Next();
  EXPECT_EQ(first, b.Next());
  EXPECT_NE(first, c.Next());
  EXPECT_NE(first, d.Next());
}

TEST(RandomStream, BelowIsEvenOverItsRange) {
  RandomStream random(1, 1);
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts[random.Below(7)];
  for (int count : counts) EXPECT_NEAR(count, 10000, 500);  // five standard deviations
}

TEST(RandomStream, BetweenReachesBothEndsAndTheWholeRange) {
  RandomStream random(1, 2);
  std::set<int64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(random.Between(-2, 2));
  EXPECT_EQ(seen, (std::set<int64_t>{-2, -1, 0, 1, 2}));
  random.Between(INT64_MIN, INT64_MAX);  // must not divide by zero
}

TEST(RandomStream, NormalHasMeanZeroAndVarianceOne) {
  RandomStream random(1, 3);
  double sum = 0, squares = 0;
  const int n = 100000;
  for (int i = 0; i < n; ++i) {
    const double x = random.Normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / n, 0, 0.02);
  EXPECT_NEAR(squares / n, 1, 0.03);
}

TEST(RandomStream, SampleWithoutReplacementGivesDifferentIndicesEvenly) {
  std::vector<int> counts(10);
  for (uint64_t stream = 0; stream < 10000; ++stream) {
    RandomStream random(5, stream);
    const auto sample = random.SampleWithoutReplacement(10, 3);
    ASSERT_EQ(std::set<int64_t>(sample.begin(), sample.end()).size(), 3u);
    for (int64_t index : sample) ++counts[static_cast<size_t>(index)];
  }
  for (int count : counts) EXPECT_NEAR(count, 3000, 250);
  RandomStream random(5, 0);
  auto all = random.SampleWithoutReplacement(4, 9);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (std::vector<int64_t>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace nascent
