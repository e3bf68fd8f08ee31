// What single strategies do, step by step.

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <set>

#include "server/strategy/goals/outcome.h"
#include "server/strategy/registry.h"
#include "server/strategy/sampling.h"
#include "server/strategy/testing/driver.h"
#include "server/strategy/testing/hand_space.h"

namespace nascent::strategy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::unique_ptr<Strategy> Make(const std::string& json, const Problem& problem) {
  google::protobuf::Value spec;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &spec).ok()) << json;
  auto made = MakeStrategy(spec, problem);
  EXPECT_TRUE(made.ok()) << made.status();
  return made.ok() ? *std::move(made) : nullptr;
}

// Asks, observes the proposal, and gives it.
Proposal Ask(Strategy& strategy, int64_t number) {
  Answer answer = strategy.Propose(number);
  EXPECT_TRUE(std::holds_alternative<Proposal>(answer)) << "trial " << number;
  if (!std::holds_alternative<Proposal>(answer)) return {};
  strategy.Observe(Proposed{number, std::get<Proposal>(answer), false});
  return std::get<Proposal>(answer);
}

StopCommands Tell(Strategy& strategy, int64_t trial, double accuracy, double size = 0) {
  Finished finished;
  finished.trial = trial;
  finished.state = v1::TRIAL_STATE_SUCCEEDED;
  finished.metrics = {{"accuracy", accuracy}, {"size", size}};
  return strategy.Observe(finished);
}

int Differences(const space::Genotype& a, const space::Genotype& b) {
  int differences = 0;
  for (size_t i = 0; i < a.values.size(); ++i) differences += a.values[i] == b.values[i] ? 0 : 1;
  return differences;
}

TEST(RegularizedEvolutionTest, TheBestOfTheSampleIsMutatedInOneDecision) {
  const auto space = testing::CellSpace();
  const Problem problem = testing::TestProblem(*space);
  const auto strategy =
      Make(R"({"regularized_evolution": {"population": 4, "sample": 4}})", problem);
  std::vector<space::Genotype> genotypes(1);
  for (int64_t trial = 1; trial <= 4; ++trial) {
    genotypes.push_back(Ask(*strategy, trial).genotype);
    Tell(*strategy, trial, trial == 2 ? 0.9 : 0.1);
  }
  const Proposal child = Ask(*strategy, 5);
  EXPECT_THAT(child.parents, ElementsAre(2));
  EXPECT_EQ(Differences(child.genotype, genotypes[2]), 1);
  EXPECT_THAT(child.reason, StartsWith("mutation of edge"));
}

TEST(RegularizedEvolutionTest, TheOldestDiesHoweverGoodItIs) {
  const auto space = testing::CellSpace();
  const Problem problem = testing::TestProblem(*space);
  const auto strategy =
      Make(R"({"regularized_evolution": {"population": 3, "sample": 3}})", problem);
  for (int64_t trial = 1; trial <= 4; ++trial) {
    Ask(*strategy, trial);
    Tell(*strategy, trial, trial == 1 ? 0.9 : 0.1 + 0.01 * static_cast<double>(trial));
  }
  // The first and best is out; of 2, 3 and 4 the last is the best.
  EXPECT_THAT(Ask(*strategy, 5).parents, ElementsAre(4));
}

TEST(RegularizedEvolutionTest, AFreeWorkerDoesNotWaitForTheFirstPopulation) {
  const auto space = testing::CellSpace();
  const Problem problem = testing::TestProblem(*space);
  const auto strategy =
      Make(R"({"regularized_evolution": {"population": 3, "sample": 3}})", problem);
  for (int64_t trial = 1; trial <= 3; ++trial) Ask(*strategy, trial);
  EXPECT_THAT(Ask(*strategy, 4).parents, IsEmpty());
  Tell(*strategy, 3, 0.5);
  EXPECT_THAT(Ask(*strategy, 5).parents, ElementsAre(3));
}

