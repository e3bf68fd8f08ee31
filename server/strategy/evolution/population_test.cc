#include "server/strategy/evolution/population.h"

#include <gtest/gtest.h>

#include "server/strategy/testing/driver.h"
#include "server/strategy/testing/hand_space.h"

namespace nascent::strategy {
namespace {

space::Genotype Kind(int64_t option) { return {{option}}; }

class PopulationTest : public ::testing::Test {
 protected:
  void Propose(int64_t trial, int64_t option) {
    Proposed proposed;
    proposed.trial = trial;
    proposed.proposal.genotype = Kind(option);
    population_.Observe(proposed);
  }
  bool Finish(int64_t trial, v1::TrialState state = v1::TRIAL_STATE_SUCCEEDED) {
    Finished finished;
    finished.trial = trial;
    finished.state = state;
    finished.metrics = {{"accuracy", 0.5}, {"size", 1}};
    return population_.Observe(finished);
  }

  const testing::HandSpace space_{"kinds", {testing::Choice("kind", 9)}};
  Population population_{testing::TestProblem(space_), 2};
};

TEST_F(PopulationTest, TrialsUnderWayCountAmongThoseToBeginWith) {
  EXPECT_TRUE(population_.IsFilling());
  Propose(1, 0);
  EXPECT_TRUE(population_.IsFilling());
  Propose(2, 1);
  EXPECT_TRUE(population_.IsFilling());  // nothing to breed from
  EXPECT_TRUE(Finish(1));
  EXPECT_FALSE(population_.IsFilling());
  EXPECT_FALSE(Finish(2, v1::TRIAL_STATE_FAILED));
  EXPECT_TRUE(population_.IsFilling());
}

TEST_F(PopulationTest, WhatFailedIsNoMemberAndMayBeTriedAgain) {
  Propose(1, 3);
  EXPECT_TRUE(population_.Knows(Kind(3)));
  EXPECT_FALSE(Finish(1, v1::TRIAL_STATE_FAILED));
  EXPECT_TRUE(population_.members().empty());
  EXPECT_FALSE(population_.Knows(Kind(3)));
}

TEST_F(PopulationTest, WhoLeftIsStillKnown) {
  for (int64_t trial = 1; trial <= 3; ++trial) {
    Propose(trial, trial);
    EXPECT_TRUE(Finish(trial));
  }
  EXPECT_TRUE(population_.IsOverfull());
  population_.Remove(0);
  EXPECT_FALSE(population_.IsOverfull());
  EXPECT_EQ(population_.members().front().trial, 2);
  EXPECT_TRUE(population_.Knows(Kind(1)));
  EXPECT_FALSE(population_.IsFilling());
}

}  // namespace
}  // namespace nascent::strategy
