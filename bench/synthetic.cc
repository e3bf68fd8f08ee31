// nascent-bench synthetic: strategies on a made-up table that is unlike NAS-Bench-201: whole, real,
// ordered and unordered decisions, some of them conditional, a known optimum, and noise.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "bench/benchmarks.h"
#include "bench/or_throw.h"
#include "common/random.h"
#include "common/spec/json.h"
#include "server/simulate/compare.h"
#include "server/simulate/simulation.h"
#include "server/strategy/registry.h"

namespace nascent::bench {
namespace {

using simulate::Scenario;
using simulate::Summary;
using simulate::Trajectory;

constexpr char kTemplate[] = R"(space: mixed
network:
  - conv2d: {channels: {ordered: [8, 16, 32, 64], label: width}, kernel: 3, padding: 1}
  - {choice: [relu, silu, sigmoid], label: activation}
  - repeat: {conv2d: {channels: in.channels, kernel: 3, padding: 1}}
    times: {integer: [1, 6], label: depth}
  - choice:
      none: identity
      pool: {max_pool2d: {kernel: {choice: [3, 5, 7], label: kernel}, stride: 1}}
      drop: {dropout: {p: {uniform: [0, 0.5], label: rate}}}
    label: block
  - global_avg_pool
  - linear: {features: classes}
)";

constexpr char kLearningRate[] = "recipe.optimizer.sgd.learning_rate";
constexpr double kNoise = 0.02;  // standard deviation of what the search sees

// One row's decisions as positions in the lists below.
struct Row {
  int width, activation, depth, block, kernel, rate, learning_rate;
};

constexpr const char* kWidths[] = {"8", "16", "32", "64"};
constexpr const char* kActivations[] = {"relu", "silu", "sigmoid"};
constexpr const char* kBlocks[] = {"none", "pool", "drop"};
constexpr const char* kKernels[] = {"3", "5", "7"};
constexpr int kDepths = 6, kRates = 11, kLearningRates = 13;

double Rate(const Row& row) { return 0.05 * row.rate; }
double LogRate(const Row& row) { return -3 + 0.25 * row.learning_rate; }

// 1 at width 32, silu, depth 4, dropout 0.15 and learning rate 10^-1.25, below 1 elsewhere. Width
// and depth go together, the best learning rate shifts with the depth, and relu with pooling is a
// good place from which every single step leads down.
double Value(const Row& row) {
  const double width = row.width - 2, depth = row.depth - 3;
  double lost = 0.02 * width * width + 0.012 * width * depth + 0.012 * depth * depth;
  lost += 0.06 * std::pow(LogRate(row) + 1.25 + 0.1 * depth, 2);
  constexpr double kOfActivation[] = {0.04, 0, 0.15};
  lost += kOfActivation[row.activation];
  if (row.block == 0) lost += 0.08;
  if (row.block == 1) lost += 0.05 + 0.02 * std::abs(row.kernel - 1);
  if (row.block == 2) lost += 0.6 * std::pow(Rate(row) - 0.15, 2);
  if (row.activation == 0 && row.block == 1) lost -= 0.06;
  return 1 - lost;
}

std::string MakeTable() {
  std::string text =
      absl::StrCat("width,activation,depth,block,kernel,rate,", kLearningRate, ",seen,true\n");
  uint64_t number = 0;
  const auto add = [&](const Row& row) {
    RandomStream random(1, number++);
    const double value = Value(row);
    absl::StrAppendFormat(&text, "%s,%s,%d,%s,%s,%s,%.9g,%.6f,%.6f\n", kWidths[row.width],
                          kActivations[row.activation], row.depth + 1, kBlocks[row.block],
                          row.block == 1 ? kKernels[row.kernel] : "",
                          row.block == 2 ? absl::StrCat(Rate(row)) : "", std::pow(10, LogRate(row)),
                          value + kNoise * random.Normal(), value);
  };
  for (Row row{}; row.width < 4; ++row.width) {
    for (row.activation = 0; row.activation < 3; ++row.activation) {
      for (row.depth = 0; row.depth < kDepths; ++row.depth) {
        for (row.learning_rate = 0; row.learning_rate < kLearningRates; ++row.learning_rate) {
          row.block = 0;
          add(row);
          row.block = 1;
          for (row.kernel = 0; row.kernel < 3; ++row.kernel) add(row);
          row.block = 2;
          for (row.rate = 0; row.rate < kRates; ++row.rate) add(row);
        }
      }
    }
  }
  return text;
}

v1::SearchSpec MakeSearch() {
  v1::SearchSpec spec;
  spec.set_name("synthetic");
  spec.mutable_space()->set_template_(kTemplate);
  v1::Range& range = *(*spec.mutable_decisions())[kLearningRate].mutable_log_uniform();
  range.set_minimum(1e-3);
  range.set_maximum(1);
  return spec;
}

constexpr char kEvolution[] = "{regularized_evolution: {population: 10, sample: 3}}";
// What evolves, judged against TPE.
const std::set<std::string> kEvolutionary = {kEvolution, "nsga2", "local_search",
                                             "simulated_annealing"};
constexpr double kBehindTpe = 0.01;
const std::set<std::string> kCheap = {"random", "local_search", "simulated_annealing",
                                      "tpe",    "nsga2",        kEvolution};
const std::set<std::string> kModels = {
    "tpe",   "gaussian_process", "random_forest", "boosted_trees",
    "ridge", "bananas",          "graph_network", "auto"};

struct SyntheticOptions {
  int64_t seeds = 200;
  int64_t costly_seeds = 20;
  std::string only;
  std::string write;
  int threads = 0;
};

Summary FoundAt(const std::vector<Trajectory>& runs, size_t queries) {
  std::vector<double> values;
  for (const Trajectory& run : runs) {
    values.push_back(run.queries.at(std::min(queries, run.queries.size()) - 1).reported);
  }
  return simulate::Summarize(std::move(values));
}

void Run(const SyntheticOptions& options) {
  const std::string table = MakeTable();
  if (!options.write.empty()) {
    std::ofstream(options.write) << table;
    return;
  }
  simulate::SimulationOptions simulation;
  simulation.search_metric = "seen";
  simulation.report_metric = "true";
  simulation.queries = 200;
  const auto scenario = OrThrow(Scenario::Make(MakeSearch(), simulation, table, "synthetic.csv"));

  std::vector<std::string> strategies = {"random", kEvolution, "local_search",
                                         "simulated_annealing", "nsga2"};
  for (const std::string& name : kModels) {
    if (strategy::FindStrategy(name) != nullptr) strategies.push_back(name);
  }
  if (!options.only.empty()) {
    strategies = {"random", kEvolution};
    for (const auto part : absl::StrSplit(options.only, ';')) strategies.emplace_back(part);
  }
  std::printf("Searched: seen (noise %.2f); reported: true (best %.3f)\n", kNoise,
              scenario->truth().best());
  std::map<std::string, std::vector<Trajectory>> all;
  for (const std::string& strategy : strategies) {
    simulate::CompareOptions compare;
    compare.last_seed =
        static_cast<uint64_t>(kCheap.contains(strategy) ? options.seeds : options.costly_seeds);
    compare.threads = options.threads > 0
                          ? options.threads
                          : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    all[strategy] =
        OrThrow(simulate::Compare(*scenario, OrThrow(simulate::ParseStrategies(strategy)), compare))
            .front();
    std::string line = absl::StrFormat("%-52s", strategy);
    for (const size_t queries : {20, 50, 100, 200}) {
      const Summary summary = FoundAt(all[strategy], queries);
      absl::StrAppendFormat(&line, " %d: %.4f (%.4f)", queries, summary.mean,
                            summary.standard_error);
    }
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  }

  int failed = 0;
  const auto check = [&failed](bool passed, const std::string& what) {
    std::printf("%s%s\n", passed ? "  ok      " : "  FAILED  ", what.c_str());
    if (!passed) ++failed;
  };
  for (const size_t queries : {50, 100, 200}) {
    const Summary random = FoundAt(all.at("random"), queries);
    const Summary evolution = FoundAt(all.at(kEvolution), queries);
    double above = -INFINITY;
    std::string best;
    for (const auto& [strategy, runs] : all) {
      if (!kModels.contains(strategy)) continue;
      const Summary found = FoundAt(runs, queries);
      const double error = std::hypot(found.standard_error, random.standard_error);
      check(found.mean >= random.mean - 3 * error,
            absl::StrFormat("%s at %d: %.4f, random: %.4f (%.4f)", strategy, queries, found.mean,
                            random.mean, error));
      const double ahead = (found.mean - evolution.mean) /
                           std::hypot(found.standard_error, evolution.standard_error);
      if (ahead > above) {
        above = ahead;
        best = strategy;
      }
    }
    check(above > 3, absl::StrFormat("%s at %d is above evolution by %.1f standard errors", best,
                                     queries, above));
  }
  const auto tpe = all.find("tpe");
  for (const auto& [strategy, runs] : all) {
    if (tpe == all.end() || !kEvolutionary.contains(strategy)) continue;
    constexpr size_t kEnd = 200;
    const double least = FoundAt(tpe->second, kEnd).mean - kBehindTpe;
    check(FoundAt(runs, kEnd).mean >= least,
          absl::StrFormat("%s at %d: %.4f, at least tpe's - %.2f: %.4f", strategy, kEnd,
                          FoundAt(runs, kEnd).mean, kBehindTpe, least));
  }
  if (failed > 0) throw std::runtime_error(absl::StrCat(failed, " checks failed"));
}

}  // namespace

void AddSynthetic(CLI::App& app) {
  CLI::App* synthetic = app.add_subcommand(
      "synthetic",
      "Each strategy on a made-up table with conditional, whole, real and unordered "
      "decisions, a known optimum and noise");
  const auto options = std::make_shared<SyntheticOptions>();
  synthetic->add_option("--seeds", options->seeds, "Of strategies whose proposals are quick")
      ->check(CLI::Range(2, 100000))
      ->capture_default_str();
  synthetic->add_option("--costly-seeds", options->costly_seeds, "Of the others")
      ->check(CLI::Range(2, 100000))
      ->capture_default_str();
  synthetic->add_option("--only", options->only,
                        "Just these beside random and evolution, with semicolons between");
  synthetic->add_option("--write", options->write, "Writes the table to this file, no more");
  synthetic->add_option("--threads", options->threads, "Runs at a time; default: one per core");
  synthetic->callback([options] { Run(*options); });
}

}  // namespace nascent::bench
