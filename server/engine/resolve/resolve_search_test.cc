#include "server/engine/resolve/resolve_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "server/engine/testing/harness.h"

namespace nascent::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Surroundings Toy() {
  Surroundings surroundings;
  surroundings.datasets.push_back(testing::ToyDataset());
  surroundings.worker_metrics.insert("latency_ms");
  return surroundings;
}

TEST(ResolveSearch, FillsInDefaultsAndIsIdempotent) {
  v1::SearchSpec spec = testing::ToySpec(10);
  spec.clear_strategy();
  spec.clear_sharing();
  const auto resolved = ResolveSearch(spec, Toy());
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->spec.objectives(0).metric(), "validation_accuracy");
  EXPECT_EQ(resolved->spec.project(), "default");
  EXPECT_EQ(resolved->spec.sharing(), v1::SHARING_PROJECT);
  EXPECT_EQ(resolved->spec.data().validation(), 100);
  EXPECT_EQ(resolved->spec.data().train(), 900);
  EXPECT_TRUE(resolved->spec.final().test());
  EXPECT_EQ(resolved->spec.final().top(), 1);
  EXPECT_EQ(resolved->space_size, "15625");
  const auto again = ResolveSearch(resolved->spec, Toy());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->spec.DebugString(), resolved->spec.DebugString());
}

TEST(ResolveSearch, ASearchedSettingSaysWhichOptimizerIsMeant) {
  v1::SearchSpec spec = testing::ToySpec(10);
  v1::Range& range =
      *(*spec.mutable_decisions())["recipe.optimizer.adam.learning_rate"].mutable_log_uniform();
  range.set_minimum(1e-4);
  range.set_maximum(1e-2);
  const auto resolved = ResolveSearch(spec, Toy());
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_TRUE(resolved->spec.recipe().optimizer().has_adam());
  EXPECT_EQ(resolved->space_size, "");
}

TEST(ResolveSearch, ALadderMakesRungsAndTheLastIsTheWholeRecipe) {
  v1::SearchSpec spec = testing::ToySpec(10);
  for (int epochs : {1, 3, 9}) spec.mutable_fidelities()->add_epochs(epochs);
  const auto resolved = ResolveSearch(spec, Toy());
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  ASSERT_EQ(resolved->rungs.size(), 3u);
  EXPECT_EQ(resolved->spec.recipe().epochs(), 9);
  EXPECT_EQ(resolved->rungs[0].fidelity.epochs(), 1);
  EXPECT_EQ(resolved->rungs[2].fidelity.epochs(), 0);
  EXPECT_DOUBLE_EQ(resolved->rungs[1].rung.share_of_full, 1.0 / 3);
  EXPECT_TRUE(resolved->rungs_continue);
}

TEST(ResolveSearch, AMetricThatOnlyAWorkerDeclaresIsAcceptedWithAWarning) {
  v1::SearchSpec spec = testing::ToySpec(10);
  v1::Objective& objective = *spec.add_objectives();
  objective.set_metric("latency_ms");
  objective.set_goal(v1::GOAL_MINIMIZE);
  const auto resolved = ResolveSearch(spec, Toy());
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  ASSERT_EQ(resolved->warnings.size(), 1u);
  EXPECT_THAT(resolved->warnings[0], HasSubstr("latency_ms"));
}

struct BadInput {
  std::string name;
  std::function<void(v1::SearchSpec&)> spoil;
  std::string message;  // starts with
};

TEST(ResolveSearch, ConstraintsMayBoundArithmeticOverCostsAndTheShareThatPassesIsNoted) {
  v1::SearchSpec spec = testing::ToySpec(10);
  v1::Constraint& constraint = *spec.add_constraints();
  constraint.set_metric("parameters / 1e6 + multiply_accumulates / 1e9");
  constraint.set_at_most(1e9);
  auto resolved = ResolveSearch(spec, Toy());
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  ASSERT_EQ(resolved->cost_bounds.size(), 1u);
  EXPECT_TRUE(resolved->warnings.empty());
  // Above the smallest network, below the largest.
  const auto costs = resolved->space->ComputeCosts(resolved->space->decisions().First());
  ASSERT_TRUE(costs.ok()) << costs.status();
  spec.mutable_constraints(0)->set_metric("published_parameters + 0 * depth");
  spec.mutable_constraints(0)->set_at_most(static_cast<double>(costs->published.parameters) * 1.5);
  resolved = ResolveSearch(spec, Toy());
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  ASSERT_EQ(resolved->warnings.size(), 1u);
  EXPECT_THAT(resolved->warnings[0], HasSubstr(" % of "));
}

