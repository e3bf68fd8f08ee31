// What every strategy must do, on every kind of space. A test program includes this file once and
// names its strategies:
//
//   INSTANTIATE_TEST_SUITE_P(Cheap, StrategyConformance,
//                            ::testing::ValuesIn(Cases({{"random"}, …})), CaseName);

#ifndef NASCENT_SERVER_STRATEGY_TESTING_STRATEGY_CONFORMANCE_H_
#define NASCENT_SERVER_STRATEGY_TESTING_STRATEGY_CONFORMANCE_H_

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/strategy/registry.h"
#include "server/strategy/sampling.h"
#include "server/strategy/testing/driver.h"
#include "server/strategy/testing/hand_space.h"

namespace nascent::strategy::testing {

// A strategy with settings that let a short run reach all its phases.
struct ConformanceCase {
  std::string name;           // of the strategy
  std::string settings = {};  // JSON
  int proposals = 120;        // of a run
  int cuts = 12;              // at which a run is replayed
  int objectives_max = 3;     // it takes at most so many
  int objectives_min = 1;
  int rungs_min = 1;    // it needs at least so many
  bool repeats = true;  // it proposes a genotype again
};

inline std::string CaseName(const ::testing::TestParamInfo<ConformanceCase>& info) {
  std::string name = info.param.name;
  for (const char c : info.param.settings) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
  }
  return name;
}

class StrategyConformance : public ::testing::TestWithParam<ConformanceCase> {
 protected:
  static google::protobuf::Value Spec() {
    google::protobuf::Value spec;
    auto& settings = (*spec.mutable_struct_value()->mutable_fields())[GetParam().name];
    settings.mutable_struct_value();
    if (!GetParam().settings.empty()) {
      const auto status = google::protobuf::util::JsonStringToMessage(
          GetParam().settings, settings.mutable_struct_value());
      EXPECT_TRUE(status.ok()) << status.ToString();
    }
    return spec;
  }

  static std::unique_ptr<Strategy> Make(const Problem& problem) {
    auto made = MakeStrategy(Spec(), problem);
    EXPECT_TRUE(made.ok()) << made.status();
    return made.ok() ? *std::move(made) : nullptr;
  }

  static std::vector<std::shared_ptr<const HandSpace>> Spaces() {
    return {CellSpace(), MixedSpace(), ConditionalSpace()};
  }

  static Problem ProblemOn(const HandSpace& space, int rungs = 1) {
    return TestProblem(space, GetParam().objectives_min, std::max(rungs, GetParam().rungs_min));
  }

  static DriverOptions Options(int workers) {
    DriverOptions options;
    options.proposals = GetParam().proposals;
    options.workers = workers;
    return options;
  }

  // Each proposal of the log is one that may be made.
  static void CheckProposals(const Problem& problem, const std::vector<Event>& log) {
    for (const size_t position : OwnProposals(log)) {
      const auto& proposed = std::get<Proposed>(log[position]);
      const Proposal& proposal = proposed.proposal;
      const absl::Status valid = problem.space->decisions().Validate(proposal.genotype);
      ASSERT_TRUE(valid.ok()) << "trial " << proposed.trial << ": " << valid;
      EXPECT_TRUE(problem.feasible(proposal.genotype)) << "trial " << proposed.trial;
      EXPECT_LT(proposal.rung, static_cast<int>(problem.rungs.size()));
      EXPECT_FALSE(proposal.reason.empty());
      EXPECT_LE(proposal.reason.size(), 200u);
      EXPECT_LT(proposal.continues, proposed.trial);
      for (const int64_t parent : proposal.parents) {
        EXPECT_GE(parent, 1);
        EXPECT_LT(parent, proposed.trial);
      }
    }
  }

  // Only a strategy that does not repeat itself ends, and only after all that is feasible.
  static void CheckNothingIsLeft(const Problem& problem, const std::vector<Event>& log) {
    EXPECT_FALSE(GetParam().repeats);
    std::set<std::string> proposed;
    for (const Event& event : log) {
      const auto* each = std::get_if<Proposed>(&event);
      if (each != nullptr) proposed.insert(problem.space->Print(each->proposal.genotype));
    }
    const space::DecisionSpace& decisions = problem.space->decisions();
    std::optional<space::Genotype> genotype = decisions.First();
    for (; genotype.has_value(); genotype = decisions.Next(*genotype)) {
      if (!problem.feasible(*genotype)) continue;
      ASSERT_TRUE(proposed.contains(problem.space->Print(*genotype)));
    }
  }

