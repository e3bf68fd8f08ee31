#include "worker/evaluate/text.h"

#include <gtest/gtest.h>

namespace nascent::worker {
namespace {

TEST(ValidTextTest, Utf8StaysAsItIs) {
  EXPECT_EQ(ValidText("a line\n\tGr\xC3\xB6\xC3\x9F"
                      "e \xE2\x82\xAC \xF0\x9F\x98\x80",
                      100),
            "a line\n\tGr\xC3\xB6\xC3\x9F"
            "e \xE2\x82\xAC \xF0\x9F\x98\x80");
}

TEST(ValidTextTest, WhatIsNotUtf8IsReplaced) {
  EXPECT_EQ(ValidText("\xFF\x00x", 100), "?");  // a C string ends there
  EXPECT_EQ(ValidText(std::string_view("\xFF\0x", 3), 100), "??x");
  EXPECT_EQ(ValidText("\xC0\xAF", 100), "?");          // overlong
  EXPECT_EQ(ValidText("\xED\xA0\x80", 100), "?");      // surrogate
  EXPECT_EQ(ValidText("\xF5\x80\x80\x80", 100), "?");  // beyond Unicode
  EXPECT_EQ(ValidText("cut \xE2\x82", 100), "cut ?");
  EXPECT_EQ(ValidText("\x1B[31mred", 100), "?[31mred");
}

TEST(ValidTextTest, ACutNeverSplitsACharacter) {
  EXPECT_EQ(ValidText("ab\xC3\xB6", 3), "ab");
  EXPECT_EQ(ValidText("ab\xC3\xB6", 4), "ab\xC3\xB6");
}

}  // namespace
}  // namespace nascent::worker
