#include "server/strategy/registry.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <set>

#include "server/strategy/testing/driver.h"
#include "server/strategy/testing/hand_space.h"

namespace nascent::strategy {
namespace {

using ::testing::HasSubstr;

google::protobuf::Value Json(const std::string& text) {
  google::protobuf::Value value;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(text, &value).ok()) << text;
  return value;
}

std::string ErrorOf(const std::string& text) {
  const auto resolved = ResolveStrategy(Json(text));
  EXPECT_EQ(resolved.status().code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(resolved.status().message());
}

TEST(RegistryTest, NamesAndSettingsAreDescribedAndUnique) {
  std::set<std::string> names;
  for (const Entry& entry : AllStrategies()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_FALSE(entry.description.empty()) << entry.name;
    EXPECT_NE(entry.make, nullptr) << entry.name;
    std::set<std::string> settings;
    for (const Setting& setting : entry.settings) {
      EXPECT_TRUE(settings.insert(setting.name).second) << entry.name << "." << setting.name;
      EXPECT_FALSE(setting.description.empty()) << entry.name << "." << setting.name;
    }
  }
}

TEST(RegistryTest, EveryStrategyResolvesWithItsDefaults) {
  for (const Entry& entry : AllStrategies()) {
    const auto resolved = ResolveStrategy(Json("\"" + entry.name + "\""));
    ASSERT_TRUE(resolved.ok()) << entry.name << ": " << resolved.status();
    const auto& settings = resolved->struct_value().fields().at(entry.name).struct_value();
    EXPECT_EQ(static_cast<size_t>(settings.fields_size()), entry.settings.size());
    const auto again = ResolveStrategy(*resolved);
    ASSERT_TRUE(again.ok()) << entry.name << ": " << again.status();
    EXPECT_EQ(again->SerializeAsString().size(), resolved->SerializeAsString().size());
  }
}

TEST(RegistryTest, DefaultsAreWrittenOut) {
  const auto resolved = ResolveStrategy(Json(R"({"regularized_evolution": {"sample": 5}})"));
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  const Settings settings(
      resolved->struct_value().fields().at("regularized_evolution").struct_value());
  EXPECT_EQ(settings.Integer("sample"), 5);
  EXPECT_EQ(settings.Integer("population"), 100);
}

TEST(RegistryTest, NoStrategyMeansAuto) {
  const auto resolved = ResolveStrategy(google::protobuf::Value());
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_TRUE(resolved->struct_value().fields().contains("auto"));
}

TEST(RegistryTest, AnErrorNamesTheFieldWhatWasFoundAndWhatIsAllowed) {
  EXPECT_THAT(ErrorOf("\"hill\""),
              HasSubstr("strategy: no strategy \"hill\"; there are auto, random"));
  EXPECT_THAT(ErrorOf("3"), HasSubstr("strategy: found a number"));
  EXPECT_THAT(ErrorOf(R"({"random": {}, "grid": {}})"), HasSubstr("found 2 entries"));
  EXPECT_THAT(ErrorOf(R"({"random": 4})"), HasSubstr("strategy.random: found a number"));
  EXPECT_THAT(ErrorOf(R"({"random": {"size": 4}})"),
              HasSubstr("strategy.random.size: no such setting"));
  EXPECT_THAT(ErrorOf(R"({"regularized_evolution": {"population": 1}})"),
              HasSubstr("strategy.regularized_evolution.population: found 1, allowed are 2 to"));
  EXPECT_THAT(ErrorOf(R"({"regularized_evolution": {"population": 2.5}})"),
              HasSubstr("expected a whole number"));
  EXPECT_THAT(ErrorOf(R"({"regularized_evolution": {"population": "x"}})"),
              HasSubstr("found a text, expected a whole number"));
}

TEST(RegistryTest, SettingsThatContradictEachOtherAreRefused) {
  EXPECT_THAT(
      ErrorOf(R"({"regularized_evolution": {"population": 10, "sample": 11}})"),
      HasSubstr("strategy.regularized_evolution.sample: found 11, at most population (10)"));
}

TEST(RegistryTest, MakeGivesTheSameErrors) {
  const auto space = testing::CellSpace();
  const Problem problem = testing::TestProblem(*space);
  const auto made = MakeStrategy(Json("\"hill\""), problem);
  EXPECT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace nascent::strategy
