// What a plot of searches shows, and how it is drawn.

#ifndef NASCENT_CLIENT_CLI_PLOT_H_
#define NASCENT_CLIENT_CLI_PLOT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/picture/draw.h"
#include "nascent/v1/search.pb.h"
#include "nascent/v1/search_service.pb.h"
#include "nascent/v1/trial.pb.h"

namespace nascent::cli {

struct PlotPoint {
  int64_t number = 0;  // of the trial
  double x = 0;
  double y = 0;
  bool feasible = true;  // within all constraints
};

struct PlotAxis {
  std::string name;  // a metric, a decision's label, "number" or "epoch"
  bool log = false;
  // What is shown; all points are inside, with a margin.
  double low = 0;
  double high = 1;
  // Of a decision between options: their names, at 0, 1, …
  std::vector<std::string> options;
};

// The points of one search, or of one trial's training.
struct PlotSeries {
  std::string title;
  std::vector<PlotPoint> points;  // by trial number, or by epoch
  // What no other point beats, by x; with trial numbers to the right the best so far.
  std::vector<PlotPoint> front;
};

// A constraint on what an axis shows.
struct PlotBound {
  bool on_x = false;
  double value = 0;
  std::string title;  // "parameters at most 2.00M"
};

struct PlotData {
  enum class Kind {
    kTrials,    // a point per trial
    kProgress,  // the best so far of each search
    kCurves,    // a line per trial over its epochs
  };
  Kind kind = Kind::kTrials;
  std::string title;
  PlotAxis x;
  PlotAxis y;
  std::vector<PlotSeries> series;
  // Between two points the front keeps the value of the left one; else that of the right one.
  bool front_keeps_left = true;
  std::vector<PlotPoint> winner;  // one or none
  std::vector<PlotBound> bounds;

  int64_t CountPoints() const;
};

struct PlotChoice {
  std::string x;  // empty: parameters; with several searches number
  std::string y;  // empty: the first objective
};

struct PlottedSearch {
  v1::Search search;
  std::vector<v1::Trial> trials;
};

// The trials with a result and both values. NOT_FOUND: there are none; INVALID_ARGUMENT: no trial
// has a metric or decision of that name (the message lists those that are there).
absl::StatusOr<PlotData> MakePlotData(const std::vector<PlottedSearch>& searches,
                                      const PlotChoice& choice);

// How each trial learned. `metric` empty: the first objective. NOT_FOUND: nothing was measured.
absl::StatusOr<PlotData> MakeCurves(const v1::Search& search,
                                    const std::vector<v1::TrialMeasurements>& trials,
                                    const std::string& metric);

// A rough plot of at most `width` columns and `height` lines.
std::vector<std::string> DrawOnTerminal(const PlotData& data, int width, int height, bool colours);

// A gnuplot program, see common/picture/draw.h.
std::string PlotScript(const PlotData& data, picture::Format format);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_PLOT_H_
