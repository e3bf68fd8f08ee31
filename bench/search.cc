// nascent-bench search: a list of NAS-Bench-201 cells through a whole service, and beside it
// through a PyTorch loop under Optuna, in interleaved blocks.

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/benchmarks.h"
#include "bench/cells.h"
#include "bench/search_sides.h"

namespace nascent::bench {
namespace {

struct Options {
  SideOptions sides;
  int trials = 24;
  uint64_t seed = 0;
  std::string cells;
  int block = 6;
  bool peer = false;
  std::string output = "table";
};

// All blocks of one side.
struct SideTotal {
  BlockReport sum;
  std::vector<double> block_seconds;

  void Add(const BlockReport& block) {
    sum.Add(block);
    block_seconds.push_back(block.seconds);
  }
};

// Seconds of slots per phase. What is none of the named phases of a trial is "rest", and what a
// slot does between trials "idle".
std::vector<std::pair<std::string, double>> SlotSeconds(const SideTotal& side, int slots) {
  std::vector<std::pair<std::string, double>> seconds;
  double named = 0;
  const size_t phases = kPhases.size() - 1;
  for (size_t i = 0; i < phases; ++i) {
    seconds.emplace_back(kPhases[i], side.sum.phases[i]);
    named += side.sum.phases[i];
  }
  const double total = side.sum.phases[phases];
  seconds.emplace_back("rest", total - named);
  seconds.emplace_back("idle", side.sum.seconds * slots - total);
  return seconds;
}

struct Ratio {
  double value = 0;
  std::optional<double> error;  // one standard error; of one block none is known
};

// How many times faster the first is than the second. The error is the jackknife's over blocks.
Ratio RatioOf(const std::vector<double>& first, const std::vector<double>& second) {
  const double own = std::accumulate(first.begin(), first.end(), 0.0);
  const double other = std::accumulate(second.begin(), second.end(), 0.0);
  Ratio ratio{other / own, std::nullopt};
  const auto blocks = static_cast<double>(first.size());
  if (first.size() < 2) return ratio;
  std::vector<double> without;
  for (size_t i = 0; i < first.size(); ++i) {
    without.push_back((other - second[i]) / (own - first[i]));
  }
  const double mean = std::accumulate(without.begin(), without.end(), 0.0) / blocks;
  double squares = 0;
  for (const double value : without) squares += (value - mean) * (value - mean);
  ratio.error = std::sqrt((blocks - 1) / blocks * squares);
  return ratio;
}

std::vector<std::vector<std::string>> Blocks(const std::vector<std::string>& cells, int size) {
  std::vector<std::vector<std::string>> blocks;
  for (size_t first = 0; first < cells.size(); first += static_cast<size_t>(size)) {
    const size_t last = std::min(cells.size(), first + static_cast<size_t>(size));
    blocks.emplace_back(cells.begin() + static_cast<std::ptrdiff_t>(first),
                        cells.begin() + static_cast<std::ptrdiff_t>(last));
  }
  return blocks;
}

std::string JsonOf(const std::vector<std::pair<std::string, double>>& seconds, size_t cells) {
  std::string json = "{";
  for (const auto& [phase, value] : seconds) {
    absl::StrAppendFormat(&json, "%s\"%s\": %.4f", json.size() > 1 ? ", " : "", phase,
                          value / static_cast<double>(cells));
  }
  return json + "}";
}

class Report {
 public:
  Report(const Options& options, size_t cells, const SideTotal& own, const SideTotal* peer)
      : cells_(cells), own_(own), peer_(peer), seconds_(SlotSeconds(own, options.sides.slots)) {
    if (peer == nullptr) return;
    peer_seconds_ = SlotSeconds(*peer, options.sides.slots);
    ratio_ = RatioOf(own.block_seconds, peer->block_seconds);
  }

  void PrintJson() const {
    std::map<std::string, double> share;
    double all = 0;
    for (const auto& [phase, value] : seconds_) all += share[phase] = value;
    const double training =
        share["data"] + share["forward"] + share["backward"] + share["optimizer"];
    std::cout << absl::StrFormat(
        "{\"cells\": %d, \"blocks\": %d, \"trials_per_minute\": %.2f, "
        "\"peer_trials_per_minute\": %s, \"ratio\": %s, \"ratio_error\": %s, "
        "\"training_share\": %.4f, \"validation_share\": %.4f, \"other_share\": %.4f, "
        "\"accuracy\": %.4f, \"peer_accuracy\": %s, \"seconds_per_trial\": %s, "
        "\"peer_seconds_per_trial\": %s}\n",
        cells_, own_.block_seconds.size(), PerMinute(own_),
        peer_ == nullptr ? "null" : absl::StrFormat("%.2f", PerMinute(*peer_)),
        peer_ == nullptr ? "null" : absl::StrFormat("%.3f", ratio_.value),
        ratio_.error.has_value() ? absl::StrFormat("%.3f", *ratio_.error) : "null", training / all,
        share["validation"] / all, 1 - (training + share["validation"]) / all, Accuracy(own_),
        peer_ == nullptr ? "null" : absl::StrFormat("%.4f", Accuracy(*peer_)),
        JsonOf(seconds_, cells_), peer_ == nullptr ? "null" : JsonOf(peer_seconds_, cells_));
  }

