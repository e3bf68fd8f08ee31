// Each proposal in the log equals a fresh strategy's, given the log before it.

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "server/engine/testing/fleet.h"
#include "server/engine/testing/harness.h"
#include "server/engine/testing/replay_check.h"
#include "tests/support/repetitions.h"

namespace nascent::engine {
namespace {

using testing::Fleet;
using testing::Harness;
using testing::Mishaps;

// Replays the log of a search on the toy data.
void CheckReplay(Harness& harness, int64_t search) {
  Surroundings surroundings;
  surroundings.datasets.push_back(testing::ToyDataset());
  testing::CheckReplay(harness.store(), search, surroundings);
}

v1::SearchSpec EvolutionSpec(uint64_t seed) {
  v1::SearchSpec spec = testing::DenseSpec(60);
  spec.set_seed(seed);
  spec.mutable_budget()->set_parallel(4);
  auto& settings =
      *(*spec.mutable_strategy()->mutable_struct_value()->mutable_fields())["regularized_evolution"]
           .mutable_struct_value()
           ->mutable_fields();
  settings["population"].set_number_value(8);
  settings["sample"].set_number_value(3);
  return spec;
}

TEST(Replay, EvolutionWithAsynchronousWorkersIsReplayableThroughKillsAtRandomPoints) {
  for (uint64_t seed = 1; seed <= ::nascent::testing::Repetitions(20u); ++seed) {
    SCOPED_TRACE(seed);
    Harness harness;
    Mishaps mishaps;
    mishaps.restart = 0.1;
    Fleet fleet(harness, 4, seed, mishaps);
    const int64_t search = *harness.Submit(EvolutionSpec(seed));
    ASSERT_TRUE(fleet.Run(search, 3000));
    EXPECT_EQ(harness.Trials(search).size(), 60u);
    CheckReplay(harness, search);
  }
}

// How many trials each rung had.
std::map<int, int> ByRung(const std::vector<storage::TrialRecord>& trials) {
  std::map<int, int> counts;
  for (const auto& trial : trials) ++counts[trial.fidelity.rung()];
  return counts;
}

TEST(Replay, AFunnelThatBeginsWithScoresTrainsWhatItsBudgetSaysAndIsReplayable) {
  const struct {
    std::string strategy;
    int64_t trials;
    std::map<int, int> by_rung;  // empty: depends on who comes first
    int calibrate = 0;
  } cases[] = {
      // Two brackets, of which a free slot begins the second before the first has ended.
      {R"({"successive_halving": {"configurations": 12, "reduction_factor": 3}})",
       10,
       {{0, 24}, {1, 8}, {2, 2}}},
      // The second is cut to what is left.
      {R"({"successive_halving": {"configurations": 12, "reduction_factor": 3,
                                  "of": {"regularized_evolution": {"population": 5, "sample": 2}}}})",
       7,
       {{0, 24}, {1, 5}, {2, 2}}},
      {R"("hyperband")", 13, {{0, 9}, {1, 8}, {2, 5}}},
      {R"("bohb")", 13, {{0, 9}, {1, 8}, {2, 5}}},
      {R"({"asha": {"reduction_factor": 3, "of": "tpe"}})", 12, {}},
      // Two random losers of each rung go up.
      {R"({"successive_halving": {"configurations": 12, "reduction_factor": 3}})",
       9,
       {{0, 12}, {1, 6}, {2, 3}},
       2},
      {R"({"asha": {"reduction_factor": 3}})", 12, {}, 2},
  };
  for (const auto& each : cases) {
    for (uint64_t seed = 1; seed <= ::nascent::testing::Repetitions(4u); ++seed) {
      SCOPED_TRACE(::testing::Message() << each.strategy << ", seed " << seed);
      Harness harness;
      Mishaps mishaps;
      mishaps.restart = 0.1;
      Fleet fleet(harness, 4, seed, mishaps);
      v1::SearchSpec spec = testing::FunnelSpec(each.trials);
      ASSERT_TRUE(
          google::protobuf::util::JsonStringToMessage(each.strategy, spec.mutable_strategy()).ok());
      spec.set_seed(seed);
      spec.mutable_fidelities()->set_calibrate(each.calibrate);
      spec.mutable_budget()->set_parallel(4);
      const int64_t search = *harness.Submit(spec);
      ASSERT_TRUE(fleet.Run(search, 5000));
      const auto trials = harness.Trials(search);
      const std::map<int, int> by_rung = ByRung(trials);
      EXPECT_EQ(by_rung.at(1) + by_rung.at(2), each.trials);
      const auto calibrates = [](const auto& trial) {
        return trial.reason.find(strategy::kCalibrates) != std::string::npos;
      };
      EXPECT_EQ(std::any_of(trials.begin(), trials.end(), calibrates), each.calibrate > 0);
      if (!each.by_rung.empty()) {
        EXPECT_EQ(by_rung, each.by_rung);
      }
      CheckReplay(harness, search);
    }
  }
}

TEST(Replay, ProposalsWithALookaheadAreReplayable) {
  Harness harness;
  Mishaps mishaps;
  mishaps.restart = 0.05;
  Fleet fleet(harness, 4, 7, mishaps);
  v1::SearchSpec spec = EvolutionSpec(7);
  spec.mutable_budget()->set_lookahead(5);
  const int64_t search = *harness.Submit(spec);
  ASSERT_TRUE(fleet.Run(search, 3000));
  CheckReplay(harness, search);
}

TEST(Replay, OneSlotGivesTheSameSearchTwice) {
  std::vector<std::string> first;
  for (int run = 0; run < 2; ++run) {
    Harness harness;
    Fleet fleet(harness, 1, static_cast<uint64_t>(run), Mishaps());
    v1::SearchSpec spec = EvolutionSpec(3);
    spec.mutable_budget()->set_parallel(1);
    const int64_t search = *harness.Submit(spec);
    ASSERT_TRUE(fleet.Run(search, 5000));
    std::vector<std::string> notations;
    for (const auto& trial : harness.Trials(search)) notations.push_back(trial.notation);
    if (run == 0) {
      first = notations;
    } else {
      EXPECT_EQ(notations, first);
    }
  }
}

}  // namespace
}  // namespace nascent::engine
