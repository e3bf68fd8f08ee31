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
#include "client/cli/testing/searches.h"

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
  const auto data = MakePlotData({{search, trials}}, {});
  ASSERT_TRUE(data.ok()) << data.status();
  ASSERT_EQ(data->series.size(), 1u);
  EXPECT_THAT(Numbers(data->series[0].points), ElementsAre(1, 2, 3));
  EXPECT_THAT(Numbers(data->series[0].front), ElementsAre(1, 3));
  EXPECT_THAT(Numbers(data->winner), ElementsAre(3));
  EXPECT_EQ(data->y.name, "validation_accuracy");
  EXPECT_EQ(data->title, "cells (search 3): 3 trials");
  EXPECT_TRUE(data->x.log);
  // All is inside, nothing far outside.
  EXPECT_LT(data->x.low, 1000);
  EXPECT_GT(data->x.low, 500);
  EXPECT_GT(data->x.high, 50000);
  EXPECT_LT(data->x.high, 100000);
}

TEST(PlotData, SaysWhatIsMissing) {
  const v1::Search search = MakeSearch();
  EXPECT_TRUE(absl::IsNotFound(MakePlotData({{search, {}}}, {}).status()));
  const auto unknown = MakePlotData({{search, Trials()}}, {.x = "latency", .y = ""});
  EXPECT_TRUE(absl::IsInvalidArgument(unknown.status()));
  EXPECT_THAT(std::string(unknown.status().message()),
              HasSubstr("there are number, parameters, validation_accuracy"));
}

TEST(PlotData, TrialNumbersBeginAtZeroAndShowTheBestSoFar) {
  const auto data = MakePlotData({{MakeSearch(), Trials()}}, {.x = "number", .y = ""});
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(data->x.low, 0);
  EXPECT_LT(data->x.high, 4);
  EXPECT_FALSE(data->x.log);
  EXPECT_THAT(Numbers(data->series[0].front), ElementsAre(1, 3));
}

TEST(PlotData, DecisionsCanBeAxes) {
  const v1::Search search = MakeOwnSearch();
  const std::vector<v1::Trial> trials = MakeOwnTrials();
  const auto rate = MakePlotData({{search, trials}}, {.x = "learning_rate", .y = "depth"});
  ASSERT_TRUE(rate.ok()) << rate.status();
  EXPECT_EQ(rate->x.name, "recipe.optimizer.adamw.learning_rate");
  EXPECT_TRUE(rate->x.log);
  EXPECT_EQ(rate->series[0].points[0].y, 3);
  // No value of a decision is better than another.
  EXPECT_TRUE(rate->series[0].front.empty());
  const auto stem = MakePlotData({{search, trials}}, {.x = "activation_after_the_stem", .y = ""});
  ASSERT_TRUE(stem.ok()) << stem.status();
  EXPECT_THAT(stem->x.options, ElementsAre("relu", "hardswish", "gelu"));
  EXPECT_EQ(stem->series[0].points[0].x, 2);
  EXPECT_THAT(PlotScript(*stem, picture::Format::kPng),
              HasSubstr("set xtics  (\"relu\" 0, \"hardswish\" 1, \"gelu\" 2)"));
}

TEST(PlotData, ConstraintsAreDrawnAndWhatBreaksThemIsNoFront) {
  const v1::Search search = MakeOwnSearch();
  const auto data = MakePlotData({{search, MakeOwnTrials()}}, {});
  ASSERT_TRUE(data.ok()) << data.status();
  ASSERT_EQ(data->bounds.size(), 1u);
  EXPECT_EQ(data->bounds[0].title, "parameters at most 400k");
  EXPECT_THAT(Numbers(data->series[0].front), ElementsAre(1, 2, 2417));
  const std::string script = PlotScript(*data, picture::Format::kSvg);
  EXPECT_THAT(script, HasSubstr("title 'outside the constraints'"));
  EXPECT_THAT(script, HasSubstr("$front using 1:2 with steps"));
}