TEST(LocalSearchTest, MovesToTheFirstBetterNeighbourAndAsksNothingTwice) {
  const auto space = testing::CellSpace();
  const Problem problem = testing::TestProblem(*space);
  const auto strategy = Make("\"local_search\"", problem);
  testing::DriverOptions options;
  options.proposals = 300;
  const auto result = testing::Drive(*strategy, problem, options);
  std::set<std::string> asked;
  for (const Event& event : result.log) {
    if (const auto* proposed = std::get_if<Proposed>(&event)) {
      EXPECT_TRUE(asked.insert(space->Print(proposed->proposal.genotype)).second);
    }
  }
  // The sum of the decisions has one local optimum, so that the first climb ends at the best.
  const space::Genotype best{std::vector<space::Value>(6, int64_t{4})};
  EXPECT_TRUE(asked.contains(space->Print(best)));
}

TEST(LocalSearchTest, BestImprovementWaitsForAllNeighbours) {
  const testing::HandSpace space("line", {testing::Choice("a", 4)});
  const Problem problem = testing::TestProblem(space);
  const auto strategy = Make(R"({"local_search": {"improvement": "best"}})", problem);
  Ask(*strategy, 1);
  Tell(*strategy, 1, 0.1);
  Ask(*strategy, 2);
  Ask(*strategy, 3);
  Tell(*strategy, 2, 0.2);
  EXPECT_THAT(Ask(*strategy, 4).parents, ElementsAre(1));
}

TEST(SimulatedAnnealingTest, AColdWalkAcceptsNothingWorse) {
  const auto space = testing::CellSpace();
  const Problem problem = testing::TestProblem(*space);
  const auto strategy =
      Make(R"({"simulated_annealing": {"initial_temperature": 1e-6, "final_temperature": 1e-6}})",
           problem);
  Ask(*strategy, 1);
  Tell(*strategy, 1, 0.5);
  Ask(*strategy, 2);
  Tell(*strategy, 2, 0.4);
  EXPECT_THAT(Ask(*strategy, 3).parents, ElementsAre(1));
  Tell(*strategy, 3, 0.6);
  EXPECT_THAT(Ask(*strategy, 4).parents, ElementsAre(3));
}

TEST(SimulatedAnnealingTest, AHotWalkGoesAnywhere) {
  const auto space = testing::CellSpace();
  const Problem problem = testing::TestProblem(*space);
  const auto strategy =
      Make(R"({"simulated_annealing": {"initial_temperature": 1e6, "final_temperature": 1e6}})",
           problem);
  for (int64_t trial = 1; trial <= 5; ++trial) {
    const Proposal proposal = Ask(*strategy, trial);
    if (trial > 1) {
      EXPECT_THAT(proposal.parents, ElementsAre(trial - 1));
    }
    Tell(*strategy, trial, 1.0 / static_cast<double>(trial));
  }
}

TEST(NsgaTest, TheFrontSurvivesAndTheDominatedLeave) {
  const auto space = testing::MixedSpace();
  const Problem problem = testing::TestProblem(*space, 2);
  for (const char* name : {"nsga2", "nsga3"}) {
    SCOPED_TRACE(name);
    const auto strategy =
        Make(std::string("{\"") + name + "\": {\"population\": 4, \"crossover\": 0}}", problem);
    // Trials 2 to 5 are a front, 1 is dominated by all of them.
    const double sizes[] = {0, 9, 1, 2, 3, 4};
    for (int64_t trial = 1; trial <= 5; ++trial) {
      Ask(*strategy, trial);
      Tell(*strategy, trial, trial == 1 ? 0.1 : 0.1 + sizes[trial] / 10, sizes[trial]);
    }
    for (int64_t number = 6; number < 60; ++number) {
      const Answer answer = strategy->Propose(number);
      ASSERT_TRUE(std::holds_alternative<Proposal>(answer));
      EXPECT_NE(std::get<Proposal>(answer).parents.front(), 1);
    }
  }
}