  // At `cuts` random proposals a fresh strategy that observed the log so far proposes the same.
  static void CheckReplay(const Problem& problem, const std::vector<Event>& log, int cuts) {
    std::vector<size_t> positions = OwnProposals(log);
    ASSERT_FALSE(positions.empty());
    RandomStream random(99, positions.size());
    std::set<size_t> chosen = {positions.front(), positions.back()};
    for (int i = 2; i < cuts; ++i) chosen.insert(positions[random.Below(positions.size())]);
    // One fresh strategy for all but a few cuts keeps the test short; those few start anew.
    std::unique_ptr<Strategy> fresh = Make(problem);
    size_t fed = 0;
    int cut = 0;
    for (const size_t position : chosen) {
      if (++cut % 4 == 0) {
        fresh = Make(problem);
        fed = 0;
      }
      for (; fed < position; ++fed) fresh->Observe(log[fed]);
      const auto& logged = std::get<Proposed>(log[position]);
      const Answer answer = fresh->Propose(logged.trial);
      const auto* proposal = std::get_if<Proposal>(&answer);
      ASSERT_NE(proposal, nullptr) << "trial " << logged.trial;
      ASSERT_EQ(problem.space->Print(proposal->genotype),
                problem.space->Print(logged.proposal.genotype))
          << "trial " << logged.trial << ": " << proposal->reason << " / "
          << logged.proposal.reason;
      EXPECT_EQ(proposal->genotype, logged.proposal.genotype);
      EXPECT_EQ(proposal->rung, logged.proposal.rung);
      EXPECT_EQ(proposal->continues, logged.proposal.continues);
      EXPECT_EQ(proposal->parents, logged.proposal.parents);
      EXPECT_EQ(proposal->reason, logged.proposal.reason);
    }
  }

  // A run that must go on to its end, whose log must be right and replayable.
  static DriverResult RunAndCheck(const Problem& problem, const DriverOptions& options,
                                  int cuts = 4) {
    const std::unique_ptr<Strategy> strategy = Make(problem);
    if (strategy == nullptr) return {};
    DriverResult result = Drive(*strategy, problem, options);
    EXPECT_FALSE(result.stuck);
    if (result.exhausted) CheckNothingIsLeft(problem, result.log);
    CheckProposals(problem, result.log);
    if (!HasFatalFailure()) CheckReplay(problem, result.log, cuts);
    return result;
  }
};

TEST_P(StrategyConformance, EachProposalEqualsAFreshStrategysGivenTheLogBeforeIt) {
  for (const auto& space : Spaces()) {
    SCOPED_TRACE(space->name());
    const Problem problem = ProblemOn(*space);
    for (const int workers : {1, 7}) {
      DriverOptions options = Options(workers);
      options.failed = 0.1;
      options.cancelled = 0.05;
      options.late = 0.1;
      RunAndCheck(problem, options, GetParam().cuts);
    }
  }
}

TEST_P(StrategyConformance, AskingTwiceGivesTheSameAnswerAndChangesNothing) {
  const auto space = CellSpace();
  const Problem problem = ProblemOn(*space);
  const std::unique_ptr<Strategy> once = Make(problem);
  const std::unique_ptr<Strategy> twice = Make(problem);
  ASSERT_NE(once, nullptr);
  const DriverResult result = Drive(*once, problem, Options(3));
  for (const Event& event : result.log) {
    const auto* proposed = std::get_if<Proposed>(&event);
    if (proposed != nullptr) {
      for (int i = 0; i < 2; ++i) {
        const Answer answer = twice->Propose(proposed->trial);
        ASSERT_TRUE(std::holds_alternative<Proposal>(answer));
        ASSERT_EQ(std::get<Proposal>(answer).genotype, proposed->proposal.genotype);
      }
    }
    twice->Observe(event);
  }
}

TEST_P(StrategyConformance, AnotherSeedGivesAnotherSearch) {
  const auto space = MixedSpace();
  Problem problem = ProblemOn(*space);
  std::vector<std::string> texts;
  for (const uint64_t seed : {1, 2}) {
    problem.seed = seed;
    const std::unique_ptr<Strategy> strategy = Make(problem);
    ASSERT_NE(strategy, nullptr);
    std::string text;
    for (const Event& event : Drive(*strategy, problem, Options(1)).log) {
      const auto* proposed = std::get_if<Proposed>(&event);
      if (proposed != nullptr) text += space->Print(proposed->proposal.genotype);
    }
    texts.push_back(std::move(text));
  }
  if (GetParam().name == "grid") {
    EXPECT_EQ(texts[0], texts[1]);
  } else {
    EXPECT_NE(texts[0], texts[1]);
  }
}

