#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "common/space/decisions/decision_space.h"

namespace nascent::space {
namespace {

Domain List(std::vector<OptionValue> options) { return {.options = std::move(options)}; }
Domain Whole(double low, double high, bool log = false) {
  return {Domain::Kind::kInteger, {}, low, high, log};
}
Domain Real(double low, double high, bool log = false) {
  return {Domain::Kind::kReal, {}, low, high, log};
}

TEST(Domain, SizeCountsBothEndsOfWholeNumbers) {
  EXPECT_EQ(Whole(3, 7).Size(), 5);
  EXPECT_EQ(List({int64_t{1}, "a"}).Size(), 2);
  EXPECT_EQ(Real(0, 1).Size(), 0);
  EXPECT_TRUE(Real(0, 1).Varies());
  EXPECT_FALSE(Real(1, 1).Varies());
}

TEST(Domain, ContainsIsStrictAboutKindAndRange) {
  EXPECT_TRUE(Whole(3, 7).Contains(int64_t{7}));
  EXPECT_FALSE(Whole(3, 7).Contains(int64_t{8}));
  EXPECT_FALSE(Whole(3, 7).Contains(4.0));
  EXPECT_FALSE(Real(0, 1).Contains(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(List({"a"}).Contains(int64_t{-1}));
  EXPECT_FALSE(List({"a"}).Contains(Value()));
}

TEST(Domain, SamplesAreEvenOverAList) {
  RandomStream random(1, 1);
  std::map<int64_t, int> counts;
  const Domain domain = List({"a", "b", "c"});
  for (int i = 0; i < 30000; ++i) ++counts[std::get<int64_t>(domain.Sample(random))];
  for (const auto& [value, count] : counts) EXPECT_NEAR(count, 10000, 410);  // 5 deviations
}

TEST(Domain, LogScaleIsEvenInTheLogarithm) {
  RandomStream random(1, 2);
  int below = 0;
  const Domain real = Real(1e-4, 1, true);
  for (int i = 0; i < 20000; ++i) below += std::get<double>(real.Sample(random)) < 1e-2;
  EXPECT_NEAR(below, 10000, 354);
  const Domain whole = Whole(1, 255, true);
  below = 0;
  for (int i = 0; i < 20000; ++i) below += std::get<int64_t>(whole.Sample(random)) < 16;
  EXPECT_NEAR(below, 10000, 354);
}

TEST(Domain, SampleOtherNeverGivesTheCurrentValueWhereThereIsAnother) {
  RandomStream random(1, 3);
  for (const Domain& domain : {List({"a", "b"}), Whole(4, 5), Whole(1, 2, true), Real(0, 1)}) {
    const Value current = domain.First();
    for (int i = 0; i < 100; ++i) {
      const Value other = domain.SampleOther(current, random);
      EXPECT_NE(other, current);
      EXPECT_TRUE(domain.Contains(other));
    }
  }
  EXPECT_EQ(List({"a"}).SampleOther(int64_t{0}, random), Value(int64_t{0}));
}

TEST(Domain, PositionAndRealAtAreInverse) {
  const Domain domain = Real(1e-3, 10, true);
  EXPECT_DOUBLE_EQ(domain.Position(0.1), 0.5);
  EXPECT_NEAR(domain.RealAt(0.5), 0.1, 1e-12);
  EXPECT_EQ(domain.RealAt(1), 10);
}

TEST(Domain, LogScalesWhoseEndsAreFurtherApartThanADoubleCountsHavePositions) {
  RandomStream random(1, 4);
  for (const Domain& domain : {Real(1e-307, 100, true), Real(5e-324, 1, true)}) {
    ASSERT_TRUE(ValidateDomain(domain).ok());
    EXPECT_EQ(domain.Position(domain.minimum), 0);
    EXPECT_EQ(domain.Position(domain.maximum), 1);
    double above = 0;
    for (int i = 0; i < 1000; ++i) {
      const Value value = domain.Sample(random);
      ASSERT_TRUE(domain.Contains(value));
      const double position = domain.Position(value);
      ASSERT_TRUE(position >= 0 && position <= 1) << position;
      EXPECT_NEAR(domain.Position(domain.RealAt(position)), position, 1e-3);
      above += position > 0.5;
    }
    EXPECT_NEAR(above, 500, 80);
  }
}

TEST(Domain, TextReadsBackAsTheSameNumber) {
  const Domain domain = Real(0, 1);
  for (const double number : {0.1, 1.0 / 3, 5e-324, 0.25}) {
    EXPECT_EQ(std::strtod(domain.Text(number).c_str(), nullptr), number);
  }
  EXPECT_EQ(domain.Text(0.1), "0.1");
  EXPECT_EQ(List({true}).Text(int64_t{0}), "true");
}

TEST(Domain, ValidationNamesWhatIsWrong) {
  const auto message = [](const Domain& d) { return std::string(ValidateDomain(d).message()); };
  EXPECT_EQ(message(List({})), "no options; give at least one");
  EXPECT_EQ(message(List({"a", "a"})), "option a twice");
  EXPECT_EQ(message(Whole(5, 3)), "range upside down: 5 is above 3");
  EXPECT_EQ(message(Whole(0.2, 0.8)), "a range of whole numbers ends at whole numbers, found 0.2");
  EXPECT_EQ(message(Whole(1, 2.5)), "a range of whole numbers ends at whole numbers, found 2.5");
  EXPECT_EQ(message(Real(0, 1, true)), "a log scale starts above 0, found 0");
  EXPECT_EQ(message(Real(NAN, 1)), "an end of the range is not a finite number");
  EXPECT_EQ(message(Whole(0, 1e300)), "whole numbers beyond 2^53");
  EXPECT_EQ(message(Real(-1.7e308, 1.7e308)), "the range is wider than a double can hold");
  EXPECT_TRUE(ValidateDomain(Whole(3, 3)).ok());
}

}  // namespace
}  // namespace nascent::space
