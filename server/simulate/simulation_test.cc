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

// With one cell per stage in place of five: what a test waits for is the making of networks.
v1::SearchSpec Search(int64_t trials = 60) {
  v1::SearchSpec spec;
  spec.set_name("simulated");
  spec.mutable_space()->set_preset("nas-bench-201");
  (*spec.mutable_space()->mutable_set())["cells"].set_number_value(1);
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
  EXPECT_EQ(scenario->truth().best(), 24);
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
  options.best = scenario->truth().best();
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

TEST(SimulationTest, AFunnelOfScoresSpendsItsQueriesOnTrainings) {
  SimulationOptions options;
  options.report_metric = "score";
  options.rungs = {{0, "short", "synflow"}, {25, "short"}, {100, "score"}};
  options.time_column = "seconds";
  options.workers = 4;
  const auto scenario = Make(Search(33), options);
  for (const char* strategy :
       {"{asha: {reduction_factor: 10}}",
        "{successive_halving: {configurations: 300, reduction_factor: 10}}", "hyperband", "bohb"}) {
    SCOPED_TRACE(strategy);
    const Trajectory run = Simulate(*scenario, strategy);
    ASSERT_EQ(run.queries.size(), 33u);
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
  constraint.set_at_most(80000);
  const Trajectory run = Simulate(*Make(spec, options), "random");
  ASSERT_EQ(run.queries.size(), 80u);
  EXPECT_LT(run.queries.back().seconds, 80);
}

TEST(SimulationTest, UniqueEndsASearchThatHasSeenAll) {
  v1::SearchSpec spec = Search(1000);
  spec.set_unique(true);
  v1::Constraint& constraint = *spec.add_constraints();
  constraint.set_metric("published_parameters");
  constraint.set_at_most(75000);  // no convolution: 3 operations on 6 edges, 729 cells
  const Trajectory run = Simulate(*Make(spec, Options()), "local_search");
  EXPECT_GT(run.queries.size(), 50u);
  EXPECT_LT(run.queries.size(), 200u);
}

void AddObjective(v1::SearchSpec& spec, const std::string& metric, v1::Goal goal,
                  double reference) {
  v1::Objective& objective = *spec.add_objectives();
  objective.set_metric(metric);
  objective.set_goal(goal);
  objective.set_reference(reference);
}

v1::SearchSpec ScoreAgainstSize() {
  v1::SearchSpec spec = Search(80);
  AddObjective(spec, "score", v1::GOAL_MAXIMIZE, 0);
  AddObjective(spec, "size", v1::GOAL_MINIMIZE, 100);
  return spec;
}

TEST(SimulationTest, SeveralObjectivesAreJudgedByTheShareOfTheTablesHypervolume) {
  const auto scenario = Make(ScoreAgainstSize(), SimulationOptions());
  // Each edge that is a 3x3 convolution (option 3) costs 10; option 4 scores most and costs
  // nothing, so that one network dominates all.
  EXPECT_DOUBLE_EQ(scenario->truth().hypervolume(), 24.0 * 99);
  const Trajectory run = Simulate(*scenario, "{nsga2: {population: 10}}");
  ASSERT_EQ(run.queries.size(), 80u);
  for (size_t i = 1; i < run.queries.size(); ++i) {
    EXPECT_GE(run.queries[i].hypervolume, run.queries[i - 1].hypervolume);
  }
  EXPECT_GT(run.queries.back().hypervolume, 0.6);
  EXPECT_LE(run.queries.back().hypervolume, 1);
}

TEST(SimulationTest, CostsThatStandInNoColumnAreComputedFromTheNetwork) {
  v1::SearchSpec spec = Search(40);
  AddObjective(spec, "score", v1::GOAL_MAXIMIZE, 0);
  AddObjective(spec, "published_parameters", v1::GOAL_MINIMIZE, 2e6);
  const auto scenario = Make(spec, SimulationOptions());
  const Trajectory run = Simulate(*scenario, "random");
  ASSERT_EQ(run.queries.size(), 40u);
  EXPECT_TRUE(std::isfinite(run.queries.back().reported));
  EXPECT_GT(run.queries.back().hypervolume, 0);
}

TEST(SimulationTest, TheBestOfTheTableKeepsTheBounds) {
  v1::SearchSpec spec = Search(60);
  v1::Constraint& bound = *spec.add_constraints();
  bound.set_metric("size");
  bound.set_at_most(1);
  bound.set_at_least(1);
  const auto scenario = Make(spec, Options());
  EXPECT_DOUBLE_EQ(scenario->truth().best(), 24);
  spec.mutable_constraints(0)->set_at_least(61);
  spec.mutable_constraints(0)->set_at_most(61);
  // All six edges are convolutions: one network, whose score is 18.
  EXPECT_DOUBLE_EQ(Make(spec, Options())->truth().best(), 18);
  // As long as none that keeps the bound was found there is no incumbent.
  EXPECT_TRUE(std::isnan(Simulate(*Make(spec, Options()), "random").queries.front().reported));
  spec.mutable_constraints(0)->set_at_least(62);
  spec.mutable_constraints(0)->set_at_most(62);
  EXPECT_THAT(ErrorOf(spec, Options(), CellTable()), HasSubstr("no row of the table keeps all"));
}

TEST(SimulationTest, NoiseIsSeenButNotReported) {
  SimulationOptions options = Options();
  options.noise = {{"score", 5}};
  const Trajectory noisy = Simulate(*Make(Search(200), options), "random");
  const Trajectory exact = Simulate(*Make(Search(200), Options()), "random");
  for (const Trajectory::Query& query : noisy.queries) {
    EXPECT_EQ(query.reported, std::floor(query.reported));  // a true score
  }
  // The same networks, of which the noise chose another.
  EXPECT_LT(noisy.queries.back().reported, exact.queries.back().reported);
  EXPECT_EQ(noisy.queries.back().reported,
            Simulate(*Make(Search(200), options), "random").queries.back().reported);
  options.noise = {{"nothing", 1}};
  EXPECT_THAT(ErrorOf(Search(), options, CellTable()), HasSubstr("--noise: found nothing"));
}

TEST(SimulationTest, AnotherColumnIsSeenInPlaceOfTheReportedOne) {
  SimulationOptions options;
  options.seen = {{"score", "short"}};
  v1::SearchSpec spec = Search(100);
  AddObjective(spec, "score", v1::GOAL_MAXIMIZE, 0);
  SimulationOptions as_before;
  as_before.search_metric = "short";
  as_before.report_metric = "score";
  const Trajectory seen = Simulate(*Make(spec, options), "local_search");
  const Trajectory before = Simulate(*Make(spec, as_before), "local_search");
  ASSERT_EQ(seen.queries.size(), before.queries.size());
  for (size_t i = 0; i < seen.queries.size(); ++i) {
    EXPECT_EQ(seen.queries[i].reported, before.queries[i].reported);
  }
}

TEST(SimulationTest, ARowWithoutAResultFailsAndRepeatsAreDrawnBySeed) {
  const auto space = space::Space::Parse(space::FindPreset("nas-bench-201")->text, "preset", {});
  std::string table = "architecture,score,other\n";
  std::optional<space::Genotype> genotype = (*space)->decisions().First();
  for (int row = 0; genotype.has_value(); ++row) {
    const std::string name = (*space)->Print(*genotype);
    if (row % 2 == 0) {
      absl::StrAppend(&table, name, ",,1\n");
    } else {
      // Two trainings, in the mean the row's number.
      absl::StrAppend(&table, name, ",", row - 1, ",1\n", name, ",", row + 1, ",1\n");
    }
    genotype = (*space)->decisions().Next(*genotype);
  }
  auto scenario = Scenario::Make(Search(100), Options(), table, "cells.csv");
  ASSERT_TRUE(scenario.ok()) << scenario.status();
  EXPECT_DOUBLE_EQ((*scenario)->truth().best(), 15623);
  EXPECT_TRUE(std::isnan((*scenario)->truth().First(0)));
  const Trajectory run = Simulate(**scenario, "random");
  ASSERT_EQ(run.queries.size(), 100u);
  EXPECT_EQ(std::fmod(run.queries.back().reported, 2), 1);
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

TEST(SimulationTest, ATimeOfNothingIsNamedWithItsLine) {
  SimulationOptions options = Options();
  options.time_column = "seconds";
  std::string table = CellTable();
  const size_t end = table.find('\n', table.find('\n') + 1);
  const size_t size = table.rfind(',', end), seconds = table.rfind(',', size - 1);
  table.replace(seconds + 1, size - seconds - 1, "0");
  EXPECT_THAT(ErrorOf(Search(), options, table),
              HasSubstr("cells.csv:2: seconds: found 0, expected seconds above 0"));
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

TEST(SimulationTest, AFewRowsStandForASpaceOfRealNumbersWhereTheNearestIsTaken) {
  v1::SearchSpec spec = Search(60);
  spec.mutable_space()->Clear();
  spec.mutable_space()->set_template_(
      "space: real\nnetwork:\n  - {choice: [relu, silu], label: kind}\n"
      "  - dropout: {p: {uniform: [0, 0.5], label: rate}}\n"
      "  - global_avg_pool\n  - linear: {features: classes}\n");
  spec.mutable_strategy()->set_string_value("local_search");
  // Not a grid: a rate that was tried with one kind was not tried with the other.
  const std::string table = "kind,rate,score\nrelu,0.05,1\nrelu,0.31,2\nsilu,0.17,3\nsilu,0.44,4\n";
  const auto exact = Scenario::Make(spec, Options(), table, "t.csv");
  ASSERT_TRUE(exact.ok()) << exact.status();
  EXPECT_THAT(std::string((*exact)->Run(spec.strategy(), 1).status().message()),
              HasSubstr("--nearest"));
  SimulationOptions options = Options();
  options.nearest = true;
  const auto nearest = Scenario::Make(spec, options, table, "t.csv");
  ASSERT_TRUE(nearest.ok()) << nearest.status();
  const Trajectory run = Simulate(**nearest, "local_search");
  ASSERT_EQ(run.queries.size(), 60u);
  EXPECT_EQ(run.queries.back().reported, 4);
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
  EXPECT_DOUBLE_EQ((*scenario)->truth().best(), 94.47);
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
