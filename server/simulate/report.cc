#include "server/simulate/report.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nascent::simulate {
namespace {

constexpr int64_t kQueries[] = {10, 20, 50, 100, 150, 200, 300, 500, 1000};
constexpr double kShares[] = {0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1};
constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

using Runs = std::vector<Trajectory>;

// What a report follows over a run.
using Figure = double Trajectory::Query::*;

std::vector<Report::AtQueries> OverQueries(const Runs& runs, int64_t wanted, Figure figure) {
  std::vector<Report::AtQueries> rows;
  for (const int64_t n : kQueries) {
    if (n > wanted) break;
    std::vector<double> values;
    for (const Trajectory& run : runs) {
      if (run.queries.empty()) continue;
      const size_t at = std::min(static_cast<size_t>(n), run.queries.size()) - 1;
      if (std::isfinite(run.queries[at].*figure)) values.push_back(run.queries[at].*figure);
    }
    rows.push_back({n, Summarize(std::move(values))});
  }
  return rows;
}

// After `seconds`; NaN: nothing was answered by then.
double ValueAt(const Trajectory& run, double seconds, Figure figure) {
  const auto after = std::upper_bound(
      run.queries.begin(), run.queries.end(), seconds,
      [](double time, const Trajectory::Query& query) { return time < query.seconds; });
  return after == run.queries.begin() ? kNothing : (*std::prev(after)).*figure;
}

std::vector<Report::AtTime> OverTime(const Runs& runs, const std::vector<double>& times,
                                     Figure figure) {
  std::vector<Report::AtTime> rows;
  for (const double seconds : times) {
    std::vector<double> values;
    for (const Trajectory& run : runs) {
      const double value = ValueAt(run, seconds, figure);
      if (std::isfinite(value)) values.push_back(value);
    }
    // A mean over the quick seeds only would mislead.
    if (values.size() < runs.size()) values.clear();
    rows.push_back({seconds, Summarize(std::move(values))});
  }
  return rows;
}

// Shares of the longest time that every run of every strategy lasted.
std::vector<double> CommonTimes(const std::vector<Runs>& all) {
  double shortest = std::numeric_limits<double>::infinity();
  for (const Runs& runs : all) {
    for (const Trajectory& run : runs) {
      if (!run.queries.empty()) shortest = std::min(shortest, run.queries.back().seconds);
    }
  }
  std::vector<double> times;
  if (!std::isfinite(shortest) || shortest <= 0) return times;
  for (const double share : kShares) times.push_back(share * shortest);
  return times;
}

Report::Within WithinOf(const Runs& runs, const ReportOptions& options, double distance) {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  std::vector<double> queries;
  std::vector<double> seconds;
  double reached = 0;
  // So that a decimal distance is not missed by a rounding.
  const double tolerance = 1e-9 * std::max(1.0, std::abs(options.best));
  for (const Trajectory& run : runs) {
    queries.push_back(kNever);
    seconds.push_back(kNever);
    for (size_t i = 0; i < run.queries.size(); ++i) {
      const double gap = options.maximize ? options.best - run.queries[i].reported
                                          : run.queries[i].reported - options.best;
      if (!(gap <= distance + tolerance)) continue;
      queries.back() = static_cast<double>(i + 1);
      seconds.back() = run.queries[i].seconds;
      reached += 1.0 / static_cast<double>(runs.size());
      break;
    }
  }
  std::sort(queries.begin(), queries.end());
  std::sort(seconds.begin(), seconds.end());
  const auto median = [](const std::vector<double>& sorted) {
    const double value = sorted.empty() ? kNothing : Quantile(sorted, 0.5);
    return std::isfinite(value) ? value : kNothing;
  };
  return {distance, reached, median(queries), median(seconds)};
}

spec::Json SummaryJson(spec::Json row, const Summary& summary) {
  row.Set("mean", summary.mean)
      .Set("std", summary.deviation)
      .Set("standard_error", summary.standard_error)
      .Set("q25", summary.q25)
      .Set("q50", summary.q50)
      .Set("q75", summary.q75);
  return row;
}

}  // namespace