TEST_P(StrategyConformance, SixtyFourPendingTrialsAndResultsInReverseOrder) {
  for (const auto& space : Spaces()) {
    SCOPED_TRACE(space->name());
    DriverOptions options = Options(64);
    options.proposals = std::max(GetParam().proposals, 130);
    options.newest_first = true;
    RunAndCheck(ProblemOn(*space), options);
  }
}

TEST_P(StrategyConformance, TrialsThatAProgramAddsAreObservedLikeItsOwn) {
  const auto space = CellSpace();
  DriverOptions options = Options(4);
  options.enqueued = 0.3;
  RunAndCheck(ProblemOn(*space), options);
}

TEST_P(StrategyConformance, ASearchInWhichEveryTrialFailsGoesOn) {
  const auto space = ConditionalSpace();
  DriverOptions options = Options(4);
  options.failed = 1;
  RunAndCheck(ProblemOn(*space), options);
}

TEST_P(StrategyConformance, EqualValuesEverywhereAreNoObstacle) {
  const auto space = CellSpace();
  DriverOptions options = Options(3);
  options.evaluate = [](const space::Genotype&, double) {
    return Metrics{{"accuracy", 0.5}, {"size", 1}, {"latency", 1}};
  };
  RunAndCheck(ProblemOn(*space), options);
}

TEST_P(StrategyConformance, NaNInfinitiesAndMissingMetricsAreNoObstacle) {
  const auto space = MixedSpace();
  DriverOptions options = Options(3);
  options.evaluate = [&space](const space::Genotype& genotype, double share) {
    Metrics metrics = SumOfDecisions(*space, genotype, share);
    switch (Fingerprint(genotype) % 6) {
      case 0:
        metrics["accuracy"] = std::numeric_limits<double>::quiet_NaN();
        break;
      case 1:
        metrics["accuracy"] = std::numeric_limits<double>::infinity();
        break;
      case 2:
        metrics["accuracy"] = -std::numeric_limits<double>::infinity();
        break;
      case 3:
        metrics.erase("accuracy");
        break;
      case 4:
        metrics["accuracy"] = 1e300;
        break;
      default:
        break;
    }
    return metrics;
  };
  RunAndCheck(ProblemOn(*space), options);
}

TEST_P(StrategyConformance, SeveralObjectivesAndOutcomeConstraints) {
  for (int objectives = 2; objectives <= GetParam().objectives_max; ++objectives) {
    for (const auto& space : Spaces()) {
      SCOPED_TRACE(space->name());
      Problem problem = TestProblem(*space, objectives, GetParam().rungs_min);
      problem.constraints.push_back({"size", 8.0, std::nullopt});
      DriverOptions options = Options(5);
      options.failed = 0.1;
      RunAndCheck(problem, options);
    }
  }
}

TEST_P(StrategyConformance, ALadderOfRungsWithReportsAtEachEpoch) {
  for (const auto& space : Spaces()) {
    SCOPED_TRACE(space->name());
    DriverOptions options = Options(6);
    options.epochs = 27;
    options.failed = 0.05;
    options.cancelled = 0.05;
    RunAndCheck(ProblemOn(*space, 4), options, GetParam().cuts);
  }
}

TEST_P(StrategyConformance, WhatIsInfeasibleIsNeverProposed) {
  for (const auto& space : Spaces()) {
    SCOPED_TRACE(space->name());
    Problem problem = ProblemOn(*space);
    problem.feasible = [](const space::Genotype& genotype) {
      return Fingerprint(genotype) % 4 == 0;
    };
    RunAndCheck(problem, Options(3));
  }
}

TEST_P(StrategyConformance, ASearchWithoutAnyFeasibleNetworkIsExhausted) {
  const auto space = SmallSpace();
  Problem problem = ProblemOn(*space);
  problem.feasible = [](const space::Genotype&) { return false; };
  const std::unique_ptr<Strategy> strategy = Make(problem);
  ASSERT_NE(strategy, nullptr);
  EXPECT_TRUE(std::holds_alternative<Exhausted>(strategy->Propose(1)));
}

