#include "common/space/decisions/decision_space.h"

#include <gtest/gtest.h>

#include <set>

#include "common/space/decisions/one_hot.h"

namespace nascent::space {
namespace {

Domain Options(int64_t count) {
  Domain domain;
  for (int64_t i = 0; i < count; ++i) domain.options.emplace_back(i * 10);
  return domain;
}

Condition When(int decision, std::vector<int64_t> values) { return {{{decision, values}}}; }

// kind ∈ {0, 10, 20}; width only with kind 1 or 2; rate only with kind 2; free always.
DecisionSpace Nested() {
  return DecisionSpace({
      {"kind", Options(3), {}},
      {"width", {Domain::Kind::kInteger, {}, 4, 6, false}, {When(0, {1, 2})}},
      {"rate", {Domain::Kind::kReal, {}, 0, 1, false}, {When(0, {2})}},
      {"free", Options(2), {}},
  });
}

Genotype Make(std::vector<Value> values) { return {std::move(values)}; }

TEST(DecisionSpace, SamplesAreValidAndRespectConditions) {
  const DecisionSpace space = Nested();
  RandomStream random(3, 1);
  std::set<int64_t> kinds;
  for (int i = 0; i < 200; ++i) {
    const Genotype genotype = space.Sample(random);
    EXPECT_TRUE(space.Validate(genotype).ok());
    kinds.insert(std::get<int64_t>(genotype.values[0]));
    EXPECT_EQ(genotype.values[2].index() == 2, genotype.values[0] == Value(int64_t{2}));
  }
  EXPECT_EQ(kinds.size(), 3u);
}

TEST(DecisionSpace, EqualStreamsGiveEqualSamples) {
  RandomStream a(5, 1), b(5, 1);
  EXPECT_EQ(Nested().Sample(a), Nested().Sample(b));
}

TEST(DecisionSpace, ValidateNamesTheLabel) {
  const DecisionSpace space = Nested();
  const auto message = [&](Genotype g) { return std::string(space.Validate(g).message()); };
  EXPECT_EQ(message(Make({int64_t{0}})), "genotype has 1 values, the space 4 decisions");
  EXPECT_EQ(message(Make({int64_t{0}, int64_t{5}, {}, int64_t{0}})),
            "width: has a value but is not active");
  EXPECT_EQ(message(Make({int64_t{1}, {}, {}, int64_t{0}})), "width: is active but has no value");
  EXPECT_EQ(message(Make({int64_t{1}, int64_t{7}, {}, int64_t{0}})),
            "width: value 7 is not in its domain");
  EXPECT_EQ(message(Make({2.0, {}, {}, int64_t{0}})), "kind: value 2 is not in its domain");
}

TEST(DecisionSpace, MutationChangesOneActiveDecisionAndItsDependantsOnly) {
  const DecisionSpace space = Nested();
  RandomStream random(3, 2);
  const Genotype start = Make({int64_t{1}, int64_t{5}, {}, int64_t{0}});
  std::set<int> changed;
  for (int i = 0; i < 300; ++i) {
    const Genotype mutant = space.Mutate(start, random);
    ASSERT_TRUE(space.Validate(mutant).ok());
    ASSERT_NE(mutant, start);
    int roots = 0;
    for (const int d : {0, 3}) {
      if (mutant.values[d] != start.values[d]) {
        ++roots;
        changed.insert(d);
      }
    }
    if (mutant.values[0] == start.values[0] && mutant.values[1] != start.values[1]) {
      ++roots;
      changed.insert(1);
    }
    EXPECT_EQ(roots, 1);
    if (mutant.values[0] == Value(int64_t{2})) {
      EXPECT_EQ(mutant.values[1], start.values[1]);  // still active: kept
    }
  }
  EXPECT_EQ(changed, (std::set<int>{0, 1, 3}));
}

TEST(DecisionSpace, MutationOfWhatCannotChangeGivesItBack) {
  const DecisionSpace space({{"only", Options(1), {}}});
  RandomStream random(1, 1);
  EXPECT_EQ(space.Mutate(space.First(), random), space.First());
}

TEST(DecisionSpace, CrossoverTakesEachValueFromAParent) {
  const DecisionSpace space = Nested();
  RandomStream random(3, 3);
  const Genotype a = Make({int64_t{0}, {}, {}, int64_t{0}});
  const Genotype b = Make({int64_t{2}, int64_t{6}, 0.25, int64_t{1}});
  std::set<Value> kinds;
  for (int i = 0; i < 100; ++i) {
    const Genotype child = space.Crossover(a, b, random);
    ASSERT_TRUE(space.Validate(child).ok());
    kinds.insert(child.values[0]);
    if (child.values[0] == b.values[0]) {
      EXPECT_EQ(child.values[1], b.values[1]);
      EXPECT_EQ(child.values[2], b.values[2]);
    }
  }
  EXPECT_EQ(kinds.size(), 2u);
}

TEST(DecisionSpace, NeighboursDifferInOneDecision) {
  const DecisionSpace space = Nested();
  const Genotype start = Make({int64_t{2}, int64_t{5}, 0.5, int64_t{0}});
  const std::vector<Genotype> neighbours = space.Neighbours(start);
  // kind: 2, width: 2, rate: 2, free: 1.
  EXPECT_EQ(neighbours.size(), 7u);
  for (const Genotype& neighbour : neighbours) {
    EXPECT_TRUE(space.Validate(neighbour).ok());
    EXPECT_NE(neighbour, start);
  }
  EXPECT_EQ(space.Neighbours(Make({int64_t{2}, int64_t{4}, 0.0, int64_t{0}})).size(), 5u);
}

TEST(DecisionSpace, EnumerationVisitsEachGenotypeOnceInOrder) {
  const DecisionSpace space({
      {"kind", Options(3), {}},
      {"width", {Domain::Kind::kInteger, {}, 4, 6, false}, {When(0, {1, 2})}},
      {"free", Options(2), {}},
  });
  std::vector<Genotype> all;
  for (std::optional<Genotype> g = space.First(); g; g = space.Next(*g)) all.push_back(*g);
  EXPECT_EQ(all.size(), 14u);  // (1 + 3 + 3) * 2
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_TRUE(space.Validate(all[i]).ok());
    if (i > 0) {
      EXPECT_LT(all[i - 1].values, all[i].values);
    }
  }
}

TEST(DecisionSpace, RealRangesCountAsTenValuesInAnEnumeration) {
  const DecisionSpace space({{"rate", {Domain::Kind::kReal, {}, 0.001, 1, true}, {}}});
  int count = 0;
  Genotype last;
  for (std::optional<Genotype> g = space.First(); g; g = space.Next(*g)) {
    ++count;
    last = *g;
  }
  EXPECT_EQ(count, 10);
  EXPECT_EQ(last.values[0], Value(1.0));
}

TEST(DecisionSpace, OneHotColumnsMatchTheirNames) {
  const DecisionSpace space = Nested();
  EXPECT_EQ(OneHotNames(space), (std::vector<std::string>{"kind=0", "kind=10", "kind=20", "width",
                                                          "rate", "free=0", "free=10"}));
  EXPECT_EQ(EncodeOneHot(space, Make({int64_t{2}, int64_t{5}, 0.25, int64_t{1}})),
            (std::vector<double>{0, 0, 1, 0.5, 0.25, 0, 1}));
  EXPECT_EQ(EncodeOneHot(space, Make({int64_t{0}, {}, {}, int64_t{0}})),
            (std::vector<double>{1, 0, 0, 0, 0, 1, 0}));
}

TEST(DecisionSpaceDeathTest, ConditionsThatLookAheadEndTheProgram) {
  EXPECT_DEATH(DecisionSpace({{"a", Options(2), {When(0, {1})}}}), "looks ahead");
  EXPECT_DEATH(DecisionSpace({{"a", Options(2), {}}, {"a", Options(2), {}}}), "not unique");
}

}  // namespace
}  // namespace nascent::space
