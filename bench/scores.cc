// nascent-bench scores: how scores without training rank the networks of a table.

#include "common/scores/scores.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "bench/benchmarks.h"
#include "bench/or_throw.h"
#include "bench/score_cases.h"
#include "common/random.h"
#include "common/spec/document.h"
#include "server/simulate/table.h"

namespace nascent::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kExamples = 64;  // as Abdelfattah et al. 2021
constexpr double kReportSeconds = 10;
constexpr int64_t kLargestTable = int64_t{4} << 30;

// Ranks from 0, equal values share their mean.
std::vector<double> Ranks(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t first = 0; first < order.size();) {
    size_t end = first;
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    for (size_t i = first; i < end; ++i) {
      ranks[order[i]] = static_cast<double>(first + end - 1) / 2;
    }
    first = end;
  }
  return ranks;
}

// Spearman's rank correlation; NaN where one side is constant.
double Spearman(const std::vector<double>& a, const std::vector<double>& b) {
  const std::vector<double> x = Ranks(a);
  const std::vector<double> y = Ranks(b);
  const double mean = static_cast<double>(x.size() - 1) / 2;
  double xy = 0;
  double xx = 0;
  double yy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return xy / std::sqrt(xx * yy);
}

// A score of all networks of the sample.
struct Column {
  std::string name;
  std::string input;  // what it looked at
  std::vector<double> values;
  double seconds = 0;
};

struct Sample {
  std::shared_ptr<const simulate::Table> table;
  std::vector<int> rows;
};

Sample DrawSample(const ScoreOptions& options, const space::Space& space) {
  Sample sample;
  const auto text = spec::ReadTextFile(options.table, kLargestTable);
  if (!text.ok()) throw std::runtime_error(absl::StrCat("--table: ", text.status().message()));
  sample.table = OrThrow(simulate::Table::Read(*text, options.table, space));
  RandomStream random(options.seed, 0);
  const int64_t count = options.sample == 0 ? sample.table->rows() : options.sample;
  for (int64_t row : random.SampleWithoutReplacement(sample.table->rows(), count)) {
    sample.rows.push_back(static_cast<int>(row));
  }
  if (sample.rows.size() < 3) throw std::runtime_error("--table: fewer than three architectures");
  return sample;
}

// The mean over a row's records, of those that have a value.
std::vector<double> Truth(const Sample& sample, const std::vector<double>& metric) {
  std::vector<double> values;
  for (int row : sample.rows) {
    double sum = 0;
    int count = 0;
    for (int record : sample.table->records(row)) {
      if (std::isnan(metric[static_cast<size_t>(record)])) continue;
      sum += metric[static_cast<size_t>(record)];
      ++count;
    }
    values.push_back(count == 0 ? std::nan("") : sum / count);
  }
  return values;
}

// A score that is not finite ranks last.
double ForRanking(double score) {
  return std::isfinite(score) ? score : -std::numeric_limits<double>::infinity();
}

std::vector<Column> Compute(const ScoreOptions& options, const space::Space& space,
                            const Sample& sample) {
  std::vector<Column> columns = {{"params", "none", {}, 0}, {"flops", "none", {}, 0}};
  for (const std::string& name : ChosenScores(options)) {
    columns.push_back({name, scores::FindScore(name)->of_data ? "noise" : "none", {}, 0});
  }
  const worker::ScoreInput input = NoiseInput(kExamples, options.seed);
  const auto seconds_since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  const Clock::time_point start = Clock::now();
  Clock::time_point reported = start;
  for (size_t done = 0; done < sample.rows.size(); ++done) {
    const space::Genotype& genotype = sample.table->genotype(sample.rows[done]);
    const Clock::time_point began = Clock::now();
    const space::Architecture built = OrThrow(space.BuildArchitecture(genotype));
    for (size_t i : {size_t{0}, size_t{1}}) columns[i].seconds += seconds_since(began);
    columns[0].values.push_back(static_cast<double>(built.published_costs.parameters));
    columns[1].values.push_back(static_cast<double>(built.published_costs.multiply_accumulates));
    const auto network = OrThrow(worker::NetworkModule::Create(built.live, options.seed, at::kCPU));
    for (size_t i = 2; i < columns.size(); ++i) {
      const Clock::time_point before = Clock::now();
      const auto score = worker::ComputeScore(columns[i].name, *network, input);
      // Where it does not apply, e.g. to a cell without ReLUs, it ranks last too.
      columns[i].values.push_back(ForRanking(score.value_or(std::nan(""))));
      columns[i].seconds += seconds_since(before);
    }
    if (seconds_since(reported) < kReportSeconds) continue;
    reported = Clock::now();
    std::cerr << absl::StrFormat("scores: %d of %d networks after %.0f s\n", done + 1,
                                 sample.rows.size(), seconds_since(start));
  }
  return columns;
}

