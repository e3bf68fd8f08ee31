#include <gtest/gtest.h>

#include "common/space/decisions/big_integer.h"
#include "common/space/decisions/decision_space.h"

namespace nascent::space {
namespace {

Domain ListOf(int64_t count) {
  Domain domain;
  for (int64_t i = 0; i < count; ++i) domain.options.emplace_back(i);
  return domain;
}

std::string ByEnumeration(const DecisionSpace& space) {
  int64_t count = 0;
  for (std::optional<Genotype> g = space.First(); g; g = space.Next(*g)) ++count;
  return std::to_string(count);
}

TEST(BigInteger, IsExactBeyondMachineWords) {
  BigInteger number(1);
  for (int i = 1; i <= 30; ++i) number.Multiply(BigInteger(i));
  number.Add(BigInteger(1));
  EXPECT_EQ(number.Text(), "265252859812191058636308480000001");  // 30! + 1
  EXPECT_EQ(BigInteger(UINT64_MAX).Text(), "18446744073709551615");
}

TEST(Cardinality, IndependentDecisionsMultiply) {
  std::vector<Decision> decisions;
  for (int i = 0; i < 100; ++i) decisions.push_back({"d" + std::to_string(i), ListOf(10), {}});
  EXPECT_EQ(DecisionSpace(decisions).Cardinality(), "1" + std::string(100, '0'));
  EXPECT_EQ(DecisionSpace({}).Cardinality(), "1");
}

TEST(Cardinality, ARealRangeIsInfinite) {
  EXPECT_EQ(DecisionSpace({{"r", {Domain::Kind::kReal, {}, 0, 1, false}, {}}}).Cardinality(),
            "infinite");
  EXPECT_EQ(DecisionSpace({{"r", {Domain::Kind::kReal, {}, 1, 1, false}, {}}}).Cardinality(), "1");
}

TEST(Cardinality, LargeRangesAreCountedWithoutEnumeration) {
  const DecisionSpace space({
      {"n", {Domain::Kind::kInteger, {}, 1, 1'000'000'000'000, false}, {}},
      {"extra", ListOf(5), {{{{0, {3, 5}}}}}},
  });
  EXPECT_EQ(space.Cardinality(), "1000000000008");
}

// Random conditions over several parents, alternatives, and parents that are inactive themselves.
TEST(Cardinality, EqualsEnumerationOnRandomSpaces) {
  RandomStream random(11, 1);
  for (int round = 0; round < 200; ++round) {
    std::vector<Decision> decisions;
    const int count = static_cast<int>(random.Between(1, 7));
    for (int i = 0; i < count; ++i) {
      Decision decision{"d" + std::to_string(i), ListOf(random.Between(1, 4)), {}};
      for (int64_t c = random.Between(-1, 2); c > 0 && i > 0; --c) {
        Condition condition;
        for (int64_t t = random.Between(1, 2); t > 0; --t) {
          Condition::Term term{static_cast<int>(random.Below(i)), {}};
          for (int64_t v = 0; v < 4; ++v) {
            if (random.Below(2) == 0) term.values.push_back(v);
          }
          condition.terms.push_back(term);
        }
        decision.active_when.push_back(condition);
      }
      decisions.push_back(decision);
    }
    const DecisionSpace space(decisions);
    EXPECT_EQ(space.Cardinality(), ByEnumeration(space));
  }
}

TEST(Cardinality, ChainsOfConditionsAreCountedQuickly) {
  std::vector<Decision> decisions = {{"d0", ListOf(3), {}}};
  for (int i = 1; i < 200; ++i) {
    decisions.push_back({"d" + std::to_string(i), ListOf(3), {{{{i - 1, {2}}}}}});
  }
  // Each stops the chain with 2 of its 3 values: the count is 2 * 200 + 1.
  EXPECT_EQ(DecisionSpace(decisions).Cardinality(), "401");
}

TEST(Cardinality, ConditionsThatReachOverEachOtherTooFarAreSaidToBeUnknown) {
  std::vector<Decision> decisions;
  Condition all;
  for (int i = 0; i < 40; ++i) {
    decisions.push_back({"d" + std::to_string(i), ListOf(3), {}});
    all.terms.push_back({i, {1}});
  }
  decisions.push_back({"last", ListOf(2), {all}});
  EXPECT_EQ(DecisionSpace(decisions).Cardinality(), "unknown");
}

}  // namespace
}  // namespace nascent::space
