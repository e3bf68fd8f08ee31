#include "client/cli/table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client/cli/numbers.h"
#include "client/cli/style.h"

namespace nascent::cli {
namespace {

TEST(Style, CountsColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth("é–★"), 3);
  EXPECT_EQ(DisplayWidth(Style(true).Paint("ab", Ink::kGood)), 2);
  EXPECT_EQ(Style(false).Paint("ab", Ink::kGood), "ab");
}

TEST(Style, ShortensWithoutCuttingACharacter) {
  EXPECT_EQ(Shorten("abcdef", 4), "abc…");
  EXPECT_EQ(Shorten("ééé", 2), "é…");
  EXPECT_EQ(Shorten("abc", 3), "abc");
  EXPECT_EQ(Shorten("abc", 0), "");
}

TEST(Style, ClipsColouredLines) {
  const std::string line = "ab" + Style(true).Paint("cdé", Ink::kGood) + "fg";
  EXPECT_EQ(Clip(line, 10), line);
  EXPECT_EQ(Clip(line, 4), "ab\x1b[32mcd\x1b[0m");
  EXPECT_EQ(DisplayWidth(Clip(line, 5)), 5);
}

TEST(Style, DrawsBarsOfTheWidthAskedFor) {
  const Style plain(false);
  for (const double share : {-1.0, 0.0, 0.26, 0.5, 1.0, 7.0, 0.0 / 0.0}) {
    EXPECT_EQ(DisplayWidth(Bar(share, 10, plain)), 10) << share;
  }
  EXPECT_EQ(Bar(0.5, 4, plain), "━━──");
  EXPECT_EQ(Bar(0.375, 4, plain), "━╸──");
}

TEST(Table, AlignsNumbersToTheRight) {
  Table table({{.title = "trial", .right = true}, {.title = "name"}});
  table.Add({"1", "a"});
  table.Add({"100", "b"});
  EXPECT_EQ(table.Lines(0, Style(false)),
            (std::vector<std::string>{"trial  name", "    1  a", "  100  b"}));
}

TEST(Table, ShortensTheFlexibleColumnToTheTerminal) {
  Table table({{.title = "n"}, {.title = "architecture", .flexible = true}, {.title = "x"}});
  table.Add({"1", std::string(100, 'a'), "y"});
  for (const std::string& line : table.Lines(40, Style(false))) {
    EXPECT_LE(DisplayWidth(line), 40) << line;
  }
  EXPECT_EQ(table.Lines(0, Style(false))[1].find(std::string(100, 'a')), 3u);
}

TEST(Numbers, AreWrittenForPeople) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(9999), "9999");
  EXPECT_EQ(FormatCount(41234), "41.2k");
  EXPECT_EQ(FormatCount(999999), "1.00M");
  EXPECT_EQ(FormatCount(-1234567), "-1.23M");
  EXPECT_EQ(FormatCount(1e300), "1.00e+300");
  EXPECT_EQ(FormatBytes(512), "512 B");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes(int64_t{80} << 30), "80.0 GiB");
  EXPECT_EQ(FormatSeconds(6.14), "6.1s");
  EXPECT_EQ(FormatSeconds(59.99), "1m 00s");
  EXPECT_EQ(FormatSeconds(92.4), "1m 32s");
  EXPECT_EQ(FormatSeconds(3725), "1h 02m");
  EXPECT_EQ(FormatSeconds(200000), "2d 07h");
  EXPECT_EQ(FormatSeconds(-1), "–");
}

TEST(Numbers, DependOnTheMetric) {
  EXPECT_EQ(FormatMetric("validation_accuracy", 0.87123), "87.12 %");
  EXPECT_EQ(FormatMetric("published_parameters", 1073466), "1.07M");
  EXPECT_EQ(FormatMetric("training_seconds", 75), "1m 15s");
  EXPECT_EQ(FormatMetric("peak_memory_bytes", 1048576), "1.0 MiB");
  EXPECT_EQ(FormatMetric("validation_loss", 0.123456), "0.1235");
  EXPECT_EQ(FormatMetric("validation_loss", 1.0 / 0.0), "–");
}

}  // namespace
}  // namespace nascent::cli
