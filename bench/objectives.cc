// nascent-bench objectives: what strategies find of the front of two objectives on tables of
// results, as a share of the hypervolume of the table's own front, against another program's
// figures.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "bench/benchmarks.h"
#include "bench/or_throw.h"
#include "common/spec/document.h"
#include "common/spec/json.h"
#include "server/simulate/compare.h"
#include "server/simulate/simulation.h"
#include "server/simulate/strategy_list.h"

namespace nascent::bench {
namespace {

using simulate::Scenario;
using simulate::Summary;
using Runs = std::vector<simulate::Trajectory>;

constexpr int64_t kQueries[] = {50, 100, 200};

// Both with the worst value that counts.
struct Pair {
  const char* maximized;
  double least;
  const char* minimized;
  double most;
};

// The first is judged; the others show that nothing was made for it alone.
constexpr Pair kPairs[] = {
    {"test_accuracy_200_epochs", 80, "latency_ms", 40},
    {"test_accuracy_200_epochs", 80, "params", 1.6e6},
    {"test_accuracy_200_epochs", 80, "train_seconds_200_epochs", 5000},
    {"val_accuracy_12_epochs", 50, "flops", 2.5e8},
};

// On the first pair, Optuna 5.0: 20 seeds, its Gaussian process 4.
struct OptunaFigure {
  const char* name;
  double shares[3];  // at kQueries
};
constexpr OptunaFigure kOptunaFigures[] = {
    {"Optuna random", {.877, .901, .925}},
    {"Optuna NSGA-II", {.877, .898, .933}},
    {"Optuna NSGA-II, population 20", {.876, .909, .950}},
    {"Optuna TPE", {.909, .934, .957}},
    {"Optuna Gaussian process", {.907, .928, .946}},
};

// What a strategy must reach on the first pair.
struct Goal {
  const char* strategy;
  int64_t queries;
  double share;
};
constexpr Goal kGoals[] = {
    {"auto", 50, .94},   {"auto", 100, .97},  {"auto", 200, .985},
    {"nsga2", 100, .91}, {"nsga2", 200, .95},
};

struct ObjectivesOptions {
  std::string table;
  int64_t seeds = 200;
  int64_t costly_seeds = 20;
  std::string strategies = "random;nsga2;nsga3;regularized_evolution;tpe;auto";
  int threads = 0;
  bool json = false;
};

bool IsCheap(const std::string& strategy) {
  return strategy == "random" || strategy == "tpe" || strategy.find("nsga") != std::string::npos ||
         strategy.find("evolution") != std::string::npos;
}

Summary SharesAt(const Runs& runs, int64_t queries) {
  std::vector<double> shares;
  for (const simulate::Trajectory& run : runs) {
    const size_t at = std::min(static_cast<size_t>(queries), run.queries.size());
    shares.push_back(run.queries.at(at - 1).hypervolume);
  }
  return simulate::Summarize(std::move(shares));
}

class Comparison {
 public:
  explicit Comparison(const ObjectivesOptions& options)
      : options_(options), text_(OrThrow(spec::ReadTextFile(options.table, int64_t{1} << 30))) {}

  void Go() {
    for (const Pair& pair : kPairs) OnPair(pair);
    if (options_.json) {
      std::printf("%s\n", spec::Json::Object()
                              .Set("passed", failed_ == 0)
                              .Set("pairs", std::move(pairs_))
                              .Set("checks", std::move(checks_))
                              .Print(2)
                              .c_str());
    } else {
      std::printf("\n%d of %d checks failed\n", failed_, done_);
    }
    if (failed_ > 0) throw std::runtime_error(absl::StrCat(failed_, " checks failed"));
  }

 private:
  std::shared_ptr<const Scenario> Make(const Pair& pair) const {
    v1::SearchSpec spec;
    spec.set_name("bench");
    spec.mutable_space()->set_preset("nas-bench-201");
    v1::Objective& first = *spec.add_objectives();
    first.set_metric(pair.maximized);
    first.set_goal(v1::GOAL_MAXIMIZE);
    first.set_reference(pair.least);
    v1::Objective& second = *spec.add_objectives();
    second.set_metric(pair.minimized);
    second.set_goal(v1::GOAL_MINIMIZE);
    second.set_reference(pair.most);
    simulate::SimulationOptions options;
    options.queries = kQueries[2];
    return OrThrow(Scenario::Make(spec, options, text_, options_.table));
  }