TEST_P(StrategyConformance, ASpaceWithOneNetworkIsExhaustedAfterIt) {
  const auto space = OneNetworkSpace();
  const Problem problem = ProblemOn(*space);
  const std::unique_ptr<Strategy> strategy = Make(problem);
  ASSERT_NE(strategy, nullptr);
  const DriverResult result = Drive(*strategy, problem, Options(2));
  EXPECT_TRUE(result.exhausted);
  EXPECT_EQ(result.trials, 1);
}

TEST_P(StrategyConformance, UniqueProposesNoKeyTwiceAndThenIsExhausted) {
  const auto space = SmallSpace();
  Problem problem = ProblemOn(*space);
  problem.unique = true;
  // Two genotypes in one: those with the first decision's values swapped.
  problem.key = [](const space::Genotype& genotype) {
    return std::to_string(std::get<int64_t>(genotype.values[1]));
  };
  DriverOptions options = Options(2);
  options.failed = 0.2;
  const std::unique_ptr<Strategy> strategy = Make(problem);
  ASSERT_NE(strategy, nullptr);
  const DriverResult result = Drive(*strategy, problem, options);
  EXPECT_TRUE(result.exhausted);
  std::set<std::string> keys;
  for (const size_t position : OwnProposals(result.log)) {
    const auto& proposed = std::get<Proposed>(result.log[position]);
    if (proposed.proposal.continues != 0) continue;
    EXPECT_TRUE(keys.insert(problem.key(proposed.proposal.genotype)).second);
  }
  EXPECT_EQ(keys.size(), 3u);
  CheckReplay(problem, result.log, 4);
}

TEST_P(StrategyConformance, EventsThatMakeNoSenseChangeNothing) {
  const auto space = CellSpace();
  const Problem problem = ProblemOn(*space);
  const std::unique_ptr<Strategy> strategy = Make(problem);
  ASSERT_NE(strategy, nullptr);
  const DriverResult result = Drive(*strategy, problem, Options(2));
  const std::unique_ptr<Strategy> disturbed = Make(problem);
  Finished unknown;
  unknown.trial = 1000000;
  unknown.state = v1::TRIAL_STATE_SUCCEEDED;
  unknown.metrics = {{"accuracy", 1e9}, {"size", 0}, {"latency", 0}};
  for (const Event& event : result.log) {
    const auto* proposed = std::get_if<Proposed>(&event);
    if (proposed != nullptr) {
      const Answer answer = disturbed->Propose(proposed->trial);
      ASSERT_TRUE(std::holds_alternative<Proposal>(answer));
      ASSERT_EQ(std::get<Proposal>(answer).genotype, proposed->proposal.genotype);
    }
    disturbed->Observe(event);
    disturbed->Observe(unknown);
    if (const auto* finished = std::get_if<Finished>(&event)) {
      Finished again = *finished;
      again.metrics = unknown.metrics;
      disturbed->Observe(again);
      disturbed->Observe(Measured{finished->trial, 99, unknown.metrics});
    }
  }
}

TEST_P(StrategyConformance, ASnapshotStandsForTheEventsBeforeIt) {
  const auto space = CellSpace();
  const Problem problem = ProblemOn(*space);
  const std::unique_ptr<Strategy> strategy = Make(problem);
  ASSERT_NE(strategy, nullptr);
  const DriverResult result = Drive(*strategy, problem, Options(3));
  const size_t middle = result.log.size() / 2;
  const std::unique_ptr<Strategy> first = Make(problem);
  for (size_t i = 0; i < middle; ++i) first->Observe(result.log[i]);
  const std::string snapshot = first->Snapshot();
  const std::unique_ptr<Strategy> second = Make(problem);
  ASSERT_TRUE(second->Restore(snapshot).ok());
  if (snapshot.empty()) {
    for (size_t i = 0; i < middle; ++i) second->Observe(result.log[i]);
  }
  int compared = 0;
  for (size_t i = middle; i < result.log.size() && compared < 20; ++i) {
    const auto* proposed = std::get_if<Proposed>(&result.log[i]);
    if (proposed != nullptr) {
      ++compared;
      const Answer answer = second->Propose(proposed->trial);
      ASSERT_TRUE(std::holds_alternative<Proposal>(answer));
      ASSERT_EQ(std::get<Proposal>(answer).genotype, proposed->proposal.genotype);
    }
    second->Observe(result.log[i]);
  }
  EXPECT_FALSE(second->Restore("nonsense").ok());
}

}  // namespace nascent::strategy::testing

#endif  // NASCENT_SERVER_STRATEGY_TESTING_STRATEGY_CONFORMANCE_H_