  void PrintTable() const {
    std::cout << absl::StrFormat("%d cells in %d blocks%s\n", cells_, own_.block_seconds.size(),
                                 peer_ == nullptr ? "" : ", by turns with PyTorch under Optuna");
    PrintRow("trials per minute", PerMinute(own_), peer_ == nullptr ? 0 : PerMinute(*peer_), 1);
    PrintRow("mean validation accuracy", Accuracy(own_), peer_ == nullptr ? 0 : Accuracy(*peer_),
             3);
    if (peer_ != nullptr) {
      std::cout << absl::StrFormat(
          "%-34s %8.2f%s\n", "times the peer", ratio_.value,
          ratio_.error.has_value() ? absl::StrFormat(" ± %.2f", *ratio_.error) : "");
    }
    std::cout << "seconds of a slot per trial\n";
    for (size_t i = 0; i < seconds_.size(); ++i) {
      PrintRow("  " + seconds_[i].first, seconds_[i].second / static_cast<double>(cells_),
               peer_ == nullptr ? 0 : peer_seconds_[i].second / static_cast<double>(cells_), 3);
    }
  }

 private:
  double PerMinute(const SideTotal& side) const {
    return 60 * static_cast<double>(cells_) / side.sum.seconds;
  }
  double Accuracy(const SideTotal& side) const {
    return side.sum.accuracy / static_cast<double>(cells_);
  }

  void PrintRow(const std::string& name, double own, double peer, int digits) const {
    const auto number = [&](double value) { return absl::StrFormat("%8.*f", digits, value); };
    std::cout << absl::StrFormat("%-34s %s%s\n", name, number(own),
                                 peer_ == nullptr ? "" : "   peer " + number(peer));
  }

  const size_t cells_;
  const SideTotal& own_;
  const SideTotal* const peer_;  // null: there is none
  const std::vector<std::pair<std::string, double>> seconds_;
  std::vector<std::pair<std::string, double>> peer_seconds_;
  Ratio ratio_;
};

void Run(const Options& options) {
  const std::vector<std::string> cells =
      options.cells.empty() ? RandomCells(options.trials, options.seed) : ReadCells(options.cells);
  if (cells.empty()) throw std::runtime_error("--cells: there is none");
  // The peer first: a Python that lacks something is seen before a service is started.
  const std::unique_ptr<SearchSide> peer = options.peer ? StartPeer(options.sides) : nullptr;
  // Loads programs and data, which is no part of what is measured.
  const std::vector<std::string> first(static_cast<size_t>(options.sides.slots), cells[0]);
  if (peer != nullptr) peer->Run(first);
  const std::unique_ptr<SearchSide> service = StartService(options.sides);
  service->Run(first);
  SideTotal own_total;
  SideTotal peer_total;
  bool service_first = true;
  for (const std::vector<std::string>& block : Blocks(cells, options.block)) {
    if (service_first) own_total.Add(service->Run(block));
    if (peer != nullptr) peer_total.Add(peer->Run(block));
    if (!service_first) own_total.Add(service->Run(block));
    service_first = !service_first;
  }
  const Report report(options, cells.size(), own_total, peer == nullptr ? nullptr : &peer_total);
  options.output == "json" ? report.PrintJson() : report.PrintTable();
}

}  // namespace

void BlockReport::Add(const BlockReport& other) {
  seconds += other.seconds;
  accuracy += other.accuracy;
  for (size_t i = 0; i < phases.size(); ++i) phases[i] += other.phases[i];
}

void AddSearch(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* search = app.add_subcommand(
      "search",
      "Trials per minute of a list of NAS-Bench-201 cells (channels 8, cells 1) on Fashion-MNIST, "
      "through a service of its own.");
  search->add_option("--trials", options->trials, "Random cells to train.")
      ->check(CLI::Range(1, 15625));
  search->add_option("--seed", options->seed, "Of those cells.");
  search->add_option("--cells", options->cells, "A file of cells instead, one a line.");
  search
      ->add_option("--block", options->block,
                   "Cells that a side trains before it is the other's turn.")
      ->check(CLI::Range(1, 1000));
  search->add_option("--slots", options->sides.slots, "Trials at a time, one thread each.")
      ->check(CLI::Range(1, 1024));
  search->add_option("--port", options->sides.port, "Where the coordinator listens.");
  search->add_flag("--peer", options->peer, "By turns with the PyTorch loop of bench/peers.");
  search->add_option("--python", options->sides.python, "A Python that has torch and optuna.");
  search->add_option("--peer-program", options->sides.peer_program, "That loop.");
  search->add_option("--data", options->sides.data, "Folder with Fashion-MNIST's IDX files.");
  search->add_option("--output", options->output, "table or json")
      ->check(CLI::IsMember({"table", "json"}));
  search->callback([options] { Run(*options); });
}

}  // namespace nascent::bench
