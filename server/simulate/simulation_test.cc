// Searches on tables through the real engine.

#include "server/simulate/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/space/presets.h"
#include "common/space/space.h"
#include "server/simulate/compare.h"
#include "server/simulate/report.h"
#include "server/simulate/strategy_list.h"

namespace nascent::simulate {
namespace {

using ::testing::HasSubstr;

v1::SearchSpec Search(int64_t trials = 60) {
  v1::SearchSpec spec;
  spec.set_name("simulated");
  spec.mutable_space()->set_preset("nas-bench-201");
  spec.mutable_strategy()->set_string_value("random");
  spec.mutable_budget()->set_trials(trials);
  return spec;
}

// All 15,625 cells; "score" grows with each decision, "short" is a noisy form of it.
const std::string& CellTable() {
  static const std::string* const kTable = [] {
    auto space = space::Space::Parse(space::FindPreset("nas-bench-201")->text, "preset", {});
    EXPECT_TRUE(space.ok()) << space.status();
    auto* text = new std::string("architecture,score,short,seconds,size\n");
    std::optional<space::Genotype> genotype = (*space)->decisions().First();
    for (int row = 0; genotype.has_value(); ++row) {
      double score = 0;
      double size = 1;
      for (const space::Value& value : genotype->values) {
        score += static_cast<double>(std::get<int64_t>(value));
        size += std::get<int64_t>(value) == 3 ? 10 : 0;
      }
      absl::StrAppend(text, (*space)->Print(*genotype), ",", score, ",", score / 2 + row % 3, ",",
                      100 + 10 * score, ",", size, "\n");
      genotype = (*space)->decisions().Next(*genotype);
    }
    return text;
  }();
  return *kTable;
}

SimulationOptions Options() {
  SimulationOptions options;
  options.search_metric = "score";
  return options;
}

std::shared_ptr<const Scenario> Make(const v1::SearchSpec& spec, const SimulationOptions& options) {
  auto scenario = Scenario::Make(spec, options, CellTable(), "cells.csv");
  EXPECT_TRUE(scenario.ok()) << scenario.status();
  return scenario.ok() ? *scenario : nullptr;
}

Trajectory Simulate(const Scenario& scenario, const std::string& strategy, uint64_t seed = 1) {
  const auto named = ParseStrategies(strategy);
  EXPECT_TRUE(named.ok()) << named.status();
  auto run = scenario.Run(named->front().spec, seed);
  EXPECT_TRUE(run.ok()) << run.status();
  return run.ok() ? *std::move(run) : Trajectory();
}

std::string ErrorOf(const v1::SearchSpec& spec, const SimulationOptions& options,
                    const std::string& table) {
  const auto scenario = Scenario::Make(spec, options, table, "cells.csv");
  EXPECT_EQ(scenario.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(scenario.status().message());
}

TEST(SimulationTest, EachQueryIsAnsweredAndTheIncumbentNeverFalls) {
  const auto scenario = Make(Search(), Options());
  EXPECT_EQ(scenario->best(), 24);
  const Trajectory run = Simulate(*scenario, "random");
  ASSERT_EQ(run.queries.size(), 60u);
  for (size_t i = 0; i < run.queries.size(); ++i) {
    EXPECT_NEAR(run.queries[i].seconds, static_cast<double>(i + 1), 1e-6);
    if (i > 0) {
      EXPECT_GE(run.queries[i].reported, run.queries[i - 1].reported);
    }
  }
}

TEST(SimulationTest, TheSameSeedGivesTheSameRunAndAnotherSeedAnother) {
  const auto scenario = Make(Search(), Options());
  const auto text = [](const Trajectory& run) {
    std::string all;
    for (const auto& query : run.queries) absl::StrAppend(&all, query.reported, ";");
    return all;
  };
  EXPECT_EQ(text(Simulate(*scenario, "random", 3)), text(Simulate(*scenario, "random", 3)));
  EXPECT_NE(text(Simulate(*scenario, "random", 3)), text(Simulate(*scenario, "random", 4)));
}

TEST(SimulationTest, EvolutionAndLocalSearchBeatRandomOnASmoothTable) {
  const auto scenario = Make(Search(200), Options());
  CompareOptions compare;
  compare.last_seed = 10;
  compare.threads = 2;
  const auto named =
      ParseStrategies("random,{regularized_evolution: {population: 20, sample: 5}},local_search");
  ASSERT_TRUE(named.ok()) << named.status();
  EXPECT_EQ((*named)[1].name, "regularized_evolution(population=20, sample=5)");
  const auto runs = Compare(*scenario, *named, compare);
  ASSERT_TRUE(runs.ok()) << runs.status();
  ReportOptions options;
  options.best = scenario->best();
  options.queries = 200;
  const Report report = MakeReport(options, {"r", "e", "l"}, *runs);
  const double random = report.strategies[0].queries.back().summary.mean;
  EXPECT_GT(report.strategies[1].queries.back().summary.mean, random + 1);
  EXPECT_GT(report.strategies[2].queries.back().summary.mean, random + 1);
}

TEST(SimulationTest, WorkersShareTheWork) {
  SimulationOptions options = Options();
  options.workers = 8;
  const Trajectory run = Simulate(*Make(Search(), options), "random");
  ASSERT_EQ(run.queries.size(), 60u);
  EXPECT_NEAR(run.queries.back().seconds, 8, 1e-6);
}

TEST(SimulationTest, TrialsTakeTheTimesThatAreAskedFor) {
  SimulationOptions options = Options();
  options.shortest = 0.5;
  options.longest = 1.5;
  const Trajectory run = Simulate(*Make(Search(), options), "random");
  ASSERT_EQ(run.queries.size(), 60u);
  double before = 0;
  int whole = 0;
  for (const Trajectory::Query& query : run.queries) {
    EXPECT_GE(query.seconds - before, 0.5);
    EXPECT_LE(query.seconds - before, 1.5);
    whole += query.seconds == std::floor(query.seconds) ? 1 : 0;
    before = query.seconds;
  }
  EXPECT_EQ(whole, 0);
}

TEST(SimulationTest, WorkersFailLagAndVanishAndEveryTrialIsAnsweredOnce) {
  SimulationOptions options = Options();
  options.workers = 5;
  options.shortest = 0.5;
  options.longest = 1.5;
  options.fail_probability = 0.2;
  options.lag_probability = 0.1;
  options.vanish_probability = 0.2;
  const auto scenario = Make(Search(), options);
  for (const char* strategy :
       {"random", "{regularized_evolution: {population: 10, sample: 3}}", "local_search"}) {
    EXPECT_EQ(Simulate(*scenario, strategy).queries.size(), 60u) << strategy;
  }
}

TEST(SimulationTest, ALadderIsClimbedFromCheckpoints) {
  SimulationOptions options;
  options.report_metric = "score";
  options.rungs = {{25, "short"}, {100, "score"}};
  options.time_column = "seconds";
  const auto scenario = Make(Search(100), options);
  for (const char* strategy : {"{asha: {reduction_factor: 4}}", "hyperband", "successive_halving",
                               "{asha: {reduction_factor: 4, form: stopping}}"}) {
    SCOPED_TRACE(strategy);
    const Trajectory run = Simulate(*scenario, strategy);
    ASSERT_EQ(run.queries.size(), 100u);
    // 100 whole trainings take about 22,000 seconds.
    EXPECT_LT(run.queries.back().seconds, 15000);
    EXPECT_GT(run.queries.back().reported, 10);
  }
}

TEST(SimulationTest, SharingAnswersARepeatAtOnce) {
  SimulationOptions options = Options();
  options.sharing = v1::SHARING_SEARCH;
  v1::SearchSpec spec = Search(80);
  // Few networks are left, so that most proposals are repeats.
  v1::Constraint& constraint = *spec.add_constraints();
  constraint.set_metric("published_parameters");
  constraint.set_at_most(110000);
  const Trajectory run = Simulate(*Make(spec, options), "random");
  ASSERT_EQ(run.queries.size(), 80u);
  EXPECT_LT(run.queries.back().seconds, 80);
}

TEST(SimulationTest, UniqueEndsASearchThatHasSeenAll) {
  v1::SearchSpec spec = Search(1000);
  spec.set_unique(true);
  v1::Constraint& constraint = *spec.add_constraints();
  constraint.set_metric("published_parameters");
  constraint.set_at_most(80000);  // no convolution: 3 operations on 6 edges, 729 cells
  const Trajectory run = Simulate(*Make(spec, Options()), "local_search");
  EXPECT_GT(run.queries.size(), 50u);
  EXPECT_LT(run.queries.size(), 200u);
}

TEST(SimulationTest, SeveralObjectivesAreTakenFromTheTable) {
  v1::SearchSpec spec = Search(80);
  spec.add_objectives()->set_metric("score");
  spec.mutable_objectives(0)->set_goal(v1::GOAL_MAXIMIZE);
  spec.add_objectives()->set_metric("size");
  spec.mutable_objectives(1)->set_goal(v1::GOAL_MINIMIZE);
  const Trajectory run = Simulate(*Make(spec, SimulationOptions()), "{nsga2: {population: 10}}");
  EXPECT_EQ(run.queries.size(), 80u);
}

TEST(SimulationTest, WhatTheTableLacksIsNamed) {
  SimulationOptions options = Options();
  options.search_metric = "nothing";
  EXPECT_THAT(ErrorOf(Search(), options, CellTable()),
              HasSubstr("cells.csv:1: found no column \"nothing\"; there are score, short"));
  options = Options();
  const std::string cut = CellTable().substr(0, CellTable().rfind("|avg_pool_3x3~0|+"));
  EXPECT_THAT(ErrorOf(Search(), options, cut), HasSubstr("found no row for |"));
  EXPECT_THAT(ErrorOf(Search(), options, "architecture,score\n|foo~0|,1\n"),
              HasSubstr("cells.csv:2: architecture:"));
}

TEST(SimulationTest, ALadderWithoutColumnsIsRefused) {
  v1::SearchSpec spec = Search();
  spec.mutable_recipe()->set_epochs(200);
  spec.mutable_fidelities()->add_epochs(12);
  spec.mutable_fidelities()->add_epochs(200);
  EXPECT_THAT(ErrorOf(spec, Options(), CellTable()), HasSubstr("fidelities: found a ladder"));
}

TEST(SimulationTest, AStrategyThatRefusesTheSearchIsAnError) {
  const auto scenario = Make(Search(), Options());
  const auto named = ParseStrategies("asha");
  ASSERT_TRUE(named.ok());
  EXPECT_EQ(scenario->Run(named->front().spec, 1).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(ParseStrategies("hill").ok());
  EXPECT_FALSE(ParseStrategies("{random: {x: 1}}").ok());
}

#ifdef NASCENT_TEST_DATA
// A small part of what `nascent-bench strategies` shows on the whole.
TEST(SimulationTest, PublishedStrategiesReachTheirFiguresOnNasBench201) {
  std::ifstream file(NASCENT_TEST_DATA "/nb201_cifar10.csv");
  ASSERT_TRUE(file.is_open());
  const std::string table{std::istreambuf_iterator<char>(file), {}};
  SimulationOptions options;
  options.search_metric = "test_accuracy_200_epochs";
  auto scenario = Scenario::Make(Search(100), options, table, "nb201_cifar10.csv");
  ASSERT_TRUE(scenario.ok()) << scenario.status();
  EXPECT_DOUBLE_EQ((*scenario)->best(), 94.47);
  CompareOptions compare;
  compare.last_seed = 40;
  compare.threads = 2;
  const auto named =
      ParseStrategies("random,{regularized_evolution: {population: 50, sample: 10}},local_search");
  const auto runs = Compare(**scenario, *named, compare);
  ASSERT_TRUE(runs.ok()) << runs.status();
  // Means of 400 seeds of other implementations and their standard errors.
  const double means[] = {93.885, 94.198, 94.367};
  const double errors[] = {.012, .011, .008};
  for (size_t i = 0; i < 3; ++i) {
    std::vector<double> values;
    for (const Trajectory& run : (*runs)[i]) values.push_back(run.queries.back().reported);
    const Summary summary = Summarize(values);
    EXPECT_NEAR(summary.mean, means[i], 3 * std::hypot(errors[i], summary.standard_error))
        << (*named)[i].name;
  }
}
#endif

}  // namespace
}  // namespace nascent::simulate