TEST(AshaTest, TheBestOfARungIsPromotedWhenEnoughHaveEnded) {
  const auto space = testing::CellSpace();
  const Problem problem = testing::TestProblem(*space, 1, 3);
  const auto strategy = Make(R"({"asha": {"reduction_factor": 3}})", problem);
  std::vector<space::Genotype> genotypes(1);
  for (int64_t trial = 1; trial <= 3; ++trial) {
    const Proposal proposal = Ask(*strategy, trial);
    EXPECT_EQ(proposal.rung, 0);
    genotypes.push_back(proposal.genotype);
  }
  Tell(*strategy, 1, 0.2);
  Tell(*strategy, 2, 0.7);
  EXPECT_EQ(Ask(*strategy, 4).continues, 0);
  Tell(*strategy, 3, 0.4);
  const Proposal promoted = Ask(*strategy, 5);
  EXPECT_EQ(promoted.continues, 2);
  EXPECT_EQ(promoted.rung, 1);
  EXPECT_EQ(promoted.genotype, genotypes[2]);
  EXPECT_EQ(Ask(*strategy, 6).continues, 0);
}

TEST(AshaTest, TheStoppingFormEndsWhatIsNotAmongTheBestOfItsRung) {
  const auto space = testing::CellSpace();
  const Problem problem = testing::TestProblem(*space, 1, 3);  // 3, 9 and 27 epochs
  const auto strategy = Make(R"({"asha": {"reduction_factor": 2, "form": "stopping"}})", problem);
  for (int64_t trial = 1; trial <= 3; ++trial) Ask(*strategy, trial);
  EXPECT_THAT(strategy->Observe(Measured{1, 2, {{"accuracy", 0.9}}}), IsEmpty());
  EXPECT_THAT(strategy->Observe(Measured{1, 3, {{"accuracy", 0.5}}}), IsEmpty());
  EXPECT_THAT(strategy->Observe(Measured{2, 3, {{"accuracy", 0.6}}}), IsEmpty());
  EXPECT_THAT(strategy->Observe(Measured{3, 3, {{"accuracy", 0.4}}}), ElementsAre(3));
}

TEST(HalvingTest, ARungWaitsForAllOfTheOneBelow) {
  const auto space = testing::CellSpace();
  const Problem problem = testing::TestProblem(*space, 1, 2);
  const auto strategy = Make(R"({"successive_halving": {"configurations": 3}})", problem);
  for (int64_t trial = 1; trial <= 3; ++trial) EXPECT_EQ(Ask(*strategy, trial).rung, 0);
  Tell(*strategy, 1, 0.2);
  Tell(*strategy, 2, 0.7);
  // A free worker begins the next bracket.
  EXPECT_EQ(Ask(*strategy, 4).rung, 0);
  Tell(*strategy, 3, 0.1);
  const Proposal promoted = Ask(*strategy, 5);
  EXPECT_EQ(promoted.rung, 1);
  EXPECT_EQ(promoted.continues, 2);
}

// Rung 0 is the score synflow, then 9 and 27 epochs.
Problem ProblemWithScore(const testing::HandSpace& space) {
  Problem problem = testing::TestProblem(space, 1, 3);
  problem.rungs[0].metric = "synflow";
  return problem;
}

Finished Scored(int64_t trial, double score) {
  Finished finished{trial, v1::TRIAL_STATE_SUCCEEDED, v1::FAILURE_KIND_UNSPECIFIED, {}, 0, 1};
  finished.metrics = {{"synflow", score}};
  return finished;
}

