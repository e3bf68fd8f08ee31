#include "server/simulate/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "absl/strings/str_split.h"

namespace nascent::simulate {
namespace {

using ::testing::HasSubstr;

// Query i ends at i seconds and reports i.
Trajectory Rising(int queries, double pace = 1) {
  Trajectory run;
  for (int i = 1; i <= queries; ++i)
    run.queries.push_back({i * pace, static_cast<double>(i), i / 200.0});
  return run;
}

ReportOptions Options(int64_t queries) {
  ReportOptions options;
  options.metric = "accuracy";
  options.best = 100;
  options.queries = queries;
  options.within = {50, 1};
  return options;
}

TEST(ReportTest, SummariesAreOverSeeds) {
  const Summary summary = Summarize({1, 2, 3, 4});
  EXPECT_DOUBLE_EQ(summary.mean, 2.5);
  EXPECT_DOUBLE_EQ(summary.deviation, std::sqrt(5.0 / 3));
  EXPECT_DOUBLE_EQ(summary.standard_error, std::sqrt(5.0 / 3) / 2);
  EXPECT_DOUBLE_EQ(summary.q25, 1.75);
  EXPECT_DOUBLE_EQ(summary.q50, 2.5);
  EXPECT_DOUBLE_EQ(summary.q75, 3.25);
}

TEST(ReportTest, RowsStandAtTheFixedNumbersOfQueries) {
  const Report report = MakeReport(Options(60), {"a"}, {{Rising(60), Rising(30)}});
  ASSERT_EQ(report.strategies[0].queries.size(), 3u);
  EXPECT_EQ(report.strategies[0].queries[2].queries, 50);
  // The second run ended at 30 and keeps what it had.
  EXPECT_DOUBLE_EQ(report.strategies[0].queries[2].summary.mean, 40);
}

TEST(ReportTest, TimesAreEqualForAllStrategies) {
  const Report report = MakeReport(Options(100), {"a", "b"}, {{Rising(100)}, {Rising(100, 0.5)}});
  const auto& slow = report.strategies[0].times;
  const auto& fast = report.strategies[1].times;
  ASSERT_EQ(slow.size(), fast.size());
  EXPECT_DOUBLE_EQ(slow.back().seconds, 50);
  EXPECT_DOUBLE_EQ(slow.back().summary.mean, 50);
  EXPECT_DOUBLE_EQ(fast.back().summary.mean, 100);
}

TEST(ReportTest, AMedianThatHalfTheSeedsDoNotReachIsUndefined) {
  const Report report =
      MakeReport(Options(100), {"a"}, {{Rising(100), Rising(60), Rising(40), Rising(30)}});
  const auto& within = report.strategies[0].within;
  EXPECT_DOUBLE_EQ(within[0].reached, 0.5);
  EXPECT_TRUE(std::isnan(within[0].median_queries));
  EXPECT_DOUBLE_EQ(within[1].reached, 0.25);
  const std::string json = ToJson(report).Print();
  EXPECT_THAT(json, HasSubstr(R"("x": 50, "reached": 0.5, "median_queries": null)"));
}

TEST(ReportTest, JsonHasTheDocumentedNames) {
  const std::string json = ToJson(MakeReport(Options(10), {"a"}, {{Rising(10)}})).Print();
  EXPECT_THAT(json, HasSubstr(R"({"best": 100)"));
  EXPECT_THAT(
      json, HasSubstr(R"("strategies": [{"name": "a", "queries": [{"n": 10, "mean": 10, "std": 0, )"
                      R"("standard_error": 0, "q25": 10, "q50": 10, "q75": 10}])"));
}

TEST(ReportTest, ALossIsReportedTheOtherWayRound) {
  ReportOptions options = Options(3);
  options.maximize = false;
  options.best = 0;
  options.within = {1};
  Trajectory run;
  run.queries = {{1, 5}, {2, 1}, {3, 0.5}};
  const Report report = MakeReport(options, {"a"}, {{run}});
  EXPECT_DOUBLE_EQ(report.strategies[0].within[0].median_queries, 2);
}

ReportOptions TwoObjectives(int64_t queries) {
  ReportOptions options = Options(queries);
  options.objectives = {{"accuracy", true, 80.0}, {"latency", false, 40.0}};
  options.hypervolume = 433.78;
  return options;
}

TEST(ReportTest, SeveralObjectivesAreReportedByTheirHypervolume) {
  const Report report = MakeReport(TwoObjectives(100), {"a"}, {{Rising(100), Rising(50)}});
  const std::string json = ToJson(report).Print();
  EXPECT_THAT(json, HasSubstr("\"hypervolume\": [{\"n\": 10, \"mean\": 0.05"));
  EXPECT_THAT(json, HasSubstr("{\"n\": 100, \"mean\": 0.375"));
  EXPECT_THAT(json, HasSubstr("\"reference\": 40"));
  const std::string table = ToTable(report, 80);
  EXPECT_THAT(table, HasSubstr("the table's 433.78"));
  EXPECT_THAT(table, HasSubstr("0.3750"));
}

TEST(ReportTest, OneObjectiveHasNoHypervolume) {
  const Report report = MakeReport(Options(100), {"a"}, {{Rising(100)}});
  EXPECT_EQ(ToJson(report).Print().find("hypervolume"), std::string::npos);
  EXPECT_EQ(ToTable(report, 80).find("hypervolume"), std::string::npos);
}

TEST(ReportTest, NoLineIsWiderThanTheTerminal) {
  const std::string name = "regularized_evolution(population=50)";
  const Report report =
      MakeReport(TwoObjectives(1000), {name, "random"}, {{Rising(1000)}, {Rising(1000)}});
  for (const int width : {40, 80, 120}) {
    for (const absl::string_view line : absl::StrSplit(ToTable(report, width), '\n')) {
      EXPECT_LE(line.size(), static_cast<size_t>(width)) << line;
    }
  }
  EXPECT_THAT(ToTable(report, 80), HasSubstr("\n" + name + "\n"));
}

TEST(ReportTest, PicturesAreDrawnInTheFormatOfTheFilesName) {
  const Report one = MakeReport(Options(100), {"a_b", "it's"}, {{Rising(100)}, {Rising(100)}});
  const Report two = MakeReport(TwoObjectives(100), {"a"}, {{Rising(100)}});
  const std::string path = ::testing::TempDir() + "/simulation.svg";
  for (const Report& report : {one, two}) {
    ASSERT_TRUE(DrawPicture(report, path).ok()) << DrawPicture(report, path);
    std::ifstream file(path);
    const std::string svg{std::istreambuf_iterator<char>(file), {}};
    EXPECT_THAT(svg, HasSubstr("runs"));
    EXPECT_THAT(svg, HasSubstr("seconds"));
  }
  EXPECT_TRUE(absl::IsInvalidArgument(DrawPicture(one, ::testing::TempDir() + "/simulation.gif")));
}

TEST(ReportTest, APictureThatCannotBeWrittenAsAWholeIsAnError) {
  const Report report = MakeReport(TwoObjectives(100), {"a"}, {{Rising(100)}});
  const std::string full = ::testing::TempDir() + "/full.png";
  std::filesystem::remove(full);
  std::filesystem::create_symlink("/dev/full", full);
  EXPECT_FALSE(DrawPicture(report, full).ok());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

}  // namespace
}  // namespace nascent::simulate
