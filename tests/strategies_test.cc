// Families of strategies with the real worker on real data: each search goes on where it was when
// its coordinator is killed, and its log can be replayed.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "server/engine/testing/replay_check.h"
#include "server/storage/postgres_store.h"
#include "tests/support/service.h"

namespace nascent::testing {
namespace {

struct Example {
  std::string name;
  std::string lines;  // of the search file: strategy and what belongs to it
  int trials = 0;
};

const std::vector<Example>& Examples() {
  static const auto* const kExamples = new std::vector<Example>{
      {"evolution", "strategy: {regularized_evolution: {population: 4, sample: 2}}\n", 12},
      {"tpe", "strategy: tpe\n", 12},
      {"front",
       "strategy: {nsga2: {population: 4}}\n"
       "objectives: [{metric: validation_accuracy, goal: maximize}, {metric: parameters, goal: "
       "minimize}]\n",
       12},
      {"halving",
       "strategy: {asha: {of: random, reduction_factor: 2}}\n"
       "fidelities: {epochs: [1, 2, 4]}\n",
       14},
      {"reinforce", "strategy: reinforce\n", 12},
  };
  return *kExamples;
}

std::string SearchFile(const Example& run) {
  std::string text = "name: " + run.name +
                     "\n"
                     "space: {preset: nas-bench-201, set: {channels: 4, cells: 1}}\n"
                     "data: {dataset: fashion-mnist, train: 600, validation: 200}\n"
                     "recipe: {epochs: " +
                     (run.name == "halving" ? "4" : "1") +
                     ", batch: 50}\n"
                     "seed: 3\n"
                     "sharing: \"off\"\n"
                     "budget: {trials: " +
                     std::to_string(run.trials) + ", parallel: 2}\n" + run.lines;
  if (text.find("objectives:") == std::string::npos) {
    text += "objectives: [{metric: validation_accuracy, goal: maximize}]\n";
  }
  return text;
}

// Trials of each search that ended.
std::map<std::string, int> EndedTrials(Service& service) {
  std::map<std::string, int> finished;
  for (const Example& run : Examples()) {
    finished[run.name] = std::stoi(
        service.Sql("SELECT finished FROM nascent_v1.searches WHERE name = '" + run.name + "'"));
  }
  return finished;
}

void KillCoordinator(Service& service) {
  service.coordinator().Kill();
  service.StartCoordinator();
  service.WaitUntilServing();
}

TEST(Strategies, GoOnAfterTheirCoordinatorWasKilledAndCanBeReplayed) {
  Service service;
  service.StartCoordinator();
  service.WaitUntilServing();
  const Finished added =
      service.Run({"data", "add", "fashion-mnist", "--from", "/usr/share/datasets/fashion-mnist"});
  ASSERT_EQ(added.exit_code, 0) << added.err;
  service.StartWorker("first");
  service.StartWorker("second");
  service.WaitForWorkers(2);
  for (const Example& run : Examples()) {
    const auto submitted =
        service.Run({"submit", service.WriteFile(run.name + ".yaml", SearchFile(run))});
    ASSERT_EQ(submitted.exit_code, 0) << run.name << ": " << submitted.err;
  }

  // Twice, when every search is a quarter and a half on its way.
  for (const int part : {4, 2}) {
    ASSERT_TRUE(WaitFor(
        [&] {
          const std::map<std::string, int> finished = EndedTrials(service);
          for (const Example& run : Examples()) {
            if (finished.at(run.name) < run.trials / part) return false;
          }
          return true;
        },
        120))
        << service.Logs();
    KillCoordinator(service);
  }
  EXPECT_TRUE(WaitFor(
      [&] {
        return service.Sql("SELECT count(*) FROM nascent_v1.searches WHERE state = 'COMPLETED'") ==
               std::to_string(Examples().size());
      },
      180))
      << service.Logs();
  EXPECT_EQ(service.Sql("SELECT count(*) FROM nascent_v1.coordinators"), "3");

  storage::PostgresStore store(service.postgres().url());
  engine::Surroundings surroundings;
  surroundings.datasets = *store.ListDatasets();
  for (const Example& run : Examples()) {
    SCOPED_TRACE(run.name);
    EXPECT_EQ(service.Sql("SELECT count(*) FROM nascent_v1.trials AS t JOIN nascent_v1.searches AS "
                          "s ON s.id = t.search_id WHERE t.state = 'SUCCEEDED' AND s.name = '" +
                          run.name + "'"),
              std::to_string(run.trials));
    EXPECT_NE(service.Run({"best", run.name}).out.find("test accuracy"), std::string::npos);
    engine::testing::CheckReplay(store, store.GetNewestSearch(run.name)->id, surroundings);
  }
  // Trials on higher rungs went on from checkpoints: their first measurement is no first epoch.
  const std::string continued =
      "SELECT count(*) FROM nascent_v1.trials AS t JOIN nascent_v1.searches AS s ON s.id = "
      "t.search_id WHERE s.name = 'halving' AND t.continues IS NOT NULL";
  EXPECT_GT(std::stoi(service.Sql(continued)), 0);
  EXPECT_EQ(service.Sql("SELECT count(*) FROM nascent_v1.measurements AS m JOIN "
                        "nascent_v1.trials AS t ON t.id = m.trial_id WHERE t.continues IS NOT NULL "
                        "AND m.kind = 'TRAIN' AND m.metric = 'validation_accuracy' AND "
                        "m.epoch = 1"),
            "0");
}

}  // namespace
}  // namespace nascent::testing
