#include "server/strategy/surrogate/parzen.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "server/strategy/testing/hand_space.h"

namespace nascent::strategy {
namespace {

using testing::Choice;
using testing::Integer;
using testing::Ordered;
using testing::Real;
using testing::When;

// Every genotype of a finite space with its density.
std::map<std::vector<space::Value>, double> Densities(const space::DecisionSpace& decisions,
                                                      const Parzen& parzen) {
  std::map<std::vector<space::Value>, double> densities;
  for (std::optional<space::Genotype> at = decisions.First(); at; at = decisions.Next(*at)) {
    densities[at->values] = std::exp(parzen.LogDensity(*at));
  }
  return densities;
}

TEST(Parzen, DensitiesOfAFiniteSpaceSumToOneAndSamplesFollowThem) {
  const space::DecisionSpace decisions({Choice("a", 3), Ordered("b", {1, 2, 8}), Integer("c", 2, 4),
                                        Choice("d", 2, {When(0, {1, 2})})});
  RandomStream random(6, 1);
  std::vector<space::Genotype> seen;
  for (int i = 0; i < 5; ++i) seen.push_back(decisions.Sample(random));
  std::vector<const space::Genotype*> observations;
  for (const space::Genotype& genotype : seen) observations.push_back(&genotype);
  for (const bool joint : {false, true}) {
    const Parzen parzen(decisions, observations, joint);
    const auto densities = Densities(decisions, parzen);
    double sum = 0;
    for (const auto& [values, density] : densities) sum += density;
    EXPECT_NEAR(sum, 1, 1e-6);
    std::map<std::vector<space::Value>, int> counts;
    const int n = 20000;
    for (int i = 0; i < n; ++i) {
      const space::Genotype sample = parzen.Sample(random);
      ASSERT_TRUE(decisions.Validate(sample).ok());
      ++counts[sample.values];
    }
    for (const auto& [values, density] : densities) {
      EXPECT_NEAR(counts[values], n * density, 5 * std::sqrt(n * density) + 5);
    }
  }
}

TEST(Parzen, RealDensityIntegratesToOne) {
  const space::DecisionSpace decisions({Real("rate", 1e-4, 1, true)});
  const space::Genotype low{{1e-4}}, middle{{0.01}};
  const Parzen parzen(decisions, {&low, &middle}, true);
  double sum = 0;
  const int cells = 2000;
  for (int i = 0; i < cells; ++i) {
    const double position = (i + 0.5) / cells;
    sum += std::exp(parzen.LogDensity({{decisions.decisions()[0].domain.RealAt(position)}}));
  }
  EXPECT_NEAR(sum / cells, 1, 1e-3);
}

// Two observations of one option out of three: by the rule of parzen.h with three kernels the
// density of that option is (2 * (1 + 1/3) / 2 + 1/3) / 3 = 5/9, of the others 2/9 each.
TEST(Parzen, WorkedExampleOfAChoice) {
  const space::DecisionSpace decisions({Choice("a", 3)});
  const space::Genotype one{{int64_t{1}}};
  const Parzen parzen(decisions, {&one, &one}, true);
  EXPECT_NEAR(std::exp(parzen.LogDensity({{int64_t{1}}})), 5.0 / 9, 1e-12);
  EXPECT_NEAR(std::exp(parzen.LogDensity({{int64_t{0}}})), 2.0 / 9, 1e-12);
}

}  // namespace
}  // namespace nascent::strategy
