#include "server/engine/resolve/resolve_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/random.h"
#include "server/engine/propose/candidate.h"
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

void AddObjective(v1::SearchSpec& spec, const std::string& metric, v1::Goal goal) {
  v1::Objective& objective = *spec.add_objectives();
  objective.set_metric(metric);
  objective.set_goal(goal);
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

void Decide(v1::SearchSpec& spec, const std::string& path, double low, double high) {
  v1::Range& range = *(*spec.mutable_decisions())[path].mutable_log_uniform();
  range.set_minimum(low);
  range.set_maximum(high);
}

TEST(ResolveSearch, ADecisionBelowAnOptimizerThatIsNotChosenIsRefused) {
  v1::SearchSpec spec = testing::ToySpec(10);
  Decide(spec, "recipe.optimizer.adam.learning_rate", 1e-4, 1e-2);
  EXPECT_EQ(
      ResolveSearch(spec, Toy()).status().message(),
      "decisions.recipe.optimizer.adam.learning_rate: the recipe has sgd, not adam; write adam "
      "there, or decide it too: recipe.optimizer: {choice: [sgd, adam]}");
  spec.mutable_recipe()->mutable_optimizer()->mutable_adam();
  const auto resolved = ResolveSearch(spec, Toy());
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_TRUE(resolved->spec.recipe().optimizer().has_adam());
  EXPECT_EQ(resolved->space_size, "");
}

TEST(ResolveSearch, TheOptimizerItselfCanBeDecidedWithTheValuesOfEach) {
  v1::SearchSpec spec = testing::ToySpec(10);
  auto& options = *(*spec.mutable_decisions())["recipe.optimizer"].mutable_choice();
  for (const char* name : {"sgd", "adam"}) options.add_values()->set_string_value(name);
  Decide(spec, "recipe.optimizer.sgd.learning_rate", 0.01, 0.5);
  Decide(spec, "recipe.optimizer.adam.learning_rate", 1e-4, 1e-2);
  const auto resolved = ResolveSearch(spec, Toy());
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  const space::DecisionSpace& decisions = resolved->space->decisions();
  const int adam = *decisions.Find("recipe.optimizer.adam.learning_rate");
  const int sgd = *decisions.Find("recipe.optimizer.sgd.learning_rate");
  CandidateMaker maker(std::make_shared<const ResolvedSearch>(*resolved), CandidateOptions());
  RandomStream random(1, 1);
  int adams = 0;
  for (int i = 0; i < 20; ++i) {
    const space::Genotype genotype = decisions.Sample(random);
    EXPECT_NE(decisions.IsActive(genotype, adam), decisions.IsActive(genotype, sgd));
    const auto candidate = maker.Make(genotype, 0);
    ASSERT_TRUE(candidate->status.ok()) << candidate->status;
    const v1::Optimizer& optimizer = candidate->recipe.optimizer();
    EXPECT_EQ(optimizer.has_adam(), decisions.IsActive(genotype, adam));
    if (!optimizer.has_adam()) continue;
    ++adams;
    EXPECT_EQ(optimizer.adam().learning_rate(), std::get<double>(genotype.values[adam]));
    EXPECT_EQ(optimizer.adam().beta2(), 0.999);
  }
  EXPECT_GT(adams, 0);
  options.add_values()->set_string_value("adagrad");
  EXPECT_EQ(ResolveSearch(spec, Toy()).status().message(),
            "decisions.recipe.optimizer: found \"adagrad\", allowed sgd, adam, adamw, rmsprop");
}

TEST(ResolveSearch, EqualSpacesAreOneForAllSearches) {
  v1::SearchSpec spec = testing::ToySpec(10);
  const auto first = ResolveSearch(spec, Toy());
  ASSERT_TRUE(first.ok()) << first.status();
  spec.set_name("another");
  spec.set_seed(7);
  EXPECT_EQ(ResolveSearch(spec, Toy())->space, first->space);
  // What a space depends on makes it another one.
  const auto differs = [&](const std::function<void(v1::SearchSpec&)>& change) {
    v1::SearchSpec other = spec;
    change(other);
    const auto resolved = ResolveSearch(other, Toy());
    EXPECT_TRUE(resolved.ok()) << resolved.status();
    return resolved.ok() && resolved->space != first->space;
  };
  EXPECT_TRUE(differs(
      [](auto& s) { (*s.mutable_space()->mutable_set())["channels"].set_number_value(4); }));
  EXPECT_TRUE(differs([](auto& s) { s.mutable_recipe()->set_resolution(16); }));
  EXPECT_TRUE(differs([](auto& s) { s.mutable_recipe()->set_auxiliary_weight(0.4); }));
  EXPECT_TRUE(differs([](auto& s) { Decide(s, "recipe.optimizer.sgd.learning_rate", 0.01, 0.5); }));
}

v1::SearchSpec WithTemplate(const std::string& text) {
  v1::SearchSpec spec = testing::ToySpec(10);
  spec.mutable_space()->clear_preset();
  spec.mutable_space()->clear_set();
  spec.mutable_space()->set_template_(text);
  return spec;
}

TEST(ResolveSearch, TextThatPostgresqlCannotHoldIsRefusedWhereverItStands) {
  v1::SearchSpec spec = testing::ToySpec(10);
  (*spec.mutable_requirements()->mutable_labels())["site"] = std::string("a\0z", 3);
  EXPECT_EQ(ResolveSearch(spec, Toy()).status().message(),
            "requirements.labels.site: found \"a\\x00z\", which is no UTF-8 text");
  spec = testing::ToySpec(10);
  auto& settings = *spec.mutable_strategy()->mutable_struct_value()->mutable_fields();
  (*settings["external"].mutable_struct_value()->mutable_fields())["address"].set_string_value(
      std::string("h:1\0", 4));
  EXPECT_EQ(ResolveSearch(spec, Toy()).status().message(),
            "strategy.external.address: found \"h:1\\x00\", which is no UTF-8 text");
}

TEST(ResolveSearch, NamesAreCountedInCharacters) {
  v1::SearchSpec spec = testing::ToySpec(10);
  std::string name;
  for (int i = 0; i < 128; ++i) name += "é";
  spec.set_name(name);
  EXPECT_TRUE(ResolveSearch(spec, Toy()).ok());
  spec.set_name(name + "é");
  EXPECT_THAT(std::string(ResolveSearch(spec, Toy()).status().message()),
              StartsWith("name: found 129 characters"));
}

TEST(ResolveSearch, OutputsFitTheClassesOfTheData) {
  for (const char* features : {"7", "11"}) {
    const auto resolved =
        ResolveSearch(WithTemplate(absl::StrCat(
                          "network: [global_avg_pool, {linear: {features: ", features, "}}]\n")),
                      Toy());
    EXPECT_THAT(std::string(resolved.status().message()), HasSubstr("needed is [10]"));
  }
  EXPECT_TRUE(
      ResolveSearch(WithTemplate("network: [global_avg_pool, {linear: {features: classes}}]\n"),
                    Toy())
          .ok());
}

TEST(ResolveSearch, OptionsThatNoNetworkCanHaveAreRemarkedOn) {
  Surroundings surroundings = Toy();
  const v1::SearchSpec spec = WithTemplate(R"(
decisions: {k: {choice: [3, 5]}}
network:
  - sum: [identity, {conv2d: {channels: in.channels, kernel: k, padding: 1}}]
  - global_avg_pool
  - linear: {features: classes}
)");
  auto resolved = ResolveSearch(spec, surroundings);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  ASSERT_EQ(resolved->warnings.size(), 1u);
  EXPECT_THAT(resolved->warnings[0], StartsWith("space: k = 5 cannot be built ("));
  surroundings.advise = false;
  resolved = ResolveSearch(spec, surroundings);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_TRUE(resolved->warnings.empty());
}

TEST(ResolveSearch, RecipeDecisionsOfTheTemplateFitTheirFields) {
  const auto error = [](const std::string& decision) {
    return std::string(ResolveSearch(WithTemplate("decisions: {" + decision +
                                                  "}\n"
                                                  "network: [global_avg_pool, {linear: {features: "
                                                  "classes}}]\n"),
                                     Toy())
                           .status()
                           .message());
  };
  EXPECT_EQ(
      error("recipe.batch: {log_uniform: [16, 256]}"),
      "decisions.recipe.batch: found a range of real numbers, allowed whole numbers: integer, "
      "log_integer, ordered or choice");
  EXPECT_EQ(error("recipe.batch: {integer: [0, 64]}"),
            "decisions.recipe.batch: found 0, allowed [1, 65536]");
  EXPECT_THAT(error("recipe.speed: {integer: [0, 64]}"), HasSubstr("the recipe has no field"));
  EXPECT_EQ(error("recipe.batch: {log_integer: [16, 256]}"), "");
}

TEST(ResolveSearch, GoalsThatAreHardlyMeantAreRemarkedOn) {
  v1::SearchSpec spec = testing::ToySpec(10);
  v1::Objective& objective = *spec.add_objectives();
  objective.set_metric("validation_accuracy");
  objective.set_goal(v1::GOAL_MINIMIZE);
  spec.mutable_stop()->set_target(94);
  v1::Constraint& constraint = *spec.add_constraints();
  constraint.set_metric("validation_accuracy");
  constraint.set_at_least(80);
  const auto resolved = ResolveSearch(spec, Toy());
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_THAT(
      resolved->warnings,
      ::testing::ElementsAre(
          "objectives[0].goal: found minimize for validation_accuracy, which is better high",
          "constraints[0].at_least: found 80, but validation_accuracy is a share from 0 to 1",
          "stop.target: found 94, but validation_accuracy is a share from 0 to 1"));
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

TEST(ResolveSearch, ScoresAreRungsBelowAllThatTrains) {
  v1::SearchSpec spec = testing::ToySpec(10);
  spec.mutable_recipe()->clear_epochs();
  v1::FidelityLadder& ladder = *spec.mutable_fidelities();
  ladder.add_rungs()->mutable_zero_cost()->set_metric("synflow");
  ladder.add_rungs()->mutable_zero_cost()->set_metric("nwot");
  ladder.add_rungs()->set_epochs(2);
  ladder.add_rungs()->set_epochs(8);
  v1::Constraint& constraint = *spec.add_constraints();
  constraint.set_metric("zen");
  constraint.set_at_least(1);
  const auto resolved = ResolveSearch(spec, Toy());
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  ASSERT_EQ(resolved->rungs.size(), 4u);
  EXPECT_EQ(resolved->spec.recipe().epochs(), 8);
  EXPECT_TRUE(resolved->rungs_continue);
  double share = 0;
  for (const RungPlan& rung : resolved->rungs) {
    EXPECT_GT(rung.rung.share_of_full, share);
    share = rung.rung.share_of_full;
    EXPECT_EQ(rung.trains, rung.fidelity.zero_cost().empty());
    EXPECT_EQ(rung.rung.metric, rung.fidelity.zero_cost());
  }
  EXPECT_EQ(resolved->rungs[1].rung.metric, "nwot");
  EXPECT_THAT(resolved->rungs[1].scores, ::testing::ElementsAre("nwot", "zen"));
  EXPECT_THAT(resolved->rungs[3].scores, ::testing::ElementsAre("zen"));
  EXPECT_EQ(resolved->rungs[2].fidelity.epochs(), 2);
  const auto again = ResolveSearch(resolved->spec, Toy());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->spec.DebugString(), resolved->spec.DebugString());
}

TEST(ResolveSearch, ARungThatSaysNothingIsWholeAndOtherwiseRungsAreTheLists) {
  v1::SearchSpec lists = testing::ToySpec(10);
  lists.mutable_recipe()->set_epochs(9);
  for (int epochs : {3, 9}) lists.mutable_fidelities()->add_epochs(epochs);
  for (double share : {0.5, 1.0}) lists.mutable_fidelities()->add_train_share(share);
  v1::SearchSpec rungs = testing::ToySpec(10);
  rungs.mutable_recipe()->set_epochs(9);
  v1::RungSpec& first = *rungs.mutable_fidelities()->add_rungs();
  first.set_epochs(3);
  first.set_train_share(0.5);
  rungs.mutable_fidelities()->add_rungs();
  const auto a = ResolveSearch(lists, Toy());
  const auto b = ResolveSearch(rungs, Toy());
  ASSERT_TRUE(a.ok() && b.ok()) << a.status() << b.status();
  ASSERT_EQ(b->rungs.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(a->rungs[i].fidelity.SerializeAsString(), b->rungs[i].fidelity.SerializeAsString());
    EXPECT_EQ(a->rungs[i].rung.share_of_full, b->rungs[i].rung.share_of_full);
  }
  EXPECT_FALSE(b->rungs_continue);
}

TEST(ResolveSearch, WithoutEpochsScoresAndCostsAreJudgedAndNobodyIsTested) {
  v1::SearchSpec spec = testing::ToySpec(10);
  spec.clear_final();
  spec.mutable_recipe()->set_epochs(0);
  AddObjective(spec, "synflow", v1::GOAL_MAXIMIZE);
  AddObjective(spec, "parameters", v1::GOAL_MINIMIZE);
  auto resolved = ResolveSearch(spec, Toy());
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_FALSE(resolved->rungs[0].trains);
  EXPECT_FALSE(resolved->spec.final().test());
  // Winners may be trained all the same.
  spec.mutable_final()->mutable_recipe()->set_epochs(3);
  resolved = ResolveSearch(spec, Toy());
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_TRUE(resolved->spec.final().test());
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

// Rows of 13 numbers in place of images.
Surroundings ToyTable() {
  Surroundings surroundings = Toy();
  v1::Dataset& dataset = surroundings.datasets[0];
  dataset.set_kind(v1::DATA_KIND_TABLE_CLASSIFICATION);
  dataset.clear_shape();
  dataset.mutable_shape()->add_dimensions(13);
  return surroundings;
}

v1::SearchSpec TableSpec() {
  v1::SearchSpec spec = testing::ToySpec(10);
  spec.mutable_space()->clear_set();
  spec.mutable_space()->set_preset("mlp");
  spec.clear_recipe();
  return spec;
}

TEST(ResolveSearch, ATableIsSearchedByNetworksForRows) {
  const auto resolved = ResolveSearch(TableSpec(), ToyTable());
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->space->decisions().decisions()[0].label, "depth");
  v1::SearchSpec cells = TableSpec();
  cells.mutable_space()->set_preset("nas-bench-201");
  EXPECT_FALSE(ResolveSearch(cells, ToyTable()).ok());
}

TEST(ResolveSearch, WhatOnlyImagesHaveIsRefusedForATable) {
  const auto message = [](const std::function<void(v1::SearchSpec&)>& spoil) {
    v1::SearchSpec spec = TableSpec();
    spoil(spec);
    return std::string(ResolveSearch(spec, ToyTable()).status().message());
  };
  EXPECT_THAT(message([](auto& s) { s.mutable_recipe()->mutable_augmentation()->set_flip(true); }),
              StartsWith("recipe.augmentation.flip: found true, allowed false, as the data are a "
                         "table"));
  EXPECT_THAT(
      message([](auto& s) { s.mutable_recipe()->mutable_augmentation()->set_crop_padding(4); }),
      StartsWith("recipe.augmentation.crop_padding: found 4"));
  EXPECT_THAT(message([](auto& s) { s.mutable_recipe()->mutable_augmentation()->set_cutout(8); }),
              StartsWith("recipe.augmentation.cutout: found 8"));
  EXPECT_THAT(message([](auto& s) { s.mutable_recipe()->set_resolution(32); }),
              StartsWith("recipe.resolution: found 32"));
  EXPECT_THAT(message([](auto& s) {
                s.mutable_final()->mutable_recipe()->mutable_augmentation()->set_flip(true);
              }),
              StartsWith("final.recipe.augmentation.flip:"));
  EXPECT_THAT(message([](auto& s) {
                auto& choice =
                    *(*s.mutable_decisions())["recipe.augmentation.flip"].mutable_choice();
                choice.add_values()->set_bool_value(false);
                choice.add_values()->set_bool_value(true);
              }),
              StartsWith("decisions.recipe.augmentation.flip: "));
  EXPECT_THAT(message([](auto& s) { s.mutable_fidelities()->add_resolution(8); }),
              StartsWith("fidelities.resolution[0]: found 8"));
}

class RefusedSearch : public ::testing::TestWithParam<BadInput> {};

TEST_P(RefusedSearch, NamesTheFieldAndWhatWasFound) {
  v1::SearchSpec spec = testing::ToySpec(10);
  GetParam().spoil(spec);
  const absl::Status status = ResolveSearch(spec, Toy()).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), StartsWith(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, RefusedSearch,
    ::testing::Values(
        BadInput{"NoName", [](auto& s) { s.clear_name(); }, "name: found 0 characters"},
        BadInput{"LongName", [](auto& s) { s.set_name(std::string(129, 'x')); },
                 "name: found 129 characters, allowed 1 to 128 characters"},
        BadInput{"DigitsName", [](auto& s) { s.set_name("123"); }, "name: found \"123\""},
        BadInput{"OptionAsName", [](auto& s) { s.set_name("-rf"); }, "name: found \"-rf\""},
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
        BadInput{"NoEpochs", [](auto& s) { s.mutable_recipe()->set_epochs(0); },
                 "objectives[0].metric: found \"validation_accuracy\", allowed costs and scores, as "
                 "recipe.epochs is 0 and nothing is trained: epe_nas, "},
        BadInput{"NoEpochsForTheWinners",
                 [](auto& s) {
                   s.mutable_recipe()->set_epochs(0);
                   AddObjective(s, "nwot", v1::GOAL_MAXIMIZE);
                   s.mutable_final()->set_test(true);
                 },
                 "final.test: found true, allowed false, or final.recipe.epochs above 0"},
        BadInput{"LadderWithoutEpochs",
                 [](auto& s) {
                   s.mutable_recipe()->set_epochs(0);
                   s.mutable_final()->set_test(false);
                   AddObjective(s, "nwot", v1::GOAL_MAXIMIZE);
                   s.mutable_fidelities()->add_rungs()->set_train_share(0.5);
                   s.mutable_fidelities()->add_rungs();
                 },
                 "fidelities: found a ladder, allowed none, as recipe.epochs is 0"},
        BadInput{"TooManyLosers",
                 [](auto& s) {
                   s.mutable_fidelities()->add_rungs()->set_train_share(0.5);
                   s.mutable_fidelities()->add_rungs();
                   s.mutable_fidelities()->set_calibrate(1001);
                 },
                 "fidelities.calibrate: found 1001, allowed [0, 1000]"},
        BadInput{"LosersWithoutARungAbove",
                 [](auto& s) { s.mutable_fidelities()->set_calibrate(1); },
                 "fidelities.calibrate: found 1, allowed 0, as there is one rung"},
        BadInput{"UnknownScore",
                 [](auto& s) {
                   s.mutable_fidelities()->add_rungs()->mutable_zero_cost()->set_metric("synflux");
                   s.mutable_fidelities()->add_rungs();
                 },
                 "fidelities.rungs[0].zero_cost.metric: found \"synflux\", allowed epe_nas, fisher, "},
        BadInput{"UnknownScoreAsAnObjective",
                 [](auto& s) { AddObjective(s, "synflux", v1::GOAL_MAXIMIZE); },
                 "objectives[0].metric: found \"synflux\", which no task and no worker declares, "
                 "allowed training_loss, "},
        BadInput{"ScoreAboveATraining",
                 [](auto& s) {
                   s.mutable_recipe()->set_epochs(3);
                   s.mutable_fidelities()->add_rungs()->set_epochs(1);
                   s.mutable_fidelities()->add_rungs()->mutable_zero_cost()->set_metric("zen");
                   s.mutable_fidelities()->add_rungs();
                 },
                 "fidelities.rungs[1].zero_cost: found a score above a rung that trains"},
        BadInput{"ScoresAlone",
                 [](auto& s) {
                   s.mutable_fidelities()->add_rungs()->mutable_zero_cost()->set_metric("zen");
                 },
                 "fidelities.rungs: found scores alone"},
        BadInput{"ScoreBesideATraining",
                 [](auto& s) {
                   v1::RungSpec& rung = *s.mutable_fidelities()->add_rungs();
                   rung.mutable_zero_cost()->set_metric("zen");
                   rung.set_epochs(1);
                   s.mutable_fidelities()->add_rungs();
                 },
                 "fidelities.rungs[0]: found a score beside a training"},
        BadInput{"ScoreForGoalsThatNeedNoTraining",
                 [](auto& s) {
                   AddObjective(s, "parameters", v1::GOAL_MINIMIZE);
                   s.mutable_fidelities()->add_rungs()->mutable_zero_cost()->set_metric("zen");
                   s.mutable_fidelities()->add_rungs();
                 },
                 "fidelities.rungs[0].zero_cost: found no objective that needs training"},
        BadInput{"RungsBesideLists",
                 [](auto& s) {
                   s.mutable_recipe()->set_epochs(3);
                   s.mutable_fidelities()->add_rungs();
                   for (int e : {1, 3}) s.mutable_fidelities()->add_epochs(e);
                 },
                 "fidelities.epochs: found a list beside fidelities.rungs"},
        BadInput{"RungBeyondTheRecipe",
                 [](auto& s) {
                   s.mutable_recipe()->set_epochs(3);
                   s.mutable_fidelities()->add_rungs()->mutable_zero_cost()->set_metric("zen");
                   s.mutable_fidelities()->add_rungs()->set_epochs(4);
                   s.mutable_fidelities()->add_rungs();
                 },
                 "fidelities.rungs[1].epochs: found 4, allowed 1 to the recipe's epochs, 3"},
        BadInput{"RungsThatDoNotGrow",
                 [](auto& s) {
                   s.mutable_fidelities()->add_rungs()->mutable_zero_cost()->set_metric("zen");
                   s.mutable_fidelities()->add_rungs();
                   s.mutable_fidelities()->add_rungs();
                 },
                 "fidelities: found rung 2 equal to rung 1"},
        BadInput{"NoBatch", [](auto& s) { s.mutable_recipe()->set_batch(0); },
                 "recipe.batch: found 0"},
        BadInput{"NoSeeds", [](auto& s) { s.mutable_final()->set_seeds(0); },
                 "final.seeds: found 0, allowed [1, 100]"},
        BadInput{"BatchFromZero",
                 [](auto& s) {
                   (*s.mutable_decisions())["recipe.batch"].mutable_integer()->set_maximum(1);
                 },
                 "decisions.recipe.batch: found 0, allowed [1, 65536]"},
        BadInput{"BatchOfRealNumbers",
                 [](auto& s) {
                   v1::Range& r = *(*s.mutable_decisions())["recipe.batch"].mutable_uniform();
                   r.set_minimum(16);
                   r.set_maximum(64);
                 },
                 "decisions.recipe.batch: found a range of real numbers"},
        BadInput{"BatchOfWords",
                 [](auto& s) {
                   (*s.mutable_decisions())["recipe.batch"]
                       .mutable_choice()
                       ->add_values()
                       ->set_string_value("many");
                 },
                 "decisions.recipe.batch: found \"many\", allowed a number"},
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
        BadInput{"DecisionElsewhere",
                 [](auto& s) { (*s.mutable_decisions())["batch"].mutable_uniform()->set_maximum(1); },
                 "decisions.batch: found another start"},
        BadInput{"DecisionOutOfRangeInTheEnd",
                 [](auto& s) {
                   s.mutable_recipe()->set_epochs(5);
                   s.mutable_final()->mutable_recipe()->set_epochs(3);
                   (*s.mutable_decisions())["recipe.schedule.warmup_epochs"]
                       .mutable_uniform()
                       ->set_maximum(4);
                 },
                 "decisions.recipe.schedule.warmup_epochs: final.recipe.schedule.warmup_epochs: "
                 "found 4, allowed [0, epochs], epochs is 3"},
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
