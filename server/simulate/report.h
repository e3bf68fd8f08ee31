// What simulations show: per strategy the incumbent after so many queries and so much time.

#ifndef NASCENT_SERVER_SIMULATE_REPORT_H_
#define NASCENT_SERVER_SIMULATE_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/spec/json.h"
#include "server/simulate/statistics.h"

namespace nascent::simulate {

// One run of one strategy: an entry per answered query, in time's order.
struct Trajectory {
  struct Query {
    double seconds;   // since the search began
    double reported;  // of the incumbent after it; NaN: there is none yet
  };
  std::vector<Query> queries;
  std::string trouble;  // where random search had to stand in
};

struct Report {
  struct AtQueries {
    int64_t queries;
    Summary summary;
  };
  struct AtTime {
    double seconds;
    Summary summary;
  };
  struct Within {
    double distance;        // from the best of the table
    double reached;         // share of the seeds
    double median_queries;  // NaN when fewer than half of the seeds reached it
    double median_seconds;
  };
  struct Strategy {
    std::string name;
    std::vector<AtQueries> queries;
    std::vector<AtTime> times;
    std::vector<Within> within;
    std::vector<std::string> troubles;
  };
  std::string metric;
  int64_t seeds = 0;
  double best = 0;
  std::vector<Strategy> strategies;
};

struct ReportOptions {
  std::string metric;
  bool maximize = true;
  double best = 0;             // of the table
  int64_t queries = 0;         // that were asked for
  std::vector<double> within;  // distances; empty: chosen from the size of `best`
};

// `names[i]` made `runs[i]`, one trajectory per seed. A run that ended early keeps its last
// incumbent.
Report MakeReport(const ReportOptions& options, const std::vector<std::string>& names,
                  const std::vector<std::vector<Trajectory>>& runs);

// {"best": …, "strategies": [{"name", "queries": [{"n", "mean", …}], "times": […], "to_within":
// […]}]}
spec::Json ToJson(const Report& report);
// For people.
std::string ToTable(const Report& report);
// Means with quartiles over queries and over time, drawn by gnuplot into a PNG file. UNAVAILABLE:
// gnuplot can't be started or failed.
absl::Status DrawPng(const Report& report, const std::string& path);

}  // namespace nascent::simulate

#endif  // NASCENT_SERVER_SIMULATE_REPORT_H_