class RefusedSearch : public ::testing::TestWithParam<BadInput> {};

TEST_P(RefusedSearch, NamesTheFieldAndWhatWasFound) {
  v1::SearchSpec spec = testing::ToySpec(10);
  GetParam().spoil(spec);
  const absl::Status status = ResolveSearch(spec, Toy()).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), StartsWith(GetParam().message));
}

void AddObjective(v1::SearchSpec& spec, const std::string& metric, v1::Goal goal) {
  v1::Objective& objective = *spec.add_objectives();
  objective.set_metric(metric);
  objective.set_goal(goal);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, RefusedSearch,
    ::testing::Values(
        BadInput{"NoName", [](auto& s) { s.clear_name(); }, "name: found 0 bytes"},
        BadInput{"LongName", [](auto& s) { s.set_name(std::string(129, 'x')); },
                 "name: found 129 bytes"},
        BadInput{"DigitsName", [](auto& s) { s.set_name("123"); }, "name: found \"123\""},
        BadInput{"ControlName", [](auto& s) { s.set_name(std::string("a\0b", 3)); },
                 "name: found \"a\\x00\\x62\""},
        BadInput{"NoSpace", [](auto& s) { s.mutable_space()->clear_preset(); },
                 "space: found neither"},
        BadInput{"UnknownPreset", [](auto& s) { s.mutable_space()->set_preset("nas-bench-9"); },
                 "space.preset: found \"nas-bench-9\", allowed "},
        BadInput{"File", [](auto& s) { s.mutable_space()->set_file("x.yaml"); }, "space.file:"},
        BadInput{"BadTemplate",
                 [](auto& s) {
                   s.mutable_space()->clear_preset();
                   s.mutable_space()->clear_set();
                   s.mutable_space()->set_template_("nonsense");
                 },
                 "space.template:1"},
        BadInput{"UnknownConstant",
                 [](auto& s) { (*s.mutable_space()->mutable_set())["colour"].set_number_value(1); },
                 "space.set.colour:"},
        BadInput{"UnknownData", [](auto& s) { s.mutable_data()->set_dataset("mnist"); },
                 "data.dataset: found \"mnist\", registered: toy"},
        BadInput{"NoData", [](auto& s) { s.clear_data(); }, "data.dataset: found nothing"},
        BadInput{"TooMuchData",
                 [](auto& s) {
                   s.mutable_data()->set_train(950);
                   s.mutable_data()->set_validation(100);
                 },
                 "data.train: found 950, allowed [1, 900]"},
        BadInput{"ZeroBudget", [](auto& s) { s.mutable_budget()->set_trials(0); },
                 "budget.trials: found 0, allowed [1, 10000000]"},
        BadInput{"NoBudget", [](auto& s) { s.clear_budget(); }, "budget: found no limit"},
        BadInput{"NegativeWall", [](auto& s) { s.mutable_budget()->set_wall_seconds(-1); },
                 "budget.wall_seconds: found -1"},
        BadInput{"Parallel", [](auto& s) { s.mutable_budget()->set_parallel(-1); },
                 "budget.parallel: found -1"},
        BadInput{"UnknownMetric", [](auto& s) { AddObjective(s, "beauty", v1::GOAL_MAXIMIZE); },
                 "objectives[0].metric: found \"beauty\", which no task"},
        BadInput{"TestMetric", [](auto& s) { AddObjective(s, "test_accuracy", v1::GOAL_MAXIMIZE); },
                 "objectives[0].metric: found \"test_accuracy\""},
        BadInput{"NoGoal",
                 [](auto& s) { AddObjective(s, "validation_accuracy", v1::GOAL_UNSPECIFIED); },
                 "objectives[0].goal: found nothing, allowed maximize, minimize"},
        BadInput{"TwiceTheSame",
                 [](auto& s) {
                   AddObjective(s, "parameters", v1::GOAL_MINIMIZE);
                   AddObjective(s, "parameters", v1::GOAL_MINIMIZE);
                 },
                 "objectives[1].metric:"},
        BadInput{"ConstraintWithoutBound",
                 [](auto& s) { s.add_constraints()->set_metric("parameters"); },
                 "constraints[0]: found no bound"},
        BadInput{"ConstraintOnArithmeticOverNoCost",
                 [](auto& s) {
                   s.add_constraints()->set_metric("parametres / 1e6 + 1");
                   s.mutable_constraints(0)->set_at_most(1);
                 },
                 "constraints[0].metric: found \"parametres / 1e6 + 1\": no cost is called "
                 "\"parametres\"; did you mean \"parameters\"?"},
        BadInput{"ConstraintThatIsNoArithmetic",
                 [](auto& s) {
                   s.add_constraints()->set_metric("parameters / + 2");
                   s.mutable_constraints(0)->set_at_most(1);
                 },
                 "constraints[0].metric: found \"parameters / + 2\": "},
        BadInput{
            "ConstraintThatNothingMeets",
            [](auto& s) {
              s.add_constraints()->set_metric("parameters");
              s.mutable_constraints(0)->set_at_most(1);
            },
            "constraints: found that nothing allowed was found in 2000 draws; allowed: fewer than "
            "0.15 % (none of 2000 sampled genotypes); the last one: constraint on parameters: "},
        BadInput{"RecipeRange", [](auto& s) { s.mutable_recipe()->set_batch(1 << 20); },
                 "recipe.batch: found 1048576"},
        BadInput{"UnknownDecision",
                 [](auto& s) {
                   (*s.mutable_decisions())["recipe.speed"].mutable_uniform()->set_maximum(1);
                 },
                 "decisions.recipe.speed:"},
        BadInput{
            "DecisionOutOfRange",
            [](auto& s) {
              (*s.mutable_decisions())["recipe.label_smoothing"].mutable_uniform()->set_maximum(2);
            },
            "decisions.recipe.label_smoothing:"},
        BadInput{"UnknownStrategy",
                 [](auto& s) { s.mutable_strategy()->set_string_value("magic"); }, "strategy"},
        BadInput{"StrategySettings",
                 [](auto& s) {
                   auto& settings = *(*s.mutable_strategy()
                                           ->mutable_struct_value()
                                           ->mutable_fields())["regularized_evolution"]
                                         .mutable_struct_value()
                                         ->mutable_fields();
                   settings["population"].set_number_value(5);
                   settings["sample"].set_number_value(10);
                 },
                 "strategy.regularized_evolution.sample"},
        BadInput{"LadderThatDoesNotGrow",
                 [](auto& s) {
                   s.mutable_recipe()->set_epochs(3);
                   for (int e : {3, 3}) s.mutable_fidelities()->add_epochs(e);
                 },
                 "fidelities: found rung 1 equal to rung 0"},
        BadInput{"LadderThatFalls",
                 [](auto& s) {
                   s.mutable_recipe()->set_epochs(3);
                   for (int e : {2, 1, 3}) s.mutable_fidelities()->add_epochs(e);
                 },
                 "fidelities.epochs[1]: found 1"},
        BadInput{"LadderBeyondTheRecipe",
                 [](auto& s) {
                   s.mutable_recipe()->set_epochs(3);
                   for (int e : {1, 9}) s.mutable_fidelities()->add_epochs(e);
                 },
                 "fidelities.epochs[1]: found 9"},
        BadInput{"Priority", [](auto& s) { s.set_priority(5000); }, "priority: found 5000"},
        BadInput{"Final", [](auto& s) { s.mutable_final()->set_top(101); }, "final.top: found 101"},
        BadInput{"Device", [](auto& s) { s.mutable_requirements()->set_device("abacus"); },
                 "requirements.device: found \"abacus\""}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace nascent::engine
