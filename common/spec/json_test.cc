#include "common/spec/json.h"

#include <gtest/gtest.h>

#include <string>

namespace nascent::spec {
namespace {

TEST(Json, PrintsEveryKindOfValue) {
  Json json = Json::Object();
  json.Set("b", true).Set("a", Json()).Set("n", int64_t{-9007199254740992}).Set("x", 0.1);
  json.Set("u", uint64_t{1}).Set("inf", 1 / 0.0);
  json.Set("l", Json::List().Append(1).Append("two").Append(Json::Object()));
  EXPECT_EQ(json.Print(),
            "{\"b\": true, \"a\": null, \"n\": -9007199254740992, \"x\": 0.1, "
            "\"u\": 1, \"inf\": null, \"l\": [1, \"two\", {}]}");
}

TEST(Json, EscapesTextAndRepairsWhatIsNotUtf8) {
  EXPECT_EQ(Json("a\"\\\n\x01").Print(), "\"a\\\"\\\\\\n\\u0001\"");
  EXPECT_EQ(Json("é\xFF").Print(), "\"é\uFFFD\"");
  EXPECT_EQ(Json(std::string("\xE2\x82")).Print(), "\"\uFFFD\"");
}

TEST(Json, IndentsWhereAskedTo) {
  EXPECT_EQ(Json::Object().Set("a", Json::List().Append(1)).Print(2),
            "{\n  \"a\": [\n    1\n  ]\n}");
}

TEST(Json, OfEqualNamesTheLastValueCounts) {
  EXPECT_EQ(Json::Object().Set("a", 1).Set("b", 2).Set("a", 3).Print(), "{\"a\": 3, \"b\": 2}");
}

TEST(Json, WholeNumbersHaveNoPointAndRealsReadBackAsTheSame) {
  EXPECT_EQ(Json(60.0).Print(), "60");
  EXPECT_EQ(Json(-9007199254740992.0).Print(), "-9007199254740992");
  EXPECT_EQ(Json(-0.0).Print(), "-0.0");
  for (const double value : {0.1 + 0.2, -1.0 / 3, 1e300, 3e-308, 1.7976931348623157e308}) {
    EXPECT_EQ(std::stod(Json(value).Print()), value);
  }
}

TEST(Json, WritesWholeNumbersSoThatNoReaderRoundsThem) {
  EXPECT_EQ(Json(int64_t{1} << 53).Print(), "9007199254740992");
  EXPECT_EQ(Json((int64_t{1} << 53) + 1).Print(), "\"9007199254740993\"");
  EXPECT_EQ(Json(uint64_t{18446744073709551615u}).Print(), "\"18446744073709551615\"");
  EXPECT_EQ(Json(int64_t{-9007199254740993}).Print(), "\"-9007199254740993\"");
}

TEST(Json, TellsWhatATextSays) {
  EXPECT_EQ(*Json("a\"b").text(), "a\"b");
  EXPECT_EQ(Json(1).text(), nullptr);
}

TEST(Json, IsCopiedAndWalkedThroughInOrder) {
  const Json json = Json::Object().Set("b", 1).Set("a", Json::List().Append("x, \ny"));
  Json copy;
  copy = json;
  std::string text;
  for (const auto& [name, value] : copy.members()) text += name + "=" + value.Print() + ";";
  EXPECT_EQ(text, "b=1;a=[\"x, \\ny\"];");
  EXPECT_TRUE(Json(1).members().empty());
}

}  // namespace
}  // namespace nascent::spec