  void OnPair(const Pair& pair) {
    const auto scenario = Make(pair);
    Say(absl::StrFormat("\n%s (above %g) and %s (below %g): hypervolume %.5g", pair.maximized,
                        pair.least, pair.minimized, pair.most, scenario->truth().hypervolume()));
    const bool judged = &pair == &kPairs[0];
    if (judged) {
      for (const OptunaFigure& reference : kOptunaFigures) {
        Say(absl::StrFormat("%-32s 50: %.3f         100: %.3f         200: %.3f", reference.name,
                            reference.shares[0], reference.shares[1], reference.shares[2]));
      }
    }
    std::map<std::string, Runs> all;
    spec::Json strategies = spec::Json::List();
    for (const absl::string_view part : absl::StrSplit(options_.strategies, ';')) {
      const std::string strategy(part);
      Runs& runs = all[strategy] = Run(*scenario, strategy);
      std::string line = absl::StrFormat("%-32s", strategy);
      spec::Json shares = spec::Json::List();
      for (const int64_t queries : kQueries) {
        const Summary summary = SharesAt(runs, queries);
        absl::StrAppendFormat(&line, " %d: %.4f (%.4f)", queries, summary.mean,
                              summary.standard_error);
        shares.Append(spec::Json::Object()
                          .Set("n", queries)
                          .Set("mean", summary.mean)
                          .Set("standard_error", summary.standard_error));
      }
      Say(line);
      strategies.Append(spec::Json::Object()
                            .Set("name", strategy)
                            .Set("seeds", static_cast<int64_t>(runs.size()))
                            .Set("hypervolume", std::move(shares)));
    }
    pairs_.Append(spec::Json::Object()
                      .Set("maximized", pair.maximized)
                      .Set("minimized", pair.minimized)
                      .Set("hypervolume", scenario->truth().hypervolume())
                      .Set("strategies", std::move(strategies)));
    if (judged) CheckGoals(all);
    CheckAboveRandom(pair, all);
  }

  Runs Run(const Scenario& scenario, const std::string& strategy) const {
    simulate::CompareOptions compare;
    compare.last_seed =
        static_cast<uint64_t>(IsCheap(strategy) ? options_.seeds : options_.costly_seeds);
    compare.threads = options_.threads > 0
                          ? options_.threads
                          : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    return OrThrow(
               simulate::Compare(scenario, OrThrow(simulate::ParseStrategies(strategy)), compare))
        .front();
  }

  // Not below by more than three standard errors.
  void CheckGoals(const std::map<std::string, Runs>& all) {
    for (const Goal& goal : kGoals) {
      const auto found = all.find(goal.strategy);
      if (found == all.end()) continue;
      const Summary summary = SharesAt(found->second, goal.queries);
      Check(summary.mean >= goal.share - 3 * summary.standard_error,
            absl::StrFormat("%s at %d: %.4f (%.4f), at least %.3f", goal.strategy, goal.queries,
                            summary.mean, summary.standard_error, goal.share));
    }
  }

  void CheckAboveRandom(const Pair& pair, const std::map<std::string, Runs>& all) {
    const auto random = all.find("random");
    if (random == all.end()) return;
    for (const auto& [strategy, runs] : all) {
      if (strategy == "random") continue;
      const Summary own = SharesAt(runs, kQueries[2]);
      const Summary other = SharesAt(random->second, kQueries[2]);
      const double error = std::hypot(own.standard_error, other.standard_error);
      Check(own.mean >= other.mean - 3 * error,
            absl::StrFormat("%s at %d on %s: %.4f, random %.4f (%.4f)", strategy, kQueries[2],
                            pair.minimized, own.mean, other.mean, error));
    }
  }

  void Check(bool passed, const std::string& what) {
    ++done_;
    if (!passed) ++failed_;
    checks_.Append(spec::Json::Object().Set("check", what).Set("passed", passed));
    Say(absl::StrCat(passed ? "  ok      " : "  FAILED  ", what));
  }

  void Say(const std::string& line) const {
    if (options_.json) return;
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  }

  const ObjectivesOptions options_;
  const std::string text_;
  spec::Json pairs_ = spec::Json::List();
  spec::Json checks_ = spec::Json::List();
  int done_ = 0;
  int failed_ = 0;
};

}  // namespace

void AddObjectives(CLI::App& app) {
  CLI::App* objectives = app.add_subcommand(
      "objectives",
      "Strategies with two objectives on NAS-Bench-201's results, by the share of the front's "
      "hypervolume");
  const auto options = std::make_shared<ObjectivesOptions>();
  objectives
      ->add_option("--table", options->table,
                   "CSV with architecture, test_accuracy_200_epochs, val_accuracy_12_epochs, "
                   "latency_ms, params, flops, train_seconds_200_epochs")
      ->required();
  objectives->add_option("--seeds", options->seeds, "Of strategies whose proposals are quick")
      ->check(CLI::Range(2, 100000))
      ->capture_default_str();
  objectives->add_option("--costly-seeds", options->costly_seeds, "Of the others")
      ->check(CLI::Range(2, 100000))
      ->capture_default_str();
  objectives->add_option("--strategies", options->strategies, "These, with semicolons between")
      ->capture_default_str();
  objectives->add_option("--threads", options->threads, "Runs at a time; default: one per core");
  objectives
      ->add_option_function<std::string>(
          "--output", [options](const std::string& output) { options->json = output == "json"; },
          "table or json")
      ->check(CLI::IsMember({"table", "json"}));
  objectives->callback([options] { Comparison(*options).Go(); });
}

}  // namespace nascent::bench
