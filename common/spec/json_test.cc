#include "common/spec/json.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "common/spec/search_file.h"
#include "nascent/v1/search.pb.h"

namespace nascent::spec {
namespace {

TEST(Json, PrintsEveryKindOfValue) {
  Json json = Json::Object();
  json.Set("b", true).Set("a", Json()).Set("n", int64_t{-9007199254740993}).Set("x", 0.1);
  json.Set("u", std::numeric_limits<uint64_t>::max()).Set("inf", 1 / 0.0);
  json.Set("l", Json::List().Append(1).Append("two").Append(Json::Object()));
  EXPECT_EQ(json.Print(),
            "{\"b\": true, \"a\": null, \"n\": -9007199254740993, \"x\": 0.1, "
            "\"u\": 18446744073709551615, \"inf\": null, \"l\": [1, \"two\", {}]}");
}

TEST(Json, EscapesTextAndRepairsWhatIsNotUtf8) {
  EXPECT_EQ(Json("a\"\\\n\x01").Print(), "\"a\\\"\\\\\\n\\u0001\"");
  EXPECT_EQ(Json("é\xFF").Print(), "\"é\\ufffd\"");
  EXPECT_EQ(Json(std::string("\xE2\x82")).Print(), "\"\\ufffd\\ufffd\"");
}

TEST(Json, IndentsWhereAskedTo) {
  EXPECT_EQ(Json::Object().Set("a", Json::List().Append(1)).Print(2),
            "{\n  \"a\": [\n    1\n  ]\n}");
}

TEST(Json, OfASearchIsASearchFile) {
  const auto file = ParseSearchFile(R"(
name: a
space: {preset: nas-bench-201, set: {channels: 8}}
recipe: {schedule: cosine, optimizer: {sgd: {momentum: 0}}}
decisions: {recipe.batch: {choice: [64, 128]}}
objectives: [{metric: parameters, goal: minimize}]
budget: {trials: 6e1}
sharing: off
strategy: {regularized_evolution: {population: 20}}
)",
                                    "s.yaml");
  ASSERT_TRUE(file.ok()) << file.status();
  const auto again = ParseSearchFile(ToJson(file->spec).Print(2), "s.json");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(file->spec, again->spec))
      << ToJson(file->spec).Print(2);
}

TEST(Json, WritesStatesInCapitalsAndTimesInUtc) {
  v1::Search search;
  search.set_state(v1::SEARCH_STATE_RUNNING);
  search.mutable_created_at()->set_seconds(1);
  (*search.mutable_spec()->mutable_requirements()->mutable_labels())["zone"] = "a";
  EXPECT_EQ(ToJson(search).Print(),
            "{\"spec\": {\"requirements\": {\"labels\": {\"zone\": \"a\"}}}, \"state\": "
            "\"RUNNING\", \"created_at\": \"1970-01-01T00:00:01Z\"}");
}

}  // namespace
}  // namespace nascent::spec
