// The shared suite on the strategies that learn a policy with torch.

#include "server/strategy/testing/strategy_conformance.h"

namespace nascent::strategy::testing {
namespace {

ConformanceCase Quick(const std::string& name, const std::string& settings) {
  ConformanceCase made{name, settings};
  made.proposals = 24;
  made.cuts = 3;
  return made;
}

INSTANTIATE_TEST_SUITE_P(Policies, StrategyConformance,
                         ::testing::Values(Quick("reinforce", R"({"hidden": 8})"),
                                           Quick("ppo", R"({"hidden": 8, "batch": 4})")),
                         CaseName);

Problem CellProblem(const HandSpace& space) { return TestProblem(space, 1, 1); }

TEST(PolicyGradient, ASnapshotAndTheEventsAfterItGiveTheSameProposals) {
  const auto space = CellSpace();
  const Problem problem = CellProblem(*space);
  for (const char* name : {"reinforce", "ppo"}) {
    google::protobuf::Value spec;
    spec.set_string_value(name);
    auto whole = MakeStrategy(spec, problem), restored = MakeStrategy(spec, problem);
    ASSERT_TRUE(whole.ok() && restored.ok());
    DriverOptions options;
    options.proposals = 33;
    options.workers = 5;
    const DriverResult run = Drive(**whole, problem, options);
    auto half = MakeStrategy(spec, problem);
    const size_t middle = run.log.size() / 2;
    for (size_t i = 0; i < middle; ++i) (*half)->Observe(run.log[i]);
    const std::string snapshot = (*half)->Snapshot();
    ASSERT_FALSE(snapshot.empty());
    ASSERT_TRUE((*restored)->Restore(snapshot).ok());
    for (size_t i = middle; i < run.log.size(); ++i) (*restored)->Observe(run.log[i]);
    const Answer expected = (*whole)->Propose(1000), found = (*restored)->Propose(1000);
    EXPECT_EQ(std::get<Proposal>(expected).genotype, std::get<Proposal>(found).genotype) << name;
    EXPECT_FALSE((*restored)->Restore("garbage").ok());
  }
}

}  // namespace
}  // namespace nascent::strategy::testing
