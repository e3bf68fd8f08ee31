// What the tables and pages of the command line look like; the pictures are in testdata/.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/listings.h"
#include "client/cli/plot.h"
#include "client/cli/search_file_text.h"
#include "client/cli/search_trials.h"
#include "client/cli/testing/golden.h"
#include "client/cli/testing/searches.h"
#include "client/cli/trial_report.h"
#include "client/cli/watch_view.h"

namespace nascent::cli {
namespace {

const Style kColourless(false);
constexpr int64_t kNow = 1'700'000'000;

std::vector<const v1::Trial*> Pointers(const std::vector<v1::Trial>& trials) {
  std::vector<const v1::Trial*> pointers;
  for (const v1::Trial& trial : trials) pointers.push_back(&trial);
  return pointers;
}

std::vector<std::string> LinesOf(const Listing& listing, int width) {
  std::vector<std::string> lines = listing.table.Lines(width, kColourless);
  if (!listing.remark.empty()) {
    for (std::string& line : Wrap(listing.remark, width)) lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<v1::Trial> PresetTrials() {
  std::vector<v1::Trial> trials = {MakeTrial(1, v1::TRIAL_STATE_SUCCEEDED, 0.8012, 41234),
                                   MakeTrial(2, v1::TRIAL_STATE_SHARED, 0.9, 1073466),
                                   MakeTrial(3, v1::TRIAL_STATE_FAILED, 0, 41234),
                                   MakeTrial(4, v1::TRIAL_STATE_LEASED, 0, 7890)};
  trials[0].set_notation(
      "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|avg_pool_3x3~1|none~2|");
  trials[1].set_notation(
      "|nor_conv_1x1~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|");
  trials[2].set_failure(v1::FAILURE_KIND_OUT_OF_MEMORY);
  trials[3].clear_attempt();
  trials[3].clear_worker();
  return trials;
}

v1::Search RunningOwnSearch() {
  v1::Search search = MakeOwnSearch();
  const std::vector<v1::Trial> trials = MakeOwnTrials();
  for (size_t i = trials.size(); i-- > 1;) *search.add_leaders() = trials[i];
  search.mutable_progress()->set_finished(2417);
  search.mutable_progress()->set_succeeded(2210);
  search.mutable_progress()->set_failed(207);
  search.mutable_progress()->set_running(2);
  search.mutable_progress()->set_wall_seconds(99'999);
  search.mutable_progress()->set_remaining_seconds(12'345);
  search.mutable_created_at()->set_seconds(kNow - 99'999);
  return search;
}

v1::Search EndedSearch() {
  v1::Search search = MakeSearch();
  const std::vector<v1::Trial> trials = PresetTrials();
  *search.add_leaders() = trials[1];
  *search.add_leaders() = trials[0];
  search.set_state(v1::SEARCH_STATE_COMPLETED);
  search.mutable_progress()->set_finished(4);
  search.mutable_progress()->set_succeeded(3);
  search.mutable_progress()->set_failed(1);
  search.mutable_progress()->set_wall_seconds(92);
  search.mutable_created_at()->set_seconds(kNow - 200'000);
  search.mutable_finished_at()->set_seconds(kNow - 199'900);
  return search;
}

TEST(Screens, AListOfSearches) {
  v1::Search failed = MakeSearch();
  failed.set_id(2);
  failed.set_state(v1::SEARCH_STATE_FAILED);
  failed.mutable_spec()->mutable_budget()->clear_trials();
  failed.mutable_created_at()->set_seconds(kNow - 12);
  CompareWithGolden("list", [&](int width) {
    return SearchTable({RunningOwnSearch(), EndedSearch(), failed}, absl::FromUnixSeconds(kNow))
        .Lines(width, kColourless);
  });
}

TEST(Screens, TrialsOfAPreset) {
  const std::vector<v1::Trial> trials = PresetTrials();
  CompareWithGolden("trials-preset", [&](int width) {
    return LinesOf(TrialTable(MakeSearch(), Pointers(trials)), width);
  });
}

TEST(Screens, TrialsOfAnOwnSpace) {
  const std::vector<v1::Trial> trials = MakeOwnTrials();
  CompareWithGolden("trials-own", [&](int width) {
    return LinesOf(TrialTable(MakeOwnSearch(), Pointers(trials)), width);
  });
}

TEST(Screens, TheLineageOfATrial) {
  const std::vector<v1::Trial> trials = MakeOwnTrials();
  CompareWithGolden("lineage-own", [&](int width) {
    return LinesOf(LineageTable(MakeOwnSearch(), Ancestors(trials, 2417)), width);
  });
  std::vector<v1::Trial> cells = PresetTrials();
  cells[1].add_parents(1);
  cells[1].set_reason("mutation of node1.op0");
  CompareWithGolden("lineage-preset", [&](int width) {
    return LinesOf(LineageTable(MakeSearch(), Ancestors(cells, 2)), width);
  });
}

TEST(Screens, TheWinner) {
  CompareWithGolden("best-preset",
                    [&](int width) { return WinnerLines(EndedSearch(), width, kColourless); });
  CompareWithGolden("best-own",
                    [&](int width) { return WinnerLines(RunningOwnSearch(), width, kColourless); });
}

TEST(Screens, OneTrial) {
  const std::vector<v1::Trial> trials = MakeOwnTrials();
  v1::TrialMeasurements measured;
  measured.set_trial_number(2417);
  for (int epoch = 1; epoch <= 12; ++epoch) {
    v1::Measurement& one = *measured.add_measurements();
    one.set_metric("validation_accuracy");
    one.set_epoch(epoch);
    one.set_value(0.8687 - 0.6 / epoch / epoch + 0.6 / 144);
  }
  CompareWithGolden("trial-own", [&](int width) {
    const v1::Search search = RunningOwnSearch();
    std::vector<std::string> lines =
        ReportLines({search, trials[3], Ancestors(trials, 2417), {measured}}, width, kColourless);
    // The genotype that can be given back is one word, however long.
    EXPECT_EQ(lines.back().substr(0, 18), "{\"attention.heads\"");
    lines.back() = Shorten(lines.back(), width > 0 ? width : 1000);
    return lines;
  });
}

TEST(Screens, ASearchThatIsWatched) {
  const auto frame = [](const v1::Search& search, const std::vector<v1::Trial>& trials, int width) {
    WatchView view;
    v1::WatchSearchResponse update;
    *update.mutable_search() = search;
    for (const v1::Trial& trial : trials) *update.add_trials() = trial;
    (*update.mutable_progress())[1001] = 0.42;
    const auto log = view.Update(update, kColourless);
    return width > 0 ? view.Frame(width, 24, kColourless) : log;
  };
  std::vector<v1::Trial> trials = MakeOwnTrials();
  trials[0].set_state(v1::TRIAL_STATE_LEASED);
  (*trials[0].mutable_metrics())["training_loss"] = 0.4321;
  trials[1].set_state(v1::TRIAL_STATE_LEASED);
  CompareWithGolden("watch-own",
                    [&](int width) { return frame(RunningOwnSearch(), trials, width); });
  v1::Search search = EndedSearch();
  search.set_state(v1::SEARCH_STATE_RUNNING);
  CompareWithGolden("watch-preset",
                    [&](int width) { return frame(search, PresetTrials(), width); });
}

TEST(Screens, WorkersAndData) {
  std::vector<v1::Worker> workers(2);
  workers[0].set_id(1);
  workers[0].set_name("gpu-server-in-the-basement-3");
  workers[0].add_slots()->set_kind("cuda");
  workers[0].mutable_slots(0)->set_model("NVIDIA H100 80GB HBM3");
  workers[0].mutable_slots(0)->set_memory_bytes(int64_t{80} << 30);
  workers[0].set_busy_slots(1);
  (*workers[0].mutable_labels())["zone"] = "basement";
  (*workers[0].mutable_labels())["owner"] = "vision";
  workers[0].mutable_last_seen_at()->set_seconds(kNow - 2);
  workers[1].set_id(2);
  workers[1].set_name("laptop");
  workers[1].add_slots()->set_kind("cpu");
  workers[1].set_gone(true);
  workers[1].mutable_last_seen_at()->set_seconds(kNow - 5000);
  CompareWithGolden("workers", [&](int width) {
    return WorkerTable(workers, absl::FromUnixSeconds(kNow)).Lines(width, kColourless);
  });
  std::vector<v1::Dataset> datasets(2);
  datasets[0].set_name("fashion-mnist");
  datasets[1].set_name("satellite-images-of-harbours");
  for (v1::Dataset& dataset : datasets) {
    dataset.set_kind(v1::DATA_KIND_IMAGE_CLASSIFICATION);
    for (const int size : {3, 224, 224}) dataset.mutable_shape()->add_dimensions(size);
    dataset.set_classes(10);
    v1::DataSplit& split = *dataset.add_splits();
    split.set_name("train");
    split.set_count(60000);
    dataset.set_fingerprint("0123456789abcdef0123456789abcdef");
  }
  CompareWithGolden("data",
                    [&](int width) { return DatasetTable(datasets).Lines(width, kColourless); });
}

TEST(Screens, ASearchFile) {
  CompareWithGolden("search-file", [](int width) {
    v1::SearchSpec spec = MakeOwnSearch().spec();
    spec.mutable_space()->set_template_(
        "space: short\nnetwork:\n  - relu\n\n  - linear: {features: 3}\n");
    spec.mutable_recipe()->set_epochs(1);
    spec.mutable_recipe()->mutable_optimizer()->mutable_sgd()->set_learning_rate(0.1);
    std::vector<std::string> lines = SearchFileLines(spec, width > 0 ? width : 100);
    // A value that has no parts is never broken: it would be another one.
    for (std::string& line : lines) line = Shorten(line, width > 0 ? width : 1000);
    return lines;
  });
}

TEST(Screens, PlotsOnATerminal) {
  std::vector<v1::Trial> trials;
  for (int i = 1; i <= 30; ++i) {
    trials.push_back(MakeOwnTrial(i, {i % 3, i % 2, i % 3, i % 2}, 1 + i % 12, 1e-4 * i,
                                  0.5 + 0.3 * (i * 7 % 30) / 30, 20'000.0 * (1 + i * 11 % 30)));
  }
  v1::Search search = MakeOwnSearch();
  *search.add_leaders() = trials[29];
  const auto draw = [&](const PlotChoice& choice) {
    return [&search, &trials, choice](int width) {
      const auto data = MakePlotData({{search, trials}}, choice);
      EXPECT_TRUE(data.ok()) << data.status();
      return DrawOnTerminal(*data, width > 0 ? width : 90, 18, false);
    };
  };
  CompareWithGolden("plot", draw({}));
  CompareWithGolden("plot-decision", draw({.x = "activation_after_the_stem", .y = ""}));
}

}  // namespace
}  // namespace nascent::cli
