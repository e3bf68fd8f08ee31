// The shared suite on all strategies that learn no model.

#include "server/strategy/testing/strategy_conformance.h"

namespace nascent::strategy::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(
    Cheap, StrategyConformance,
    ::testing::Values(ConformanceCase{.name = "auto"}, ConformanceCase{.name = "random"},
                      ConformanceCase{.name = "grid", .repeats = false},
                      ConformanceCase{.name = "local_search", .repeats = false},
                      ConformanceCase{.name = "local_search",
                                      .settings = R"({"improvement": "best"})",
                                      .repeats = false},
                      ConformanceCase{.name = "simulated_annealing"},
                      ConformanceCase{.name = "regularized_evolution",
                                      .settings = R"({"population": 20, "sample": 5})"},
                      ConformanceCase{.name = "nsga2", .settings = R"({"population": 20})"},
                      ConformanceCase{.name = "nsga3", .settings = R"({"population": 20})"}),
    CaseName);

}  // namespace
}  // namespace nascent::strategy::testing
