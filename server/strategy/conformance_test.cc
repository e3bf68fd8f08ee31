// The shared suite on all strategies that learn no model.

#include "server/strategy/testing/strategy_conformance.h"

namespace nascent::strategy::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Cheap, StrategyConformance,
                         ::testing::Values(ConformanceCase{"auto", ""},
                                           ConformanceCase{"random", ""},
                                           ConformanceCase{"regularized_evolution",
                                                           R"({"population": 20, "sample": 5})"}),
                         CaseName);

}  // namespace
}  // namespace nascent::strategy::testing
