#include "server/strategy/sampling.h"

#include <gtest/gtest.h>

namespace nascent::strategy {
namespace {

// As the streams of the searches that were logged so far.
uint64_t FirstOfLogged(uint64_t purpose) {
  return RandomStream(7 + 0xA0761D6478BD642F * (purpose + 1), 9).Next();
}

TEST(SamplingTest, SideStreamsAreThoseOfTheSearchesThatWereLogged) {
  Problem problem;
  problem.seed = 7;
  const auto first = [&problem](StreamPurpose purpose) {
    return SideStream(problem, purpose, 9).Next();
  };
  EXPECT_EQ(first(StreamPurpose::kRepeatReplaced), FirstOfLogged(1));
  EXPECT_EQ(first(StreamPurpose::kNeighbours), FirstOfLogged(2));
  EXPECT_EQ(first(StreamPurpose::kAcceptance), FirstOfLogged(3));
  EXPECT_EQ(first(StreamPurpose::kPortfolioChoice), FirstOfLogged(4));
  EXPECT_EQ(first(StreamPurpose::kRandomShare), FirstOfLogged(5));
  EXPECT_EQ(first(StreamPurpose::kCalibration), FirstOfLogged(6));
  EXPECT_EQ(first(FitPurpose(0)), FirstOfLogged(1));
  EXPECT_EQ(first(FitPurpose(2)), FirstOfLogged(3));
}

}  // namespace
}  // namespace nascent::strategy
