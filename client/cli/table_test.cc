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
  EXPECT_EQ(Clip(line, 4), "ab\x1b[32mc…\x1b[0m");
  EXPECT_EQ(DisplayWidth(Clip(line, 5)), 5);
}

// A number that lost its end would be another number.
TEST(Style, ClipsNumbersWholeOrNotAtAll) {
  EXPECT_EQ(Clip("parameters 59.6k more", 15), "parameters …");
  EXPECT_EQ(Clip("parameters 59.6k more", 17), "parameters 59.6k…");
  EXPECT_EQ(Clip("worker-1 rests", 5), "work…");
  EXPECT_EQ(Clip("12345", 4), "…");
}

TEST(Style, WrapsAtSpacesThenMarksThenAnywhere) {
  EXPECT_EQ(Wrap("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(Wrap("|conv~0|+|none~1|", 10), (std::vector<std::string>{"|conv~0|+|", "none~1|"}));
  EXPECT_EQ(Wrap("recipe.optimizer.rate", 12),
            (std::vector<std::string>{"recipe.", "optimizer.", "rate"}));
  EXPECT_EQ(Wrap("|skip_connect~0|conv_3x3~1|", 22),
            (std::vector<std::string>{"|skip_connect~0|", "conv_3x3~1|"}));
  EXPECT_EQ(Wrap("of_the_layer=1.25", 16), (std::vector<std::string>{"of_the_", "layer=1.25"}));
  EXPECT_EQ(Wrap("abcdef", 4), (std::vector<std::string>{"abcd", "ef"}));
  EXPECT_EQ(Wrap("ééé", 2), (std::vector<std::string>{"éé", "é"}));
  EXPECT_EQ(Wrap("", 4), (std::vector<std::string>{""}));
  EXPECT_EQ(Wrap("whole", 0), (std::vector<std::string>{"whole"}));
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
  Table table({{.title = "n"}, {.title = "name", .flexible = true}, {.title = "x"}});
  table.Add({"1", std::string(100, 'a'), "y"});
  for (const std::string& line : table.Lines(40, Style(false))) {
    EXPECT_LE(DisplayWidth(line), 40) << line;
  }
  EXPECT_EQ(table.Lines(0, Style(false))[1].find(std::string(100, 'a')), 3u);
}

TEST(Table, SparesColumnsBeforeItCutsNumbers) {
  Table table({{.title = "trial", .right = true},
               {.title = "validation accuracy", .right = true},
               {.title = "attempt", .right = true, .spare = 2},
               {.title = "parameters", .right = true, .spare = 1}});
  table.Add({"#1", "87.12 %", "1", "59.6k"});
  EXPECT_EQ(table.Lines(34, Style(false)),
            (std::vector<std::string>{"       validation", "trial    accuracy  parameters",
                                      "   #1     87.12 %       59.6k"}));
  EXPECT_EQ(
      table.Lines(20, Style(false)),
      (std::vector<std::string>{"       validation", "trial    accuracy", "   #1     87.12 %"}));
}

TEST(Table, PutsAGenotypeBelowWhereThereIsNoRoomBesideIt) {
  Table table({{.title = "trial", .right = true},
               {.title = "accuracy", .right = true},
               {.title = "architecture", .below = true}});
  table.Add({"#1", "87.12 %", std::string(50, 'a')});
  const auto narrow = table.Lines(30, Style(false));
  ASSERT_EQ(narrow.size(), 3u);
  EXPECT_EQ(narrow[2], "    " + std::string(25, 'a') + "…");
  EXPECT_EQ(table.Lines(60, Style(false)).size(), 2u);
  // A pipe's lines end, too.
  Table wide({{.title = "n"}, {.title = "architecture", .below = true}});
  wide.Add({"1", std::string(700, 'a')});
  EXPECT_EQ(DisplayWidth(wide.Lines(0, Style(false))[1]), 160);
}

TEST(Table, CutsAGenotypeBeforeANumber) {
  Table table({{.title = "trial"}, {.title = "architecture", .below = true}});
  table.Add({"#1", "activation=gelu depth=12 learning_rate=0.00217"});
  EXPECT_EQ(table.Lines(50, Style(false)).back(),
            "#1     activation=gelu depth=12 learning_rate=…");
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
  EXPECT_EQ(FormatSeconds(0), "0s");
  EXPECT_EQ(FormatSeconds(0.0042), "4.2ms");
  EXPECT_EQ(FormatSeconds(0.12), "120ms");
  EXPECT_EQ(FormatSeconds(6.14), "6.1s");
  EXPECT_EQ(FormatSeconds(59.99), "1m 00s");
  EXPECT_EQ(FormatSeconds(92.4), "1m 32s");
  EXPECT_EQ(FormatSeconds(3725), "1h 02m");
  EXPECT_EQ(FormatSeconds(200000), "2d 07h");
  EXPECT_EQ(FormatSeconds(-1), "–");
}

TEST(Numbers, CountNouns) {
  EXPECT_EQ(Plural(1, "decision"), "1 decision");
  EXPECT_EQ(Plural(0, "trial"), "0 trials");
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
