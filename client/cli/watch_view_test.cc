#include "client/cli/watch_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client/cli/rung_lines.h"
#include "client/cli/testing/searches.h"

namespace nascent::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Style kPlain(false);

v1::WatchSearchResponse Update(const v1::Search& search, const std::vector<v1::Trial>& trials) {
  v1::WatchSearchResponse update;
  *update.mutable_search() = search;
  for (const v1::Trial& trial : trials) *update.add_trials() = trial;
  return update;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

TEST(WatchView, TellsWhatStartedFinishedAndLeads) {
  WatchView view;
  v1::Search search = MakeSearch();
  const v1::Trial running = MakeTrial(1, v1::TRIAL_STATE_LEASED, 0, 41234);
  EXPECT_THAT(view.Update(Update(search, {running}), kPlain),
              ElementsAre("cells  search 3: random on nas-bench-201 (15625 genotypes)",
                          HasSubstr("#1 started on worker-1: |nor_conv")));
  // The same again is no news.
  EXPECT_THAT(view.Update(Update(search, {running}), kPlain), IsEmpty());

  const v1::Trial done = MakeTrial(1, v1::TRIAL_STATE_SUCCEEDED, 0.8712, 41234);
  *search.add_leaders() = done;
  search.mutable_progress()->set_finished(1);
  EXPECT_THAT(view.Update(Update(search, {done}), kPlain),
              ElementsAre("#1 SUCCEEDED · validation accuracy 87.12 % · parameters 41.2k",
                          "★ #1 leads: validation accuracy 87.12 % parameters 41.2k"));

  v1::Trial failed = MakeTrial(2, v1::TRIAL_STATE_FAILED, 0, 5);
  failed.set_failure(v1::FAILURE_KIND_POISON);
  failed.set_error("the process died\nwith details");
  EXPECT_THAT(view.Update(Update(search, {failed}), kPlain),
              ElementsAre("#2 FAILED(poison): the process died"));

  search.set_state(v1::SEARCH_STATE_COMPLETED);
  search.set_state_reason("budget: 4 trials");
  EXPECT_THAT(view.Update(Update(search, {}), kPlain),
              ElementsAre(HasSubstr("search 3 is COMPLETED: budget: 4 trials")));
}

TEST(WatchView, DrawsRunningTrialsLeadersAndTheTimeLeft) {
  WatchView view;
  v1::Search search = MakeSearch();
  *search.add_leaders() = MakeTrial(1, v1::TRIAL_STATE_SUCCEEDED, 0.8712, 41234);
  search.mutable_progress()->set_finished(2);
  search.mutable_progress()->set_running(1);
  search.mutable_progress()->set_wall_seconds(92);
  search.mutable_progress()->set_remaining_seconds(130);
  v1::Trial running = MakeTrial(3, v1::TRIAL_STATE_LEASED, 0, 7);
  (*running.mutable_metrics())["training_loss"] = 0.83;
  v1::WatchSearchResponse update = Update(search, {search.leaders(0), running});
  (*update.mutable_progress())[running.id()] = 0.52;
  view.Update(update, kPlain);
  const std::string frame = Joined(view.Frame(100, 40, kPlain));
  EXPECT_THAT(frame, HasSubstr("cells  search 3  RUNNING  nas-bench-201 (15625)"));
  EXPECT_THAT(frame, HasSubstr("2 of 4 trials · 1m 32s · about 2m 10s left"));
  EXPECT_THAT(frame, HasSubstr("#3"));
  EXPECT_THAT(frame, HasSubstr("52 %  worker-1    training loss 0.83"));
  EXPECT_THAT(frame, HasSubstr("Leaderboard"));
  EXPECT_THAT(frame, HasSubstr("87.12 %"));
}

TEST(WatchView, FitsIntoEveryTerminal) {
  WatchView view;
  v1::Search search = MakeSearch();
  std::vector<v1::Trial> trials;
  for (int i = 1; i <= 60; ++i) {
    trials.push_back(
        MakeTrial(i, i <= 30 ? v1::TRIAL_STATE_LEASED : v1::TRIAL_STATE_SUCCEEDED, 0.5, i));
    trials.back().set_reason("mutation of node 1");
  }
  for (int i = 0; i < 10; ++i) *search.add_leaders() = trials[static_cast<size_t>(30 + i)];
  view.Update(Update(search, trials), kPlain);
  for (const bool colours : {false, true}) {
    for (const int height : {12, 20, 24, 50}) {
      for (const int width : {40, 80, 200}) {
        const auto frame = view.Frame(width, height, Style(colours));
        EXPECT_LE(static_cast<int>(frame.size()), height);
        for (const std::string& line : frame) EXPECT_LE(DisplayWidth(line), width) << line;
      }
    }
  }
}

TEST(WatchView, KnowsTheShareOfEveryKindOfBudget) {
  v1::Search search = MakeSearch();
  search.mutable_progress()->set_finished(1);
  EXPECT_DOUBLE_EQ(ProgressShare(search), 0.25);
  search.mutable_spec()->mutable_budget()->set_wall_seconds(10);
  search.mutable_progress()->set_wall_seconds(9);
  EXPECT_DOUBLE_EQ(ProgressShare(search), 0.9);
  search.mutable_progress()->set_wall_seconds(90);
  EXPECT_DOUBLE_EQ(ProgressShare(search), 1.0);
}

TEST(WinnerLines, NameEverythingThatIsKnown) {
  v1::Search search = MakeSearch();
  v1::Trial winner = MakeTrial(7, v1::TRIAL_STATE_SUCCEEDED, 0.88, 41234);
  (*winner.mutable_metrics())["test_accuracy"] = 0.8705;
  (*winner.mutable_metrics())["multiply_accumulates"] = 6.1e6;
  *search.add_leaders() = winner;
  const std::string lines = Joined(WinnerLines(search, 0, kPlain));
  for (const char* part :
       {"Winner of cells", "#7", "|nor_conv_3x3~0|", "88.00 %", "87.05 %", "41.2k", "6.10M"}) {
    EXPECT_THAT(lines, HasSubstr(part));
  }
  search.clear_leaders();
  EXPECT_THAT(Joined(WinnerLines(search, 0, kPlain)), HasSubstr("no result yet"));
}

TEST(WatchView, SaysHowFarARungCanBeTrusted) {
  v1::Search search = MakeSearch();
  v1::FidelityLadder& ladder = *search.mutable_spec()->mutable_fidelities();
  ladder.add_rungs()->mutable_zero_cost()->set_metric("nwot");
  ladder.add_rungs()->set_epochs(1);
  ladder.add_rungs();
  v1::RungTrust& score = *search.add_rung_trust();
  v1::RungTrust& epoch = *search.add_rung_trust();
  epoch.set_rung(1);
  EXPECT_THAT(TrustLines(search, 200, kPlain), IsEmpty());
  score.set_known(300);
  score.set_promoted(2);
  EXPECT_THAT(TrustLines(search, 200, kPlain),
              ElementsAre("how nwot tells 1 epoch: tau not known yet, 2 promoted"));
  score.set_promoted(30);
  score.set_calibrating(5);
  score.set_tau_top(0.11);
  score.set_tau_top_error(0.12);
  score.set_tau(0.4);
  score.set_tau_error(0.1);
  epoch.set_promoted(5);
  epoch.set_tau_top(0.8);
  epoch.set_tau_top_error(0.2);
  EXPECT_THAT(
      TrustLines(search, 200, kPlain),
      ElementsAre(
          "how nwot tells 1 epoch: tau 0.11 ± 0.12 among the 30 promoted, 0.40 ± 0.10 among "
          "all 300",
          "do not trust nwot to tell the best: among those it let up its order says nothing "
          "of the order by 1 epoch",
          "how 1 epoch tells the whole recipe: tau 0.80 ± 0.20 among the 5 promoted"));
}

}  // namespace
}  // namespace nascent::cli
