// The shared suite on the strategies that learn with torch.

#include "server/strategy/learned/graph_network.h"
#include "server/strategy/testing/hand_space.h"
#include "server/strategy/testing/strategy_conformance.h"

namespace nascent::strategy::testing {
namespace {

ConformanceCase Quick(const std::string& name, const std::string& settings) {
  ConformanceCase made{name, settings};
  made.proposals = 24;
  made.cuts = 3;
  return made;
}

INSTANTIATE_TEST_SUITE_P(Models, StrategyConformance, ::testing::Values([] {
                           ConformanceCase made =
                               Quick("graph_network",
                                     R"({"initial": 4, "candidates": 20, "history": 10})");
                           made.proposals = 8;  // a fit takes a while
                           made.cuts = 1;
                           return made;
                         }()),
                         CaseName);

INSTANTIATE_TEST_SUITE_P(Policies, StrategyConformance,
                         ::testing::Values(Quick("reinforce", R"({"hidden": 8})"),
                                           Quick("ppo", R"({"hidden": 8, "batch": 4})")),
                         CaseName);

TEST(GraphNetwork, LearnsWhatOperationsAndEdgesAreWorth) {
  const auto space = ConditionalSpace();
  const auto encoding = MakeGraphEncoding(*space);
  RandomStream random(4, 1);
  std::vector<space::Genotype> genotypes;
  Eigen::VectorXd worth(160);
  for (Eigen::Index i = 0; i < worth.size(); ++i) {
    genotypes.push_back(space->decisions().Sample(random));
    worth[i] = DecisionEncoding(space->decisions()).Encode(genotypes.back()).head(3).sum() +
               2 * static_cast<double>(
                       std::holds_alternative<std::monostate>(genotypes.back().values.back()));
  }
  worth.array() -= worth.mean();
  worth /= std::sqrt(worth.array().square().mean());
  const Eigen::MatrixXd rows = encoding->EncodeAll(genotypes);
  ASSERT_EQ(rows.cols(), encoding->layout().columns());
  const auto predict = [&] {
    GraphNetwork network(encoding->layout());
    network.Fit(rows.topRows(100), worth.head(100), 5);
    return network.Predict(rows.bottomRows(60));
  };
  const Prediction prediction = predict();
  EXPECT_EQ(prediction.mean, predict().mean);
  EXPECT_GT(prediction.deviation.minCoeff(), 0);
  // Of the variance of results it has not seen, most is explained.
  EXPECT_LT((prediction.mean - worth.tail(60)).squaredNorm() / 60, 0.3);
}

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