TEST(ScoreRungTest, TheBestScoresGoOnAndWhatHasNoneNeverDoes) {
  const auto space = testing::CellSpace();
  const Problem problem = ProblemWithScore(*space);
  for (const char* spec :
       {R"({"asha": {"reduction_factor": 3}})",
        R"({"successive_halving": {"reduction_factor": 3, "configurations": 3}})"}) {
    const auto strategy = Make(spec, problem);
    for (int64_t trial = 1; trial <= 3; ++trial) EXPECT_EQ(Ask(*strategy, trial).rung, 0);
    // Larger than all, but of a trial that failed, as one is whose score is not finite.
    Finished diverged = Scored(1, 100);
    diverged.state = v1::TRIAL_STATE_FAILED;
    diverged.failure = v1::FAILURE_KIND_DIVERGED;
    strategy->Observe(diverged);
    strategy->Observe(Scored(2, -7));
    strategy->Observe(Scored(3, -5));
    const Proposal promoted = Ask(*strategy, 4);
    EXPECT_EQ(promoted.rung, 1) << spec;
    EXPECT_EQ(promoted.continues, 3) << spec;
  }
}

TEST(ScoreRungTest, AFreeSlotLeavesTheBudgetToTheBracketThatNeedsIt) {
  const auto space = testing::CellSpace();
  Problem problem = ProblemWithScore(*space);
  // Three scores, a short training and a whole one.
  const char* spec = R"({"successive_halving": {"configurations": 3}})";
  for (const int64_t budget : {0, 2, 3}) {
    problem.budget_trials = budget;
    const auto strategy = Make(spec, problem);
    for (int64_t trial = 1; trial <= 3; ++trial) Ask(*strategy, trial);
    for (int64_t trial = 1; trial <= 3; ++trial) {
      strategy->Observe(Scored(trial, static_cast<double>(trial)));
    }
    EXPECT_EQ(Ask(*strategy, 4).rung, 1);
    // The short training runs, and a slot is free.
    const Answer answer = strategy->Propose(5);
    EXPECT_EQ(std::holds_alternative<Wait>(answer), budget == 2) << budget;
    Tell(*strategy, 4, 0.5);
    EXPECT_EQ(Ask(*strategy, 5).rung, 2);
  }
}

TEST(CalibrationTest, RandomLosersGoUpBesideThePromotedAndNoFurther) {
  const auto space = testing::CellSpace();
  Problem problem = ProblemWithScore(*space);
  problem.calibrate = 2;
  std::vector<int64_t> drawn[2];
  for (std::vector<int64_t>& losers : drawn) {
    const auto strategy =
        Make(R"({"successive_halving": {"configurations": 12, "reduction_factor": 4}})", problem);
    EXPECT_TRUE(strategy->Promotes());
    for (int64_t trial = 1; trial <= 12; ++trial) Ask(*strategy, trial);
    for (int64_t trial = 1; trial <= 12; ++trial) {
      strategy->Observe(Scored(trial, static_cast<double>(trial)));
    }
    for (int64_t trial = 13; trial <= 15; ++trial) {
      EXPECT_EQ(Ask(*strategy, trial).continues, 25 - trial) << "the promoted come first";
    }
    for (int64_t trial = 16; trial <= 17; ++trial) {
      const Proposal loser = Ask(*strategy, trial);
      EXPECT_EQ(loser.rung, 1);
      EXPECT_LT(loser.continues, 10);
      EXPECT_EQ(loser.reason, "calibration of rung 0: one that it did not let up");
      losers.push_back(loser.continues);
    }
    // Losers are better, and still a promoted one goes on.
    for (int64_t trial = 13; trial <= 17; ++trial) {
      Tell(*strategy, trial, static_cast<double>(trial));
    }
    EXPECT_EQ(Ask(*strategy, 18).continues, 15);
    EXPECT_EQ(Ask(*strategy, 19).rung, 2);
    EXPECT_EQ(Ask(*strategy, 20).rung, 2);
    EXPECT_EQ(Ask(*strategy, 21).rung, 0) << "as many losers as there are";
  }
  EXPECT_EQ(drawn[0], drawn[1]);
  EXPECT_NE(drawn[0][0], drawn[0][1]);
}

