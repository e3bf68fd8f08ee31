// What simulations show: per strategy the incumbent after so many queries and so much time.

#ifndef NASCENT_SERVER_SIMULATE_REPORT_H_
#define NASCENT_SERVER_SIMULATE_REPORT_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/spec/json.h"
#include "server/simulate/statistics.h"
#include "server/strategy/strategy.h"

namespace nascent::simulate {

// One run of one strategy: an entry per answered query, in time's order.
struct Trajectory {
  struct Query {
    double seconds;   // since the search began
    double reported;  // of the incumbent after it; NaN: there is none yet
    // Of the front after it, as a share of the table's; NaN: none yet, or one objective.
    double hypervolume = std::numeric_limits<double>::quiet_NaN();
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
    // With several objectives: shares of the table's hypervolume.
    std::vector<AtQueries> hypervolume;
    std::vector<AtTime> hypervolume_times;
    std::vector<std::string> troubles;
  };
  std::string metric;
  int64_t seeds = 0;
  double best = 0;
  std::vector<strategy::Objective> objectives;  // of several, with their references; else empty
  double hypervolume = 0;                       // of the table's front
  std::vector<Strategy> strategies;
};

struct ReportOptions {
  std::string metric;
  bool maximize = true;
  double best = 0;  // of the table
  // Several: with references; and the hypervolume of the table's front above these.
  std::vector<strategy::Objective> objectives;
  double hypervolume = 0;
  int64_t queries = 0;         // that were asked for
  std::vector<double> within;  // distances; empty: chosen from the size of `best`
};

// `names[i]` made `runs[i]`, one trajectory per seed. A run that ended early keeps its last
// incumbent.
Report MakeReport(const ReportOptions& options, const std::vector<std::string>& names,
                  const std::vector<std::vector<Trajectory>>& runs);

// {"best": …, "strategies": [{"name", "queries": [{"n", "mean", …}], "times": […], "to_within":
// […]}]}; with several objectives each strategy has "hypervolume": [{"n", "mean", …}] besides.
spec::Json ToJson(const Report& report);
// For people, in lines of at most `width` columns where a single cell allows it.
std::string ToTable(const Report& report, int width);
// Means with quartiles over queries and over time, with several objectives of the hypervolume, as a
// picture in the format that the file's name ends in. Errors are those of picture::DrawWithGnuplot.
absl::Status DrawPicture(const Report& report, const std::string& path);

}  // namespace nascent::simulate

#endif  // NASCENT_SERVER_SIMULATE_REPORT_H_
