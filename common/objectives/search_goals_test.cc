#include "common/objectives/search_goals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <string>

namespace nascent::objectives {
namespace {

using testing::ElementsAre;
using testing::Optional;

using Metrics = std::map<std::string, double>;

auto ReaderOf(const Metrics& metrics) {
  return [&metrics](const std::string& name) -> std::optional<double> {
    const auto found = metrics.find(name);
    return found == metrics.end() ? std::nullopt : std::optional<double>(found->second);
  };
}

v1::SearchSpec Spec() {
  v1::SearchSpec spec;
  v1::Objective& accuracy = *spec.add_objectives();
  accuracy.set_metric("accuracy");
  accuracy.set_goal(v1::GOAL_MAXIMIZE);
  v1::Objective& latency = *spec.add_objectives();
  latency.set_metric("latency_ms");
  latency.set_goal(v1::GOAL_MINIMIZE);
  v1::Constraint& memory = *spec.add_constraints();
  memory.set_metric("peak_memory_bytes");
  memory.set_at_most(100);
  v1::Constraint& cost = *spec.add_constraints();
  cost.set_metric("parameters / 1000");
  cost.set_at_most(5);
  return spec;
}

TEST(SearchGoals, ScoresAreLargerWhereATrialIsBetter) {
  const SearchGoals goals(Spec());
  const Metrics metrics = {{"accuracy", 0.9}, {"latency_ms", 4}};
  EXPECT_THAT(goals.Scores(ReaderOf(metrics)), Optional(ElementsAre(0.9, -4)));
}

TEST(SearchGoals, ATrialWithoutAFiniteValueOfEachObjectiveHasNoScores) {
  const SearchGoals goals(Spec());
  const Metrics half = {{"accuracy", 0.9}};
  EXPECT_EQ(goals.Scores(ReaderOf(half)), std::nullopt);
  const Metrics endless = {{"accuracy", 0.9},
                           {"latency_ms", std::numeric_limits<double>::infinity()}};
  EXPECT_EQ(goals.Scores(ReaderOf(endless)), std::nullopt);
}

TEST(SearchGoals, AConstraintOnAResultIsKeptOnlyByAValueWithinIt) {
  const SearchGoals goals(Spec());
  EXPECT_TRUE(goals.IsFeasible(ReaderOf({{"peak_memory_bytes", 100}})));
  EXPECT_FALSE(goals.IsFeasible(ReaderOf({{"peak_memory_bytes", 101}})));
  EXPECT_FALSE(goals.IsFeasible(ReaderOf({})));
}

TEST(SearchGoals, AConstraintOnCostsHeldBeforeTheTrialRan) {
  const SearchGoals goals(Spec());
  EXPECT_TRUE(goals.IsFeasible(ReaderOf({{"peak_memory_bytes", 1}, {"parameters", 9000}})));
}

}  // namespace
}  // namespace nascent::objectives
