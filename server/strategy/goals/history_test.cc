#include "server/strategy/goals/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/strategy/testing/driver.h"
#include "server/strategy/testing/hand_space.h"

namespace nascent::strategy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class HistoryTest : public ::testing::Test {
 protected:
  HistoryTest()
      : space_(testing::CellSpace()),
        problem_(testing::TestProblem(*space_, 2, 2)),
        history_(problem_) {}

  void Propose(int64_t trial, int rung = -1) {
    RandomStream random(1, static_cast<uint64_t>(trial));
    Proposed proposed;
    proposed.trial = trial;
    proposed.proposal.genotype = space_->decisions().Sample(random);
    proposed.proposal.rung = rung;
    history_.Observe(proposed);
  }

  int Finish(int64_t trial, double accuracy, double size,
             v1::TrialState state = v1::TRIAL_STATE_SUCCEEDED) {
    Finished finished;
    finished.trial = trial;
    finished.state = state;
    finished.metrics = {{"accuracy", accuracy}, {"size", size}};
    return history_.Observe(finished);
  }

  std::shared_ptr<const testing::HandSpace> space_;
  Problem problem_;
  History history_;
};

TEST_F(HistoryTest, GoalsAreTurnedToLargerIsBetter) {
  Propose(1);
  Finish(1, 0.9, 100);
  EXPECT_THAT(history_.trials()[0].outcome.scores, ElementsAre(0.9, -100));
  EXPECT_THAT(history_.usable(), ElementsAre(0));
  EXPECT_THAT(history_.pending(), IsEmpty());
}

TEST_F(HistoryTest, FailedTrialsAreKnownAndCancelledOnesSayNothing) {
  Propose(1);
  Propose(2);
  Propose(3);
  Finish(1, 0.9, 100, v1::TRIAL_STATE_FAILED);
  Finish(2, 0.9, 100, v1::TRIAL_STATE_CANCELLED);
  EXPECT_THAT(history_.failed(), ElementsAre(0));
  EXPECT_THAT(history_.usable(), IsEmpty());
  EXPECT_THAT(history_.pending(), ElementsAre(3));
  EXPECT_EQ(history_.best(), -1);
}

TEST_F(HistoryTest, ATrialEndsOnce) {
  Propose(1);
  EXPECT_EQ(Finish(1, 0.5, 1), 0);
  EXPECT_EQ(Finish(1, 0.9, 1), -1);
  EXPECT_EQ(Finish(7, 0.9, 1), -1);
  EXPECT_EQ(history_.trials()[0].outcome.scores[0], 0.5);
}

TEST_F(HistoryTest, TheFrontHoldsWhatNothingDominates) {
  for (int i = 1; i <= 5; ++i) Propose(i);
  Finish(1, 0.5, 10);
  Finish(2, 0.6, 20);
  Finish(3, 0.4, 15);  // dominated by 1
  EXPECT_THAT(history_.front(1), ElementsAre(0, 1));
  Finish(4, 0.7, 5);
  EXPECT_THAT(history_.front(1), ElementsAre(3));
  Finish(5, 0.7, 5);  // equal
  EXPECT_THAT(history_.front(1), ElementsAre(3));
  EXPECT_EQ(history_.best(), 3);
}

TEST_F(HistoryTest, RungsAreKeptApart) {
  Propose(1, 0);
  Propose(2, 0);
  Propose(3, -1);
  Finish(1, 0.9, 1);
  Finish(2, 0.8, 1);
  Finish(3, 0.5, 1);
  EXPECT_THAT(history_.usable_at(0), ElementsAre(0, 1));
  EXPECT_THAT(history_.usable_at(1), ElementsAre(2));
  EXPECT_EQ(history_.best(), 2);
  EXPECT_EQ(history_.FullestRung(1), 1);
  EXPECT_EQ(history_.FullestRung(2), 0);
}

TEST_F(HistoryTest, ConstraintsComeBeforeScores) {
  problem_.constraints.push_back({"size", 50.0, std::nullopt});
  History history(problem_);
  const Outcome small = Assess(problem_, {{"accuracy", 0.1}, {"size", 40}});
  const Outcome large = Assess(problem_, {{"accuracy", 0.9}, {"size", 75}});
  EXPECT_TRUE(small.feasible());
  EXPECT_DOUBLE_EQ(large.violation, 0.5);
  EXPECT_TRUE(Better(small, large));
  EXPECT_FALSE(Better(large, small));
  EXPECT_EQ(BestOf({&large, &small}), 1);
}

}  // namespace
}  // namespace nascent::strategy
