#include "server/engine/standing.h"

#include <gtest/gtest.h>

#include <cmath>

namespace nascent::engine {
namespace {

v1::SearchSpec OneObjective() {
  v1::SearchSpec spec;
  spec.add_objectives()->set_metric("accuracy");
  spec.mutable_objectives(0)->set_goal(v1::GOAL_MAXIMIZE);
  return spec;
}

v1::SearchSpec TwoObjectives() {
  v1::SearchSpec spec = OneObjective();
  spec.add_objectives()->set_metric("parameters");
  spec.mutable_objectives(1)->set_goal(v1::GOAL_MINIMIZE);
  return spec;
}

TEST(Standing, OrdersByValueAndThenByNumber) {
  Standing standing(OneObjective(), 3);
  EXPECT_TRUE(standing.Add(1, {{"accuracy", 0.5}}, 1));
  EXPECT_FALSE(standing.Add(2, {{"accuracy", 0.5}}, 1));
  EXPECT_TRUE(standing.Add(3, {{"accuracy", 0.7}}, 1));
  EXPECT_FALSE(standing.Add(4, {{"accuracy", 0.6}}, 1));
  EXPECT_EQ(standing.Leaders(10), (std::vector<int64_t>{3, 4, 1}));
  EXPECT_DOUBLE_EQ(*standing.BestValue(), 0.7);
}

TEST(Standing, WhatBreaksAConstraintOrHasNoValueNeverLeads) {
  v1::SearchSpec spec = OneObjective();
  spec.add_constraints()->set_metric("parameters");
  spec.mutable_constraints(0)->set_at_most(100);
  Standing standing(spec, 3);
  standing.Add(1, {{"accuracy", 0.9}, {"parameters", 200}}, 1);
  standing.Add(2, {{"accuracy", 0.8}}, 1);
  standing.Add(3, {{"accuracy", std::nan("")}, {"parameters", 10}}, 1);
  standing.Add(4, {{"accuracy", 0.1}, {"parameters", 100}}, 1);
  EXPECT_EQ(standing.Leaders(10), (std::vector<int64_t>{4}));
}

TEST(Standing, AHigherRungComesBeforeALowerOne) {
  Standing standing(OneObjective(), 3);
  standing.Add(1, {{"accuracy", 0.9}}, 1);
  EXPECT_TRUE(standing.Add(2, {{"accuracy", 0.5}}, 2));
  EXPECT_EQ(standing.Leaders(10), (std::vector<int64_t>{2, 1}));
}

TEST(Standing, SeveralObjectivesGiveTheFrontInTheOrderOfTheFirst) {
  Standing standing(TwoObjectives(), 1);
  EXPECT_TRUE(standing.Add(1, {{"accuracy", 0.5}, {"parameters", 10}}, 1));
  EXPECT_TRUE(standing.Add(2, {{"accuracy", 0.9}, {"parameters", 100}}, 1));
  EXPECT_FALSE(standing.Add(3, {{"accuracy", 0.4}, {"parameters", 20}}, 1));
  EXPECT_TRUE(standing.Add(4, {{"accuracy", 0.7}, {"parameters", 50}}, 1));
  EXPECT_EQ(standing.Leaders(10), (std::vector<int64_t>{2, 4, 1}));
  EXPECT_TRUE(standing.Add(5, {{"accuracy", 0.95}, {"parameters", 5}}, 1));
  EXPECT_EQ(standing.Leaders(10), (std::vector<int64_t>{5}));
}

TEST(Standing, HypervolumeUsesTheReferencesThatAreGiven) {
  v1::SearchSpec spec = TwoObjectives();
  spec.mutable_objectives(0)->set_reference(0);
  spec.mutable_objectives(1)->set_reference(100);
  Standing standing(spec, 1);
  EXPECT_FALSE(standing.Hypervolume().has_value());
  standing.Add(1, {{"accuracy", 0.5}, {"parameters", 10}}, 1);
  EXPECT_DOUBLE_EQ(*standing.Hypervolume(), 0.5 * 90);
  standing.Add(2, {{"accuracy", 0.8}, {"parameters", 50}}, 1);
  EXPECT_DOUBLE_EQ(*standing.Hypervolume(), 0.5 * 90 + 0.3 * 50);
}

}  // namespace
}  // namespace nascent::engine
