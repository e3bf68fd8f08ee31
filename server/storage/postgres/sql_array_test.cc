#include "server/storage/postgres/sql_array.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nascent::storage::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SqlArray, TextsComeBackAsTheyWere) {
  const std::vector<std::string> texts = {
      "", "NULL", "a,b", "{}", "\"\\", "\n", "\xF0\x9F\xA6\x80"};
  EXPECT_EQ(TextsOf(ArrayOf(texts).c_str()), texts);
}

TEST(SqlArray, NumbersComeBackAsTheyWere) {
  EXPECT_THAT(IntegersOf(ArrayOf({-5, 0, INT64_MAX}).c_str()), ElementsAre(-5, 0, INT64_MAX));
  EXPECT_THAT(IntegersOf("{}"), IsEmpty());
}

TEST(SqlArray, EachTypeHasItsLiteral) {
  SqlArray array;
  EXPECT_EQ(array.Take(), "{}");
  array.Add(true);
  array.Add(1e-7);
  array.AddNull();
  array.AddOrNull("");
  array.AddOrNull("x");
  array.AddBytes(std::string("\0\xAB", 2));
  EXPECT_EQ(array.Take(), R"({t,1e-07,NULL,NULL,"x","\\x00ab"})");
  EXPECT_TRUE(array.empty());
  EXPECT_EQ(BytesLiteral("\x0F"), "\\x0f");
}

}  // namespace
}  // namespace nascent::storage::postgres
