// The shared suite on all strategies that learn no model.

#include "server/strategy/testing/strategy_conformance.h"

namespace nascent::strategy::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(
    Cheap, StrategyConformance,
    ::testing::Values(
        ConformanceCase{.name = "auto"}, ConformanceCase{.name = "random"},
        ConformanceCase{.name = "grid", .repeats = false},
        ConformanceCase{.name = "local_search", .repeats = false},
        ConformanceCase{
            .name = "local_search", .settings = R"({"improvement": "best"})", .repeats = false},
        ConformanceCase{.name = "simulated_annealing"},
        ConformanceCase{.name = "regularized_evolution",
                        .settings = R"({"population": 20, "sample": 5})"},
        ConformanceCase{.name = "nsga2", .settings = R"({"population": 20})"},
        ConformanceCase{.name = "nsga3", .settings = R"({"population": 20})"},
        ConformanceCase{.name = "successive_halving", .rungs_min = 2},
        ConformanceCase{.name = "hyperband", .rungs_min = 2},
        ConformanceCase{.name = "hyperband",
                        .settings = R"({"of": {"regularized_evolution": {"population": 10,
                                                                         "sample": 3}}})",
                        .rungs_min = 3},
        ConformanceCase{.name = "bohb", .rungs_min = 3},
        ConformanceCase{.name = "asha", .rungs_min = 2},
        ConformanceCase{.name = "asha",
                        .settings = R"({"form": "stopping", "reduction_factor": 3,
                                        "of": "local_search"})",
                        .rungs_min = 2,
                        .repeats = false},
        ConformanceCase{.name = "mo_asha", .objectives_min = 2, .rungs_min = 2},
        ConformanceCase{.name = "median_stopping"}, ConformanceCase{.name = "portfolio"},
        ConformanceCase{.name = "curve_stopping", .settings = R"({"of": "simulated_annealing"})"}),
    CaseName);

}  // namespace
}  // namespace nascent::strategy::testing
