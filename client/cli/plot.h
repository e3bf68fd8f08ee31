// What a plot of a search shows, and how it is drawn.

#ifndef NASCENT_CLIENT_CLI_PLOT_H_
#define NASCENT_CLIENT_CLI_PLOT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nascent/v1/search.pb.h"
#include "nascent/v1/trial.pb.h"

namespace nascent::cli {

struct PlotPoint {
  int64_t number = 0;
  double x = 0;
  double y = 0;
};

struct PlotData {
  std::string title;
  std::string x_metric;
  std::string y_metric;
  bool x_log = false;
  std::vector<PlotPoint> points;  // by trial number
  std::vector<PlotPoint> front;   // no point is better in both; by x
  std::vector<PlotPoint> winner;  // one or none
};

struct PlotChoice {
  std::string x = "parameters";
  std::string y;  // empty: the first objective
};

// The trials with a result and both metrics. NOT_FOUND: there are none; INVALID_ARGUMENT: no trial
// has a metric of that name (the message lists those that are there).
absl::StatusOr<PlotData> MakePlotData(const v1::Search& search,
                                      const std::vector<v1::Trial>& trials,
                                      const PlotChoice& choice);

// A rough plot of at most `width` columns and `height` lines.
std::vector<std::string> DrawOnTerminal(const PlotData& data, int width, int height, bool colours);

// A gnuplot program that writes PNG (or SVG, by the ending) to `path`.
std::string GnuplotScript(const PlotData& data, const std::string& path);

// Runs gnuplot. NOT_FOUND: it is not installed.
absl::Status DrawWithGnuplot(const PlotData& data, const std::string& path);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_PLOT_H_
