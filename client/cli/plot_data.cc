#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/facts.h"
#include "client/cli/plot.h"

namespace nascent::cli {
namespace {

// Costs and whatever an objective minimizes are better when small.
bool SmallIsBetter(const std::string& metric, const v1::SearchSpec& spec) {
  for (const v1::Objective& objective : spec.objectives()) {
    if (objective.metric() == metric) return objective.goal() == v1::GOAL_MINIMIZE;
  }
  return !metric.ends_with("accuracy") && !metric.ends_with("mean_iou");
}

std::vector<PlotPoint> Front(std::vector<PlotPoint> points, double x_sign, double y_sign) {
  std::stable_sort(points.begin(), points.end(), [&](const PlotPoint& a, const PlotPoint& b) {
    return a.x != b.x ? a.x * x_sign > b.x * x_sign : a.y * y_sign > b.y * y_sign;
  });
  std::vector<PlotPoint> front;
  for (const PlotPoint& point : points) {
    if (front.empty() || point.y * y_sign > front.back().y * y_sign) front.push_back(point);
  }
  std::sort(front.begin(), front.end(),
            [](const PlotPoint& a, const PlotPoint& b) { return a.x < b.x; });
  return front;
}

}  // namespace

absl::StatusOr<PlotData> MakePlotData(const v1::Search& search,
                                      const std::vector<v1::Trial>& trials,
                                      const PlotChoice& choice) {
  PlotData data;
  data.x_metric = choice.x;
  data.y_metric = choice.y;
  if (data.y_metric.empty()) {
    data.y_metric = search.spec().objectives().empty() ? "validation_accuracy"
                                                       : search.spec().objectives(0).metric();
  }
  const bool any = std::any_of(trials.begin(), trials.end(), HasResult);
  if (!any) {
    return absl::NotFoundError(absl::StrCat("search ", search.id(), " has no finished trial yet"));
  }
  for (const std::string& metric : {data.x_metric, data.y_metric}) {
    const absl::Status status = CheckMetric(metric, trials);
    if (!status.ok()) return status;
  }
  for (const v1::Trial& trial : trials) {
    const auto x = Metric(trial, data.x_metric);
    const auto y = Metric(trial, data.y_metric);
    if (!HasResult(trial) || !x || !y || !std::isfinite(*x) || !std::isfinite(*y)) continue;
    data.points.push_back({trial.number(), *x, *y});
    if (search.leaders_size() > 0 && search.leaders(0).number() == trial.number()) {
      data.winner = {data.points.back()};
    }
  }
  if (data.points.empty()) {
    return absl::NotFoundError(absl::StrCat("no finished trial of search ", search.id(),
                                            " has both ", data.x_metric, " and ", data.y_metric));
  }
  std::sort(data.points.begin(), data.points.end(),
            [](const PlotPoint& a, const PlotPoint& b) { return a.number < b.number; });
  data.front = Front(data.points, SmallIsBetter(data.x_metric, search.spec()) ? -1 : 1,
                     SmallIsBetter(data.y_metric, search.spec()) ? -1 : 1);
  const auto [low, high] =
      std::minmax_element(data.points.begin(), data.points.end(),
                          [](const PlotPoint& a, const PlotPoint& b) { return a.x < b.x; });
  data.x_log = data.x_metric != "number" && low->x > 0 && high->x / low->x >= 10;
  data.title = absl::StrCat(search.spec().name(), " (search ", search.id(), "), ",
                            data.points.size(), " trials");
  return data;
}

}  // namespace nascent::cli