TEST(CalibrationTest, AshaSendsALoserUpWhenNothingIsToBePromoted) {
  const auto space = testing::CellSpace();
  Problem problem = ProblemWithScore(*space);
  problem.calibrate = 1;
  const auto strategy = Make(R"({"asha": {"reduction_factor": 3}})", problem);
  for (int64_t trial = 1; trial <= 6; ++trial) Ask(*strategy, trial);
  for (int64_t trial = 1; trial <= 6; ++trial) {
    strategy->Observe(Scored(trial, static_cast<double>(trial)));
  }
  EXPECT_EQ(Ask(*strategy, 7).continues, 6);
  EXPECT_EQ(Ask(*strategy, 8).continues, 5);
  const Proposal loser = Ask(*strategy, 9);
  EXPECT_EQ(loser.rung, 1);
  EXPECT_THAT(loser.reason, HasSubstr(std::string(kCalibrates) + "0"));
  EXPECT_LT(loser.continues, 5);
  EXPECT_EQ(Ask(*strategy, 10).rung, 0);
  // Three results at the next rung let one go on; the loser's is none of them.
  Tell(*strategy, 9, 0.9);
  Tell(*strategy, 7, 0.1);
  Tell(*strategy, 8, 0.2);
  EXPECT_EQ(Ask(*strategy, 11).rung, 0);
}

TEST(CalibrationTest, IsRefusedWhereNothingIsPromoted) {
  const auto space = testing::CellSpace();
  Problem problem = testing::TestProblem(*space, 1, 3);
  problem.calibrate = 2;
  google::protobuf::Value spec;
  for (const char* strategy : {R"("random")", R"("tpe")", R"({"asha": {"form": "stopping"}})"}) {
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(strategy, &spec).ok());
    EXPECT_THAT(std::string(MakeStrategy(spec, problem).status().message()),
                HasSubstr("fidelities.calibrate: found 2, allowed 0"))
        << strategy;
  }
  for (const char* strategy : {"auto", "bohb", "hyperband"}) {
    spec.set_string_value(strategy);
    EXPECT_TRUE(MakeStrategy(spec, problem).ok()) << strategy;
  }
}

TEST(ScoreRungTest, AnInnerStrategyLearnsFromTheScoresAndFromNothingElse) {
  const auto space = testing::CellSpace();
  const Problem problem = ProblemWithScore(*space);
  const auto strategy = Make(
      R"({"asha": {"of": {"regularized_evolution": {"population": 3, "sample": 3}},
                   "reduction_factor": 3}})",
      problem);
  for (int64_t trial = 1; trial <= 3; ++trial) Ask(*strategy, trial);
  for (int64_t trial = 1; trial <= 3; ++trial) {
    strategy->Observe(Scored(trial, static_cast<double>(trial)));
  }
  EXPECT_EQ(Ask(*strategy, 4).continues, 3);
  // The trained one's accuracy is no score: trial 3 stays the best of the population.
  Tell(*strategy, 4, 1e9);
  EXPECT_THAT(Ask(*strategy, 5).parents, ElementsAre(3));
}

TEST(ScoreRungTest, OtherGoalsStayWhatTheyAre) {
  Problem problem;
  problem.rungs = {{0, 1e-3, "synflow"}, {3, 1}};
  problem.objectives = {{"validation_accuracy", true, 0.1}, {"parameters", false, {}}};
  problem.constraints = {{"validation_loss", 1, {}}, {"nwot", {}, 10}};
  const Problem there = AtRung(problem, 0);
  ASSERT_EQ(there.objectives.size(), 2u);
  EXPECT_EQ(there.objectives[0].metric, "synflow");
  EXPECT_FALSE(there.objectives[0].reference.has_value());
  EXPECT_EQ(there.objectives[1].metric, "parameters");
  ASSERT_EQ(there.constraints.size(), 1u);
  EXPECT_EQ(there.constraints[0].metric, "nwot");
  EXPECT_EQ(AtRung(problem, 1).objectives[0].metric, "validation_accuracy");
}

