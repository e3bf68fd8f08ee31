#include "common/text/utf8.h"

#include <gtest/gtest.h>

#include <string_view>

namespace nascent::text {
namespace {

using std::string_view_literals::operator""sv;

TEST(Utf8, TextOfOneToFourBytesPerCharacterIsUtf8) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("plain\n\0text"sv));
  EXPECT_TRUE(IsUtf8("\u00F6 \u20AC \U0001F600 \U0010FFFF"));
}

TEST(Utf8, OverlongFormsSurrogatesAndWhatIsBeyondUnicodeAreNot) {
  EXPECT_FALSE(IsUtf8("\xC0\xAF"));
  EXPECT_FALSE(IsUtf8("\xE0\x9F\xBF"));
  EXPECT_FALSE(IsUtf8("\xF0\x8F\xBF\xBF"));
  EXPECT_FALSE(IsUtf8("\xED\xA0\x80"));
  EXPECT_FALSE(IsUtf8("\xF4\x90\x80\x80"));
  EXPECT_FALSE(IsUtf8("\xF5\x80\x80\x80"));
}

TEST(Utf8, PiecesOfCharactersAreNot) {
  EXPECT_FALSE(IsUtf8("\xFF"));
  EXPECT_FALSE(IsUtf8("\x80"));
  EXPECT_FALSE(IsUtf8("cut \xE2\x82"));
  EXPECT_FALSE(IsUtf8("\xE2\x82z"));
}

TEST(Utf8, TheSoundPartEndsBeforeTheFirstMalformedSequence) {
  EXPECT_EQ(SoundUtf8("\u00F6 all"), "\u00F6 all");
  EXPECT_EQ(SoundUtf8("a\u00F6\xFFz"), "a\u00F6");
  EXPECT_EQ(SoundUtf8("cut \xE2\x82"), "cut ");
  EXPECT_EQ(SoundUtf8(""), "");
}

TEST(Utf8, ACutIsBetweenCharacters) {
  EXPECT_EQ(CutUtf8("ab\u00F6", 4), "ab\u00F6");
  EXPECT_EQ(CutUtf8("ab\u00F6", 3), "ab");
  EXPECT_EQ(CutUtf8("\U0001F600z", 3), "");
  EXPECT_EQ(CutUtf8("\U0001F600z", 4), "\U0001F600");
  EXPECT_EQ(CutUtf8("abc", 0), "");
}

TEST(Utf8, ACutOfWhatIsNotUtf8StaysWithinTheLimit) {
  EXPECT_EQ(CutUtf8("\x80\x80\x80", 2), "");
  EXPECT_EQ(CutUtf8("a\xFF\xFF", 2), "a\xFF");
}

TEST(Utf8, ARepairedTextHasOneSignPerMalformedSequence) {
  EXPECT_EQ(RepairUtf8("a\xFFz \u00F6"), "a\uFFFDz \u00F6");
  EXPECT_EQ(RepairUtf8("\xED\xA0\x80."), "\uFFFD.");
  EXPECT_EQ(RepairUtf8("cut \xE2\x82", U'?'), "cut ?");
  EXPECT_EQ(RepairUtf8("\xC0\xAF\0x"sv, U'?'), "?\0x"sv);
  EXPECT_TRUE(IsUtf8(RepairUtf8("\xF4\x90\x80\x80\xE0\x9F\xBF\xFE")));
}

}  // namespace
}  // namespace nascent::text
