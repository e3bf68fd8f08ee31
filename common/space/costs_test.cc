// Costs without names against costs of the networks with names, in every preset.

#include <gtest/gtest.h>

#include <optional>

#include "common/space/presets.h"
#include "common/space/sampler.h"
#include "common/space/space.h"
#include "tests/support/repetitions.h"

namespace nascent::space {
namespace {

bool Equal(const network::Costs& a, const network::Costs& b) {
  return a.parameters == b.parameters && a.multiply_accumulates == b.multiply_accumulates &&
         a.activation_bytes == b.activation_bytes && a.depth == b.depth;
}

TEST(Costs, AreTheSameWithAndWithoutNames) {
  for (const Preset& preset : Presets()) {
    for (const bool training_parts : {false, true}) {
      const absl::StatusOr<std::shared_ptr<const Space>> space = Space::Parse(
          preset.text, preset.name, {.input = {3, 32, 32}, .training_parts = training_parts});
      ASSERT_TRUE(space.ok()) << space.status();
      RandomStream random(3, 1);
      for (int i = 0; i < ::nascent::testing::Repetitions(15); ++i) {
        const absl::StatusOr<Genotype> genotype = Sample(**space, random);
        ASSERT_TRUE(genotype.ok()) << preset.name << ": " << genotype.status();
        const absl::StatusOr<Architecture> architecture = (*space)->BuildArchitecture(*genotype);
        ASSERT_TRUE(architecture.ok()) << architecture.status();
        const absl::StatusOr<ArchitectureCosts> costs = (*space)->ComputeCosts(*genotype);
        ASSERT_TRUE(costs.ok()) << costs.status();
        EXPECT_TRUE(Equal(costs->live, architecture->costs)) << (*space)->Print(*genotype);
        EXPECT_TRUE(Equal(costs->published, architecture->published_costs))
            << (*space)->Print(*genotype);
      }
    }
  }
}

TEST(Costs, OfEveryTwentiethNasBench201CellAreTheSameWithAndWithoutNames) {
  const absl::StatusOr<std::shared_ptr<const Space>> space =
      Space::Parse(FindPreset("nas-bench-201")->text, "t", {.set = {{"cells", int64_t{1}}}});
  ASSERT_TRUE(space.ok()) << space.status();
  int number = 0;
  for (std::optional<Genotype> g = (*space)->decisions().First(); g;
       g = (*space)->decisions().Next(*g)) {
    if (number++ % 20 != 0) continue;
    const absl::StatusOr<Architecture> architecture = (*space)->BuildArchitecture(*g);
    const absl::StatusOr<ArchitectureCosts> costs = (*space)->ComputeCosts(*g);
    ASSERT_TRUE(costs.ok()) << costs.status();
    ASSERT_TRUE(Equal(costs->live, architecture->costs)) << (*space)->Print(*g);
    ASSERT_TRUE(Equal(costs->published, architecture->published_costs)) << (*space)->Print(*g);
  }
}

TEST(Costs, OfWhatDoesNotFitFailAsBuildingDoes) {
  const absl::StatusOr<std::shared_ptr<const Space>> space = Space::Parse(
      "network: [{choice: {a: relu, b: {crop: {start: 2, length: 2}}}, label: c}]", "t", {});
  ASSERT_TRUE(space.ok()) << space.status();
  const Genotype bad = *(*space)->Read("{\"c\": \"b\"}");
  EXPECT_EQ((*space)->ComputeCosts(bad).status(), (*space)->Build(bad).status());
  EXPECT_FALSE((*space)->ComputeCosts(bad).ok());
}

}  // namespace
}  // namespace nascent::space