TEST(LadderTest, StrategiesThatNeedOneSayWhatIsMissing) {
  const auto space = testing::CellSpace();
  Problem problem = testing::TestProblem(*space);
  google::protobuf::Value spec;
  spec.set_string_value("asha");
  EXPECT_THAT(std::string(MakeStrategy(spec, problem).status().message()),
              HasSubstr("strategy.asha: needs `fidelities` with at least two rungs"));
  problem.rungs = {{10, 0.5}, {10, 0.5}};
  EXPECT_THAT(std::string(MakeStrategy(spec, problem).status().message()), HasSubstr("must grow"));
  problem.rungs = {{10, 0.5}, {20, 1}};
  spec.set_string_value("mo_asha");
  EXPECT_THAT(std::string(MakeStrategy(spec, problem).status().message()),
              HasSubstr("needs at least two objectives"));
  EXPECT_TRUE(
      google::protobuf::util::JsonStringToMessage(R"({"asha": {"of": "hyperband"}})", &spec).ok());
  EXPECT_THAT(std::string(MakeStrategy(spec, problem).status().message()),
              HasSubstr("hyperband chooses the fidelity itself"));
  problem.rungs = {{0, 0.1, "synflow"}, {20, 1}};
  EXPECT_TRUE(
      google::protobuf::util::JsonStringToMessage(R"({"asha": {"form": "stopping"}})", &spec).ok());
  EXPECT_THAT(std::string(MakeStrategy(spec, problem).status().message()),
              HasSubstr("the first rung is the score synflow"));
}

TEST(MedianStoppingTest, WhatIsBehindTheMedianOfEarlierTrialsEnds) {
  const auto space = testing::CellSpace();
  const Problem problem = testing::TestProblem(*space);
  const auto strategy = Make(R"({"median_stopping": {"least_trials": 4}})", problem);
  // Averages up to epoch 2: 0.1, 0.2, 0.3, 0.4; their median is 0.25.
  for (int64_t trial = 1; trial <= 4; ++trial) {
    const double level = 0.1 * static_cast<double>(trial);
    Ask(*strategy, trial);
    strategy->Observe(Measured{trial, 1, {{"accuracy", level - 0.05}}});
    EXPECT_THAT(strategy->Observe(Measured{trial, 2, {{"accuracy", level + 0.05}}}), IsEmpty());
    Tell(*strategy, trial, level + 0.05);
  }
  Ask(*strategy, 5);
  Ask(*strategy, 6);
  EXPECT_THAT(strategy->Observe(Measured{5, 2, {{"accuracy", 0.26}}}), IsEmpty());
  EXPECT_THAT(strategy->Observe(Measured{6, 2, {{"accuracy", 0.24}}}), ElementsAre(6));
}

TEST(PortfolioTest, TheOneThatImprovesTheFrontGetsMoreTrials) {
  const auto space = testing::MixedSpace();
  const Problem problem = testing::TestProblem(*space);
  const auto strategy = Make(
      R"({"portfolio": {"strategies": ["random", {"regularized_evolution": {"population": 10,
                                                                            "sample": 5}}]}})",
      problem);
  testing::DriverOptions options;
  options.proposals = 300;
  const auto result = testing::Drive(*strategy, problem, options);
  int random = 0;
  int evolution = 0;
  for (const Event& event : result.log) {
    const auto* proposed = std::get_if<Proposed>(&event);
    if (proposed == nullptr) continue;
    random += proposed->proposal.reason.rfind("random: ", 0) == 0 ? 1 : 0;
    evolution += proposed->proposal.reason.rfind("regularized_evolution: ", 0) == 0 ? 1 : 0;
  }
  EXPECT_EQ(random + evolution, 300);
  EXPECT_GT(evolution, random);
}

TEST(ManualTest, NothingIsProposed) {
  const auto space = testing::CellSpace();
  const auto strategy = Make("\"manual\"", testing::TestProblem(*space));
  EXPECT_TRUE(std::holds_alternative<Wait>(strategy->Propose(1)));
}

}  // namespace
}  // namespace nascent::strategy