Report MakeReport(const ReportOptions& options, const std::vector<std::string>& names,
                  const std::vector<Runs>& runs) {
  Report report;
  report.metric = options.metric;
  report.best = options.best;
  if (options.objectives.size() > 1) report.objectives = options.objectives;
  report.hypervolume = options.hypervolume;
  std::vector<double> within = options.within;
  if (within.empty()) {
    // Accuracies are fractions in one table and percent in the next.
    const double unit = std::abs(options.best) <= 1 ? 0.01 : 1;
    within = {unit, 0.5 * unit, 0.2 * unit, 0.1 * unit, 0.05 * unit};
  }
  const std::vector<double> times = CommonTimes(runs);
  for (size_t i = 0; i < names.size(); ++i) {
    report.seeds = std::max(report.seeds, static_cast<int64_t>(runs[i].size()));
    Report::Strategy strategy;
    strategy.name = names[i];
    strategy.queries = OverQueries(runs[i], options.queries, &Trajectory::Query::reported);
    strategy.times = OverTime(runs[i], times, &Trajectory::Query::reported);
    if (options.objectives.size() > 1) {
      strategy.hypervolume = OverQueries(runs[i], options.queries, &Trajectory::Query::hypervolume);
      strategy.hypervolume_times = OverTime(runs[i], times, &Trajectory::Query::hypervolume);
    }
    for (const double distance : within) {
      strategy.within.push_back(WithinOf(runs[i], options, distance));
    }
    for (const Trajectory& run : runs[i]) {
      if (!run.trouble.empty()) strategy.troubles.push_back(run.trouble);
    }
    report.strategies.push_back(std::move(strategy));
  }
  return report;
}

spec::Json ToJson(const Report& report) {
  spec::Json strategies = spec::Json::List();
  for (const Report::Strategy& strategy : report.strategies) {
    spec::Json queries = spec::Json::List();
    for (const auto& row : strategy.queries) {
      queries.Append(SummaryJson(spec::Json::Object().Set("n", row.queries), row.summary));
    }
    spec::Json times = spec::Json::List();
    for (const auto& row : strategy.times) {
      times.Append(SummaryJson(spec::Json::Object().Set("seconds", row.seconds), row.summary));
    }
    spec::Json within = spec::Json::List();
    for (const auto& row : strategy.within) {
      within.Append(spec::Json::Object()
                        .Set("x", row.distance)
                        .Set("reached", row.reached)
                        .Set("median_queries", row.median_queries)
                        .Set("median_seconds", row.median_seconds));
    }
    spec::Json one = spec::Json::Object()
                         .Set("name", strategy.name)
                         .Set("queries", std::move(queries))
                         .Set("times", std::move(times))
                         .Set("to_within", std::move(within));
    if (!report.objectives.empty()) {
      spec::Json shares = spec::Json::List();
      for (const auto& row : strategy.hypervolume) {
        shares.Append(SummaryJson(spec::Json::Object().Set("n", row.queries), row.summary));
      }
      spec::Json over_time = spec::Json::List();
      for (const auto& row : strategy.hypervolume_times) {
        over_time.Append(
            SummaryJson(spec::Json::Object().Set("seconds", row.seconds), row.summary));
      }
      one.Set("hypervolume", std::move(shares)).Set("hypervolume_times", std::move(over_time));
    }
    if (!strategy.troubles.empty()) {
      spec::Json troubles = spec::Json::List();
      for (const std::string& trouble : strategy.troubles) troubles.Append(trouble);
      one.Set("troubles", std::move(troubles));
    }
    strategies.Append(std::move(one));
  }
  spec::Json json = spec::Json::Object()
                        .Set("best", report.best)
                        .Set("metric", report.metric)
                        .Set("seeds", report.seeds);
  if (!report.objectives.empty()) {
    spec::Json objectives = spec::Json::List();
    for (const strategy::Objective& objective : report.objectives) {
      objectives.Append(spec::Json::Object()
                            .Set("metric", objective.metric)
                            .Set("goal", objective.maximize ? "maximize" : "minimize")
                            .Set("reference", *objective.reference));
    }
    json.Set("objectives", std::move(objectives)).Set("hypervolume", report.hypervolume);
  }
  return json.Set("strategies", std::move(strategies));
}

}  // namespace nascent::simulate