TEST(PlotData, SeveralSearchesAreComparedByTheirBest) {
  v1::Search other = MakeSearch();
  other.set_id(4);
  const auto data = MakePlotData({{MakeSearch(), Trials()}, {other, Trials()}}, {});
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(data->kind, PlotData::Kind::kProgress);
  EXPECT_EQ(data->x.name, "number");
  ASSERT_EQ(data->series.size(), 2u);
  EXPECT_EQ(data->series[1].title, "cells (search 4)");
  EXPECT_EQ(data->title, "2 searches, 6 trials");
  const auto fronts =
      MakePlotData({{MakeSearch(), Trials()}, {other, Trials()}}, {.x = "parameters", .y = ""});
  ASSERT_TRUE(fronts.ok()) << fronts.status();
  EXPECT_EQ(fronts->kind, PlotData::Kind::kTrials);
}

std::vector<v1::TrialMeasurements> Measured() {
  std::vector<v1::TrialMeasurements> trials(3);
  for (int t = 0; t < 3; ++t) {
    trials[static_cast<size_t>(t)].set_trial_number(t + 1);
    for (int epoch = 1; epoch <= 3; ++epoch) {
      v1::Measurement& one = *trials[static_cast<size_t>(t)].add_measurements();
      one.set_metric(t == 2 ? "training_loss" : "validation_accuracy");
      one.set_epoch(epoch);
      one.set_value(0.1 * epoch + 0.1 * t);
    }
  }
  return trials;
}

TEST(PlotData, CurvesShowHowTrialsLearned) {
  v1::Search search = MakeSearch();
  *search.add_leaders() = Trials()[1];
  const auto data = MakeCurves(search, Measured(), "");
  ASSERT_TRUE(data.ok()) << data.status();
  ASSERT_EQ(data->series.size(), 2u);
  EXPECT_EQ(data->series[1].points.size(), 3u);
  EXPECT_EQ(data->x.low, 0);
  EXPECT_THAT(PlotScript(*data, picture::Format::kPdf), HasSubstr("title 'winner, #2'"));
  const auto unknown = MakeCurves(search, Measured(), "beauty");
  EXPECT_TRUE(absl::IsNotFound(unknown.status()));
  EXPECT_THAT(std::string(unknown.status().message()), HasSubstr("training_loss"));
}

TEST(TerminalPlot, KeepsToItsSizeAndShowsTheEnds) {
  v1::Search search = MakeSearch();
  *search.add_leaders() = Trials()[2];
  const auto data = MakePlotData({{search, Trials()}}, {});
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
      MakePlotData({{MakeSearch(), {MakeTrial(1, v1::TRIAL_STATE_SUCCEEDED, 0.8, 10)}}}, {});
  ASSERT_TRUE(data.ok());
  EXPECT_EQ(DrawOnTerminal(*data, 40, 10, true).size(), 10u);
}

TEST(Gnuplot, GetsItsTextsQuoted) {
  v1::Search search = MakeSearch();
  search.mutable_spec()->set_name("a\"; system('x') #\\");
  const auto data = MakePlotData({{search, Trials()}}, {});
  ASSERT_TRUE(data.ok());
  EXPECT_THAT(PlotScript(*data, picture::Format::kPng),
              HasSubstr("set title \"a\\\"; system('x') #\\\\ (search 3): 3 trials\""));
}

// Every kind of plot is one that gnuplot takes.
TEST(Gnuplot, DrawsEveryKind) {
  v1::Search search = MakeSearch();
  *search.add_leaders() = Trials()[2];
  const v1::Search own = MakeOwnSearch();
  const std::vector<absl::StatusOr<PlotData>> kinds = {
      MakePlotData({{search, Trials()}}, {}),
      MakePlotData({{search, {MakeTrial(1, v1::TRIAL_STATE_SUCCEEDED, 0.8, 10)}}}, {}),
      MakePlotData({{search, Trials()}, {search, Trials()}}, {}),
      MakePlotData({{search, Trials()}, {search, Trials()}}, {.x = "parameters", .y = ""}),
      MakePlotData({{own, MakeOwnTrials()}}, {.x = "attention.heads", .y = "depth"}),
      MakePlotData({{own, MakeOwnTrials()}}, {}),
      MakeCurves(search, Measured(), ""),
  };
  for (const auto& data : kinds) {
    ASSERT_TRUE(data.ok()) << data.status();
    const std::string path = testing::TempDir() + "plot-test.png";
    const absl::Status status =
        picture::DrawWithGnuplot(PlotScript(*data, picture::Format::kPng), path);
    EXPECT_TRUE(status.ok()) << status << PlotScript(*data, picture::Format::kPng);
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
