// The shared suite on the strategies that learn a model.

#include "server/strategy/testing/strategy_conformance.h"

namespace nascent::strategy::testing {
namespace {

ConformanceCase Quick(const std::string& name, const std::string& more = "") {
  ConformanceCase made{name, R"({"initial": 5)" + more + "}"};
  made.proposals = 24;
  made.cuts = 3;
  return made;
}

const std::string kSmall = R"(, "candidates": 30, "history": 20)";

INSTANTIATE_TEST_SUITE_P(
    Models, StrategyConformance,
    ::testing::Values(Quick("tpe"), Quick("tpe", R"(, "multivariate": false)"),
                      Quick("gaussian_process", kSmall), Quick("random_forest", kSmall),
                      Quick("boosted_trees", kSmall), Quick("ridge", kSmall),
                      Quick("ridge", kSmall + R"(, "acquisition": "thompson")"),
                      Quick("bananas", kSmall)),
    CaseName);

}  // namespace
}  // namespace nascent::strategy::testing
