#include "common/space/option_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/space/presets.h"
#include "common/space/sampler.h"
#include "common/space/testing/small_presets.h"

namespace nascent::space {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::shared_ptr<const Space> Parsed(std::string_view text, const SpaceOptions& options = {}) {
  absl::StatusOr<std::shared_ptr<const Space>> space = Space::Parse(text, "t", options);
  EXPECT_TRUE(space.ok()) << space.status();
  return space.ok() ? *space : nullptr;
}

constexpr char kHalf[] = R"(
decisions: {k: {choice: [3, 5]}}
network:
  - sum:
      - identity
      - conv2d: {channels: 3, kernel: k, padding: 1}
)";

TEST(OptionCheck, NamesAnOptionThatNoNetworkCanHaveWithReasonAndShare) {
  const auto space = Parsed(kHalf);
  ASSERT_NE(space, nullptr);
  const OptionCheck check = CheckOptions(*space);
  ASSERT_THAT(check.dead, SizeIs(1));
  EXPECT_EQ(check.dead[0].label, "k");
  EXPECT_EQ(check.dead[0].option, "5");
  EXPECT_NEAR(check.dead[0].share, 0.5, 0.15);
  EXPECT_THAT(check.dead[0].reason, AllOf(HasSubstr("[3, 32, 32]"), HasSubstr("[3, 30, 30]")));
  EXPECT_TRUE(check.complete);
}

TEST(OptionCheck, FindsRareOptionsBehindConditionsAndTheEndsOfRanges) {
  const auto space = Parsed(R"(
decisions: {width: {integer: [1, 1000]}, p: {uniform: [0, 1]}}
network:
  - choice: {o0: relu, o1: relu, o2: relu, o3: relu, o4: relu, o5: relu, o6: relu, o7: relu,
             deep: {choice: {i0: relu, i1: relu, i2: relu, i3: relu, i4: relu, i5: relu, i6: relu,
                             bad: {conv2d: {channels: 8, kernel: 99}}}}}
    label: top
  - conv2d: {channels: 8, kernel: 1, groups: "1 if width < 1000 else 5"}
  - drop_path: {p: p}
)");
  ASSERT_NE(space, nullptr);
  std::vector<std::string> dead;
  for (const DeadOption& option : CheckOptions(*space).dead) {
    dead.push_back(option.label + "=" + option.option);
  }
  EXPECT_THAT(dead, ::testing::UnorderedElementsAre("width=1000", "top.deep=bad", "p=1"));
}

TEST(OptionCheck, WhatARuleForbidsAltogetherIsNamedByTheRule) {
  const auto space = Parsed(R"(
network: [{choice: [relu, tanh], label: a}, {choice: [relu, tanh], label: b}]
forbid: [{when: decision('a') == 'tanh', reason: no tanh first}]
)");
  ASSERT_NE(space, nullptr);
  const OptionCheck check = CheckOptions(*space);
  ASSERT_THAT(check.dead, SizeIs(1));
  EXPECT_THAT(check.dead[0].Text(), HasSubstr("a = tanh cannot be built"));
  EXPECT_THAT(check.dead[0].reason, HasSubstr("t:3: forbidden: no tanh first"));
}

TEST(OptionCheck, SaysWhenTheEffortEndsFirst) {
  const auto space = Parsed(kHalf);
  ASSERT_NE(space, nullptr);
  const OptionCheck check = CheckOptions(*space, 20);
  EXPECT_FALSE(check.complete);
  EXPECT_LE(check.tried, 20);
}

class EveryPreset : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryPreset, CanBeBuiltWithEveryOption) {
  const auto space = testing::SmallSpace(GetParam());
  ASSERT_NE(space, nullptr);
  const OptionCheck check = CheckOptions(*space);
  for (const DeadOption& option : check.dead) ADD_FAILURE() << option.Text();
  EXPECT_TRUE(check.complete);
}

INSTANTIATE_TEST_SUITE_P(Presets, EveryPreset, ::testing::ValuesIn(testing::PresetNames()),
                         [](const auto& preset) {
                           std::string name = preset.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(Sampler, SaysWhyMostGenotypesAreNotAllowed) {
  const auto space = Parsed(kHalf);
  ASSERT_NE(space, nullptr);
  Sampler sampler(*space);
  RandomStream random(1, 1);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(sampler.Sample(random).ok());
  EXPECT_THAT(sampler.MainReason(), HasSubstr("[3, 30, 30]"));
}

TEST(Output, MustHaveOneValuePerClass) {
  const auto parse = [](const std::string& features, OutputRule rule) {
    return Space::Parse("network: [global_avg_pool, {linear: {features: " + features + "}}]", "t",
                        {.classes = 10, .output = rule})
        .status();
  };
  EXPECT_TRUE(parse("7", OutputRule::kAny).ok());
  EXPECT_TRUE(parse("classes", OutputRule::kPerExample).ok());
  EXPECT_TRUE(parse("classes", OutputRule::kEither).ok());
  EXPECT_EQ(parse("7", OutputRule::kPerExample).message(),
            "t: network: gives [7] where the data have 10 classes, needed is [10]");
  EXPECT_FALSE(parse("11", OutputRule::kEither).ok());
  EXPECT_THAT(std::string(parse("10", OutputRule::kPerPixel).message()),
              HasSubstr("needed is [10, 32, 32]"));
  const auto per_pixel = Space::Parse("network: {conv2d: {channels: classes, kernel: 1}}", "t",
                                      {.output = OutputRule::kPerPixel});
  EXPECT_TRUE(per_pixel.ok()) << per_pixel.status();
}

TEST(Output, FollowsALossThatTheTemplateDecides) {
  const auto parse = [](const std::string& network) {
    return Space::Parse(
               "decisions: {recipe.loss: {choice: [cross_entropy, pixel_cross_entropy]}}\n"
               "network: " +
                   network,
               "t", {.classes = 10, .output = OutputRule::kPerExample})
        .status();
  };
  EXPECT_TRUE(parse("{conv2d: {channels: classes, kernel: 1}}").ok());
  EXPECT_TRUE(parse("[global_avg_pool, {linear: {features: classes}}]").ok());
  EXPECT_FALSE(parse("[global_avg_pool, {linear: {features: 7}}]").ok());
}

}  // namespace
}  // namespace nascent::space
