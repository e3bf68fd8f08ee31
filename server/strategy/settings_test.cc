#include "server/strategy/settings.h"

#include <gtest/gtest.h>

namespace nascent::strategy {
namespace {

Settings Given() {
  google::protobuf::Struct values;
  (*values.mutable_fields())["population"].set_number_value(50);
  (*values.mutable_fields())["learn"].set_bool_value(true);
  (*values.mutable_fields())["model"].set_string_value("trees");
  return Settings(values);
}

TEST(SettingsTest, EachIsReadAsItsType) {
  EXPECT_EQ(Given().Integer("population"), 50);
  EXPECT_EQ(Given().Real("population"), 50.0);
  EXPECT_TRUE(Given().Flag("learn"));
  EXPECT_EQ(Given().Text("model"), "trees");
  EXPECT_EQ(Given().Raw("model").string_value(), "trees");
}

TEST(SettingsDeathTest, AMisspeltNameIsNotSilentlyZero) {
  EXPECT_DEATH(Given().Integer("populaton"), "setting populaton is none of this strategy's");
  EXPECT_DEATH(Given().Raw("models"), "setting models is none");
}

TEST(SettingsDeathTest, AnotherTypeIsNotSilentlyZero) {
  EXPECT_DEATH(Given().Integer("model"), "setting model has another type");
  EXPECT_DEATH(Given().Flag("population"), "setting population has another type");
  EXPECT_DEATH(Given().Text("learn"), "setting learn has another type");
}

}  // namespace
}  // namespace nascent::strategy
