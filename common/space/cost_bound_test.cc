#include "common/space/cost_bound.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/space/enumeration.h"
#include "common/space/presets.h"
#include "common/space/sampler.h"

namespace nascent::space {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

NamedCosts Costs(double parameters, double products, double depth = 5) {
  return {{"parameters", parameters}, {"multiply_accumulates", products}, {"depth", depth}};
}

TEST(CostFormula, IsArithmeticOverCosts) {
  const CostFormula sum =
      CostFormula::Parse("parameters / 1e6 + multiply_accumulates / 1e9").value();
  EXPECT_DOUBLE_EQ(sum.Value(Costs(2e6, 5e8)).value(), 2.5);
  EXPECT_DOUBLE_EQ(CostFormula::Parse("max(depth, 3) * 2").value().Value(Costs(1, 1)).value(), 10);
  EXPECT_DOUBLE_EQ(
      CostFormula::Parse("parameters if depth > 4 else 0").value().Value(Costs(7, 1)).value(), 7);
  EXPECT_TRUE(CostFormula::IsArithmetic("parameters + 1"));
  EXPECT_FALSE(CostFormula::IsArithmetic("parameters"));
  EXPECT_FALSE(CostFormula::IsArithmetic("validation_accuracy"));
  EXPECT_FALSE(CostFormula::IsArithmetic("latency-ms"));
}

TEST(CostFormula, WhatIsNoneIsRefusedWithWhatIsAllowed) {
  const auto message = [](std::string_view text) {
    const absl::Status status = CostFormula::Parse(text).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << text;
    return std::string(status.message());
  };
  EXPECT_THAT(message("parameter / 2"), AllOf(HasSubstr("no cost is called \"parameter\""),
                                              HasSubstr("did you mean \"parameters\"")));
  EXPECT_THAT(message("parameters +"), HasSubstr("expected a value"));
  EXPECT_THAT(message("1 + 2"), HasSubstr("names no cost"));
  EXPECT_THAT(message("parameters > 3"), HasSubstr("allowed is a number"));
  EXPECT_THAT(message("parameters / 0"), HasSubstr("division by zero"));
  EXPECT_THAT(message("speed(parameters)"), HasSubstr("no function is called speed"));
  EXPECT_THAT(message("decision('a') + parameters"), HasSubstr("no function is called decision"));
  EXPECT_FALSE(message(std::string(5000, '(') + "depth").empty());
  EXPECT_FALSE(message("").empty());
}

TEST(CostBound, IsReadAndSaysHowItIsBroken) {
  const CostBound bound = CostBound::Parse("parameters / 1e6 + depth <= 7").value();
  EXPECT_TRUE(bound.Check(Costs(2e6, 0)).ok());
  const absl::Status broken = bound.Check(Costs(3e6, 0));
  EXPECT_TRUE(absl::IsFailedPrecondition(broken));
  EXPECT_EQ(broken.message(), "constraint on parameters / 1e6 + depth: found 8, allowed at most 7");
  EXPECT_FALSE(CostBound::Parse("depth >= 6").value().Check(Costs(1, 1)).ok());
  // What has no value is not within a bound; what is not known breaks none.
  EXPECT_FALSE(CostBound::Parse("1 / (depth - 5) <= 1").value().Check(Costs(1, 1)).ok());
  EXPECT_TRUE(bound.Check({}).ok());
  for (const char* wrong : {"parameters", "parameters <= many", "parameters < 3", "<= 3",
                            "parameters <= nan", "beauty <= 3"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(CostBound::Parse(wrong).status())) << wrong;
  }
}

std::shared_ptr<const Space> NasBench201() {
  return Space::Parse(FindPreset("nas-bench-201")->text, "nas-bench-201", {}).value();
}

TEST(Sampler, GivesOnlyWhatTheBoundsAllowAndKnowsTheShare) {
  const auto space = NasBench201();
  const std::vector<CostBound> bounds = {CostBound::Parse("parameters <= 3e5").value()};
  Sampler sampler(*space, bounds);
  RandomStream random(1, 0);
  for (int i = 0; i < 50; ++i) {
    const Genotype genotype = sampler.Sample(random).value();
    EXPECT_LE(space->BuildArchitecture(genotype)->costs.parameters, 300'000);
  }
  EXPECT_EQ(sampler.passed(), 50);
  EXPECT_GT(sampler.drawn(), 55);
  EXPECT_THAT(sampler.ShareText(), HasSubstr(" % of "));
  // Half and half, give or take.
  const SpaceCount count = CountByEnumeration(*space, false, bounds).value();
  EXPECT_NEAR(50.0 / static_cast<double>(sampler.drawn()),
              static_cast<double>(count.allowed) / static_cast<double>(count.genotypes), 0.2);
}

TEST(Sampler, WhatNothingMeetsIsSaidAfterTheStatedEffort) {
  const auto space = NasBench201();
  Sampler sampler(*space, {CostBound::Parse("parameters <= 1").value()});
  RandomStream random(1, 0);
  const absl::Status status = sampler.Sample(random, 300).status();
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("in 300 draws"), HasSubstr("fewer than 1 %"),
                    HasSubstr("constraint on parameters: found ")));
  EXPECT_EQ(sampler.drawn(), 300);
}

}  // namespace
}  // namespace nascent::space
