#include "server/storage/postgres/json.h"

#include <limits>

#include "gtest/gtest.h"

namespace nascent::storage::postgres {
namespace {

TEST(Json, MetricsSurviveInEveryBit) {
  const std::map<std::string, double> metrics = {
      {"", 0.1 + 0.2},
      {"quote \" backslash \\ tab \t unit \x1F", -1.0 / 3.0},
      {"smallest", std::numeric_limits<double>::denorm_min()},
      {"largest", std::numeric_limits<double>::max()},
      {"\xE2\x86\x92", 1e300}};
  const auto read = MetricsFromJson(MetricsJson(metrics));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, metrics);
  EXPECT_TRUE(MetricsFromJson("{}")->empty());
}

TEST(Json, MetricsAreReadAsTheServerPrintsThem) {
  const auto read = MetricsFromJson(R"({"a": 0.5, "b\u001f\n": -12})");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->at("a"), 0.5);
  EXPECT_EQ(read->at("b\x1F\n"), -12);
}

TEST(Json, WhatIsNoObjectOfNumbersIsRefused) {
  for (const char* json : {"", "{", "[]", "{\"a\"}", "{\"a\": }", "{\"a\": \"1\"}", "{\"a\": 1,}",
                           "{\"a\": 1}{", "{\"\\u12\": 1}", "{\"\\q\": 1}", "null"}) {
    EXPECT_EQ(MetricsFromJson(json).status().code(), absl::StatusCode::kInternal) << json;
  }
}

TEST(Json, EqualMessagesOfDifferentTypesDoNotMeetInTheCache) {
  MessageJsonCache cache;
  v1::Fidelity fidelity;
  fidelity.set_rung(3);
  v1::Recipe recipe;
  recipe.set_epochs(3);
  ASSERT_EQ(fidelity.SerializeAsString(), recipe.SerializeAsString());
  EXPECT_EQ(*cache.Json(fidelity), "{\"rung\":3}");
  EXPECT_EQ(*cache.Json(recipe), "{\"epochs\":3}");
  EXPECT_EQ(*cache.Json(fidelity), "{\"rung\":3}");
}

}  // namespace
}  // namespace nascent::storage::postgres