double PerMinute(const Column& column) {
  return 60 * static_cast<double>(column.values.size()) / std::max(column.seconds, 1e-9);
}

// JSON knows no NaN.
std::string Number(double value) {
  return std::isfinite(value) ? absl::StrFormat("%.4f", value) : "null";
}

void PrintJson(const std::vector<Column>& columns, const Sample& sample,
               const std::map<std::string, std::vector<double>>& truths) {
  std::vector<std::string> entries;
  for (const Column& column : columns) {
    std::vector<std::string> correlations;
    for (const auto& [name, truth] : truths) {
      correlations.push_back(
          absl::StrCat("\"", name, "\": ", Number(Spearman(column.values, truth))));
    }
    entries.push_back(absl::StrFormat(
        "  {\"name\": \"%s\", \"input\": \"%s\", \"spearman\": {%s}, \"per_minute\": %.1f}",
        column.name, column.input, absl::StrJoin(correlations, ", "), PerMinute(column)));
  }
  std::cout << "{\"networks\": " << sample.rows.size() << ", \"scores\": [\n"
            << absl::StrJoin(entries, ",\n") << "]}\n";
}

void PrintTable(const std::vector<Column>& columns, const Sample& sample,
                const std::map<std::string, std::vector<double>>& truths) {
  std::cout << "Spearman's rank correlation over " << sample.rows.size()
            << " networks; scores of data looked at noise\n";
  for (const Column& column : columns) {
    std::cout << absl::StrFormat("%-10s %9.0f per minute\n", column.name, PerMinute(column));
    for (const auto& [name, truth] : truths) {
      std::cout << absl::StrFormat("    %-28s %6.3f\n", name, Spearman(column.values, truth));
    }
  }
}

void RunScores(const ScoreOptions& options) {
  if (options.peer) return CompareWithPeer(options);
  if (options.table.empty()) throw std::runtime_error("--table: found nothing, allowed a CSV file");
  const auto space = ScoreSpace(options);
  const Sample sample = DrawSample(options, *space);
  std::map<std::string, std::vector<double>> truths;
  for (const std::string& name : sample.table->metrics()) {
    truths[name] = Truth(sample, OrThrow(sample.table->Metric(name)));
  }
  const std::vector<Column> columns = Compute(options, *space, sample);
  (options.output == "json" ? PrintJson : PrintTable)(columns, sample, truths);
}

}  // namespace

void AddScores(CLI::App& app) {
  auto options = std::make_shared<ScoreOptions>();
  options->peer_program = absl::StrCat(NASCENT_BENCH_PEERS, "/scores.py");
  CLI::App* command = app.add_subcommand(
      "scores",
      "How scores without training rank the architectures of a table, against each of its columns, "
      "and how many per minute. Networks are the preset's as published, for images 3x32x32 of 10 "
      "classes.");
  command->add_option("--table", options->table, "CSV with a column architecture.");
  command
      ->add_option("--sample", options->sample, "Random rows of it; 0: all. Of --peer: networks.")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--space", options->space, "The preset whose architectures they are.");
  command
      ->add_option(
          "--scores", options->scores,
          "Names, separated by commas, or all. Default: those that look at no data. Others "
          "look at 64 images of noise.")
      ->delimiter(',');
  command->add_option("--seed", options->seed, "Of the sample, the weights and the noise.");
  command->add_option("--output", options->output, "table or json")
      ->check(CLI::IsMember({"table", "json"}));
  command->add_flag("--peer", options->peer,
                    "Instead compare every score with an independent PyTorch program, on the same "
                    "weights and examples.");
  command->add_option("--python", options->python, "An interpreter with torch, for --peer.");
  command->callback([options] { RunScores(*options); });
}

}  // namespace nascent::bench
