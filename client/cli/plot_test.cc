#include "client/cli/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "client/cli/pareto.h"
#include "client/cli/style.h"
#include "client/cli/testing_searches.h"

namespace nascent::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<int64_t> Numbers(const std::vector<PlotPoint>& points) {
  std::vector<int64_t> numbers;
  for (const PlotPoint& point : points) numbers.push_back(point.number);
  return numbers;
}

std::vector<v1::Trial> Trials() {
  return {MakeTrial(1, v1::TRIAL_STATE_SUCCEEDED, 0.80, 1000),
          MakeTrial(2, v1::TRIAL_STATE_SUCCEEDED, 0.70, 2000),
          MakeTrial(3, v1::TRIAL_STATE_SHARED, 0.90, 50000),
          MakeTrial(4, v1::TRIAL_STATE_FAILED, 0.99, 10),
          MakeTrial(5, v1::TRIAL_STATE_LEASED, 0, 10)};
}

TEST(PlotData, HasTheTrialsWithAResultAndTheirFront) {
  v1::Search search = MakeSearch();
  const std::vector<v1::Trial> trials = Trials();
  *search.add_leaders() = trials[2];
  const auto data = MakePlotData(search, trials, {});
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_THAT(Numbers(data->points), ElementsAre(1, 2, 3));
  EXPECT_THAT(Numbers(data->front), ElementsAre(1, 3));
  EXPECT_THAT(Numbers(data->winner), ElementsAre(3));
  EXPECT_EQ(data->y_metric, "validation_accuracy");
  EXPECT_TRUE(data->x_log);
}

TEST(PlotData, SaysWhatIsMissing) {
  const v1::Search search = MakeSearch();
  EXPECT_TRUE(absl::IsNotFound(MakePlotData(search, {}, {}).status()));
  const auto unknown = MakePlotData(search, Trials(), {.x = "latency", .y = ""});
  EXPECT_TRUE(absl::IsInvalidArgument(unknown.status()));
  EXPECT_THAT(std::string(unknown.status().message()),
              HasSubstr("there are number, parameters, validation_accuracy"));
}

TEST(TerminalPlot, KeepsToItsSizeAndShowsTheEnds) {
  v1::Search search = MakeSearch();
  *search.add_leaders() = Trials()[2];
  const auto data = MakePlotData(search, Trials(), {});
  ASSERT_TRUE(data.ok());
  const auto lines = DrawOnTerminal(*data, 60, 12, false);
  EXPECT_EQ(lines.size(), 12u);
  std::string all;
  for (const std::string& line : lines) {
    EXPECT_LE(DisplayWidth(line), 60) << line;
    all += line + "\n";
  }
  for (const char* part : {"90.00 %", "70.00 %", "1000", "50.0k", "★", "parameters (log scale)"}) {
    EXPECT_THAT(all, HasSubstr(part));
  }
}

TEST(TerminalPlot, DrawsOnePoint) {
  const auto data =
      MakePlotData(MakeSearch(), {MakeTrial(1, v1::TRIAL_STATE_SUCCEEDED, 0.8, 10)}, {});
  ASSERT_TRUE(data.ok());
  EXPECT_EQ(DrawOnTerminal(*data, 40, 10, true).size(), 10u);
}

TEST(Gnuplot, GetsItsTextsQuoted) {
  v1::Search search = MakeSearch();
  search.mutable_spec()->set_name("a\"; system('x') #\\");
  const auto data = MakePlotData(search, Trials(), {});
  ASSERT_TRUE(data.ok());
  EXPECT_THAT(GnuplotScript(*data, "p.png"),
              HasSubstr("set title \"a\\\"; system('x') #\\\\ (search 3), 3 trials\""));
}

TEST(Gnuplot, DrawsPngAndSvg) {
  v1::Search search = MakeSearch();
  *search.add_leaders() = Trials()[2];
  const auto data = MakePlotData(search, Trials(), {});
  ASSERT_TRUE(data.ok());
  for (const std::string ending : {"png", "svg"}) {
    const std::string path = testing::TempDir() + "plot-test." + ending;
    const absl::Status status = DrawWithGnuplot(*data, path);
    ASSERT_TRUE(status.ok()) << status;
    std::ifstream file(path, std::ios::binary);
    std::string start(5, '\0');
    file.read(start.data(), 5);
    EXPECT_EQ(start, ending == "png" ? std::string("\x89PNG\r", 5) : "<?xml");
    std::remove(path.c_str());
  }
}

TEST(ParetoFront, LeavesOutWhatIsBeatenInfeasibleOrWithoutResult) {
  v1::SearchSpec spec = MakeSearch().spec();
  v1::Objective& size = *spec.add_objectives();
  size.set_metric("parameters");
  size.set_goal(v1::GOAL_MINIMIZE);
  const std::vector<v1::Trial> trials = Trials();
  auto front = ParetoFront(trials, spec);
  ASSERT_EQ(front.size(), 2u);
  EXPECT_EQ(front[0]->number(), 3);
  EXPECT_EQ(front[1]->number(), 1);
  v1::Constraint& limit = *spec.add_constraints();
  limit.set_metric("parameters");
  limit.set_at_most(1500);
  front = ParetoFront(trials, spec);
  ASSERT_EQ(front.size(), 1u);
  EXPECT_EQ(front[0]->number(), 1);
}

TEST(ParetoFront, KeepsEqualTrials) {
  const std::vector<v1::Trial> trials = {MakeTrial(1, v1::TRIAL_STATE_SUCCEEDED, 0.8, 10),
                                         MakeTrial(2, v1::TRIAL_STATE_SUCCEEDED, 0.8, 10)};
  EXPECT_EQ(ParetoFront(trials, MakeSearch().spec()).size(), 2u);
}

}  // namespace
}  // namespace nascent::cli
