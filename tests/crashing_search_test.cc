// A search whose strategy ends the coordinator's process, on a real service.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "tests/support/service.h"

namespace nascent::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(CrashingSearch, IsSetAsideAfterTheSecondTimeAndTheOthersGoOn) {
  Service service;
  const auto start = [&] {
    service.StartCoordinator(0, {"/usr/bin/env", "LD_PRELOAD=" NASCENT_CRASHING_NLOPT});
  };
  start();
  service.WaitUntilServing();
  service.AddTinyDataset("tiny");
  const auto submit = [&](const std::string& name, const std::string& strategy) {
    const Finished submitted = service.Run(
        {"submit", service.WriteFile(name + ".yaml",
                                     "name: " + name +
                                         "\n"
                                         "space: {preset: nas-bench-201, set: {channels: 4}}\n"
                                         "data: {dataset: tiny, train: 500, validation: 200}\n"
                                         "recipe: {epochs: 1, batch: 50}\n"
                                         "final: {test: false}\n"
                                         "objectives: [{metric: validation_accuracy, goal: "
                                         "maximize}]\n"
                                         "strategy: " +
                                         strategy + "\nbudget: {trials: 40}\n")});
    ASSERT_EQ(submitted.exit_code, 0) << submitted.err;
  };
  submit("harmless", "random");
  submit("deadly", "{gaussian_process: {initial: 2}}");
  service.StartWorker("w", {"--evaluator", NASCENT_FAKE_EVALUATOR});
  const auto state = [&](const std::string& name) {
    return service.Sql("SELECT state FROM nascent_v1.searches WHERE name = '" + name + "'");
  };

  // It dies twice. The third has been warned.
  for (int death = 1; death <= 2; ++death) {
    ASSERT_TRUE(WaitFor([&] { return !service.coordinator().Running(); }, 120)) << service.Logs();
    EXPECT_EQ(service.coordinator().Wait(), 128 + SIGABRT) << service.Logs();
    start();
  }
  ASSERT_TRUE(WaitFor([&] { return state("deadly") == "FAILED"; }, 60)) << service.Logs();
  ASSERT_TRUE(WaitFor([&] { return state("harmless") == "COMPLETED"; }, 120)) << service.Logs();
  EXPECT_TRUE(service.coordinator().Running());
  EXPECT_THAT(service.Run({"show", "deadly"}).out,
              AllOf(HasSubstr("FAILED"), HasSubstr("set aside: the coordinator died 2 times")));
  EXPECT_EQ(service.Sql("SELECT count(*) FROM nascent_v1.trials t JOIN nascent_v1.searches s ON "
                        "s.id = t.search_id WHERE s.name = 'deadly' AND t.state IN ('READY', "
                        "'RUNNING')"),
            "0");
  // What has ended can be told so again.
  EXPECT_THAT(service.Run({"cancel", "deadly"}).err, HasSubstr("FAILED"));
}

}  // namespace
}  // namespace nascent::testing
