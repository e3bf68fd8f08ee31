#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/facts.h"
#include "client/cli/genotype.h"
#include "client/cli/numbers.h"
#include "client/cli/pareto.h"
#include "client/cli/plot.h"
#include "common/spec/suggest.h"

namespace nascent::cli {
namespace {

constexpr double kMargin = 0.04;  // of the range, on each side

// Costs and whatever an objective minimizes are better when small.
bool SmallIsBetter(const std::string& metric, const v1::SearchSpec& spec) {
  for (const v1::Objective& objective : spec.objectives()) {
    if (objective.metric() == metric) return objective.goal() == v1::GOAL_MINIMIZE;
  }
  return !metric.ends_with("accuracy") && !metric.ends_with("mean_iou");
}

std::vector<PlotPoint> Front(const std::vector<PlotPoint>& all, double x_sign, double y_sign) {
  std::vector<PlotPoint> points;
  std::copy_if(all.begin(), all.end(), std::back_inserter(points),
               [](const PlotPoint& point) { return point.feasible; });
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

std::string FirstObjective(const v1::Search& search) {
  return search.spec().objectives().empty() ? "validation_accuracy"
                                            : search.spec().objectives(0).metric();
}

// The names that an axis may have; of decisions also in short.
struct Names {
  std::set<std::string> metrics = {"number"};
  std::map<std::string, std::string> decisions;  // by label and by short label: the label
};

Names NamesOf(const std::vector<PlottedSearch>& searches) {
  Names names;
  std::set<std::string> labels;
  for (const PlottedSearch& one : searches) {
    for (const v1::Trial& trial : one.trials) {
      for (const auto& [metric, value] : trial.metrics()) names.metrics.insert(metric);
    }
    for (const v1::SearchDecision& decision : one.search.decisions()) {
      labels.insert(decision.label());
    }
  }
  for (const auto& [label, brief] : ShortLabels(labels)) {
    names.decisions[label] = label;
    names.decisions.emplace(brief, label);
  }
  return names;
}

absl::Status Unknown(const std::string& option, const std::string& name, const Names& names) {
  std::vector<std::string> all(names.metrics.begin(), names.metrics.end());
  for (const auto& [label, meant] : names.decisions) all.push_back(label);
  constexpr size_t kMost = 24;
  const size_t left = all.size() > kMost ? all.size() - kMost : 0;
  const std::string meant = spec::DidYouMean(name, all);
  all.resize(all.size() - left);
  return absl::InvalidArgumentError(absl::StrCat(
      option, ": no trial has a metric or decision \"", name, "\"", meant, "; there are ",
      absl::StrJoin(all, ", "), left > 0 ? absl::StrCat(" and ", left, " more") : ""));
}

const v1::Domain* DomainOf(const v1::Search& search, const std::string& label) {
  for (const v1::SearchDecision& decision : search.decisions()) {
    if (decision.label() == label) return &decision.domain();
  }
  return nullptr;
}

// Fills the axis' options as they turn up: those of several searches may differ.
std::optional<double> ValueOf(const v1::Search& search, const v1::Trial& trial, PlotAxis& axis) {
  if (const auto metric = Metric(trial, axis.name)) return metric;
  const v1::Domain* domain = DomainOf(search, axis.name);
  if (domain == nullptr) return std::nullopt;
  for (const NamedValue& value : DecisionsOf(search, trial)) {
    if (value.label != axis.name) continue;
    double number = 0;
    const bool list = domain->has_choice() || domain->has_ordered();
    if (!list) {
      axis.log = axis.log || domain->has_log_uniform() || domain->has_log_integer();
      for (const v1::DecisionValue& raw : trial.genotype().values()) {
        if (raw.label() != axis.name) continue;
        number = raw.value_case() == v1::DecisionValue::kReal ? raw.real()
                                                              : static_cast<double>(raw.integer());
      }
      return number;
    }
    const auto found = std::find(axis.options.begin(), axis.options.end(), value.text);
    number = static_cast<double>(found - axis.options.begin());
    if (found == axis.options.end()) axis.options.push_back(value.text);
    return number;
  }
  return std::nullopt;
}

// All options of the decision in their order, so that one that no trial has is seen to be missing.
void ListOptions(const std::vector<PlottedSearch>& searches, PlotAxis& axis) {
  for (const PlottedSearch& one : searches) {
    const v1::Domain* domain = DomainOf(one.search, axis.name);
    if (domain == nullptr || (!domain->has_choice() && !domain->has_ordered())) continue;
    v1::Trial trial;
    v1::DecisionValue& value = *trial.mutable_genotype()->add_values();
    value.set_label(axis.name);
    const int count =
        domain->has_choice() ? domain->choice().values_size() : domain->ordered().values_size();
    for (int i = 0; i < count; ++i) {
      value.set_option(i);
      ValueOf(one.search, trial, axis);
    }
  }
}

// The range of what is drawn, and whether it is better seen in the logarithm.
void SetRange(PlotAxis& axis, std::vector<double> values, bool may_be_log) {
  if (!axis.options.empty()) {
    axis.low = -0.5;
    axis.high = static_cast<double>(axis.options.size()) - 0.5;
    axis.log = false;
    return;
  }
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  axis.low = *low;
  axis.high = *high;
  axis.log = axis.low > 0 && (axis.log || (may_be_log && axis.high / axis.low >= 10));
  if (axis.log) {
    const double margin = std::max(kMargin * std::log(axis.high / axis.low), 0.02);
    axis.low *= std::exp(-margin);
    axis.high *= std::exp(margin);
    return;
  }
  double margin = kMargin * (axis.high - axis.low);
  if (margin == 0) margin = axis.low == 0 ? 1 : 0.05 * std::abs(axis.low);
  // No metric below 0 is hinted at where there is none.
  const bool positive = axis.low >= 0;
  axis.low -= margin;
  axis.high += margin;
  if (positive) axis.low = std::max(axis.low, 0.0);
  if (axis.name == "number" || axis.name == "epoch") axis.low = 0;
}

std::vector<double> Values(const PlotData& data, bool x) {
  std::vector<double> values;
  for (const PlotSeries& series : data.series) {
    for (const PlotPoint& point : series.points) values.push_back(x ? point.x : point.y);
  }
  return values;
}

// The constraints of `search` on what an axis shows; the axis grows for one that is near.
void AddBounds(const v1::Search& search, bool on_x, PlotData& data) {
  PlotAxis& axis = on_x ? data.x : data.y;
  const auto place = [&](double value) {
    return axis.log ? (value > 0 ? std::log(value) : -HUGE_VAL) : value;
  };
  const auto add = [&](double value, const char* how) {
    const double low = place(axis.low);
    const double high = place(axis.high);
    const double span = high - low;
    const double at = place(value);
    if (!(at > low - span && at < high + span)) return;
    const double margin = kMargin * span;
    const auto back = [&](double position) { return axis.log ? std::exp(position) : position; };
    if (at < low) axis.low = back(at - margin);
    if (at > high) axis.high = back(at + margin);
    data.bounds.push_back(
        {on_x, value, absl::StrCat(Words(axis.name), how, FormatMetric(axis.name, value))});
  };
  for (const v1::Constraint& constraint : search.spec().constraints()) {
    if (constraint.metric() != axis.name) continue;
    if (constraint.has_at_most()) add(constraint.at_most(), " at most ");
    if (constraint.has_at_least()) add(constraint.at_least(), " at least ");
  }
}

// What was best up to each trial.
std::vector<PlotPoint> BestSoFar(const std::vector<PlotPoint>& points, bool small) {
  std::vector<PlotPoint> best;
  for (const PlotPoint& point : points) {
    if (!point.feasible) continue;
    const bool better = best.empty() || (small ? point.y < best.back().y : point.y > best.back().y);
    if (better) best.push_back(point);
  }
  // On to the last trial.
  if (!best.empty() && best.back().x < points.back().x) {
    best.push_back({points.back().number, points.back().x, best.back().y, true});
  }
  return best;
}

std::string NameOf(const v1::Search& search) {
  return absl::StrCat(search.spec().name(), " (search ", search.id(), ")");
}

}  // namespace

int64_t PlotData::CountPoints() const {
  size_t count = 0;
  for (const PlotSeries& one : series) count += one.points.size();
  return static_cast<int64_t>(count);
}

absl::StatusOr<PlotData> MakePlotData(const std::vector<PlottedSearch>& searches,
                                      const PlotChoice& choice) {
  const v1::Search& first = searches[0].search;
  PlotData data;
  data.x.name = !choice.x.empty() ? choice.x : searches.size() > 1 ? "number" : "parameters";
  data.y.name = choice.y.empty() ? FirstObjective(first) : choice.y;
  for (const PlottedSearch& one : searches) {
    if (std::none_of(one.trials.begin(), one.trials.end(), HasResult)) {
      return absl::NotFoundError(
          absl::StrCat("search ", one.search.id(), " has no finished trial yet"));
    }
  }
  const Names names = NamesOf(searches);
  bool decisions = false;
  for (PlotAxis* axis : {&data.x, &data.y}) {
    if (names.metrics.contains(axis->name)) continue;
    const auto label = names.decisions.find(axis->name);
    if (label == names.decisions.end()) {
      return Unknown(axis == &data.x ? "--x" : "--y", axis->name, names);
    }
    axis->name = label->second;
    decisions = true;
    ListOptions(searches, *axis);
  }
  for (const PlottedSearch& one : searches) {
    PlotSeries series{NameOf(one.search), {}, {}};
    for (const v1::Trial& trial : one.trials) {
      if (!HasResult(trial)) continue;
      const auto x = ValueOf(one.search, trial, data.x);
      const auto y = ValueOf(one.search, trial, data.y);
      if (!x || !y || !std::isfinite(*x) || !std::isfinite(*y)) continue;
      series.points.push_back({trial.number(), *x, *y, IsFeasible(trial, one.search.spec())});
      if (searches.size() == 1 && first.leaders_size() > 0 &&
          first.leaders(0).number() == trial.number()) {
        data.winner = {series.points.back()};
      }
    }
    if (series.points.empty()) {
      return absl::NotFoundError(absl::StrCat("no finished trial of search ", one.search.id(),
                                              " has both ", data.x.name, " and ", data.y.name));
    }
    std::sort(series.points.begin(), series.points.end(),
              [](const PlotPoint& a, const PlotPoint& b) { return a.number < b.number; });
    const bool x_small = SmallIsBetter(data.x.name, first.spec());
    const bool y_small = SmallIsBetter(data.y.name, first.spec());
    data.front_keeps_left = x_small;
    if (data.x.name == "number") {
      series.front = BestSoFar(series.points, y_small);
    } else if (!decisions) {
      series.front = Front(series.points, x_small ? -1 : 1, y_small ? -1 : 1);
    }
    data.series.push_back(std::move(series));
  }
  if (searches.size() > 1 && data.x.name == "number") data.kind = PlotData::Kind::kProgress;
  SetRange(data.x, Values(data, true), data.x.name != "number");
  SetRange(data.y, Values(data, false), false);
  AddBounds(first, true, data);
  AddBounds(first, false, data);
  data.title =
      searches.size() == 1
          ? absl::StrCat(NameOf(first), ": ", Plural(data.CountPoints(), "trial"))
          : absl::StrCat(searches.size(), " searches, ", Plural(data.CountPoints(), "trial"));
  return data;
}

absl::StatusOr<PlotData> MakeCurves(const v1::Search& search,
                                    const std::vector<v1::TrialMeasurements>& trials,
                                    const std::string& metric) {
  PlotData data;
  data.kind = PlotData::Kind::kCurves;
  data.x.name = "epoch";
  data.y.name = metric.empty() ? FirstObjective(search) : metric;
  const int64_t winner = search.leaders_size() > 0 ? search.leaders(0).number() : 0;
  std::set<std::string> measured;
  for (const v1::TrialMeasurements& trial : trials) {
    PlotSeries series{absl::StrCat("#", trial.trial_number()), {}, {}};
    for (const v1::Measurement& one : trial.measurements()) {
      measured.insert(one.metric());
      if (one.metric() != data.y.name) continue;
      series.points.push_back(
          {trial.trial_number(), static_cast<double>(one.epoch()), one.value()});
    }
    if (series.points.empty()) continue;
    if (trial.trial_number() == winner) data.winner = {series.points.back()};
    data.series.push_back(std::move(series));
  }
  if (data.series.empty()) {
    return absl::NotFoundError(absl::StrCat("search ", search.id(), ": no training measured ",
                                            data.y.name, measured.empty() ? "" : "; there are ",
                                            absl::StrJoin(measured, ", ")));
  }
  SetRange(data.x, Values(data, true), false);
  SetRange(data.y, Values(data, false), data.y.name.ends_with("loss"));
  AddBounds(search, false, data);
  data.title = absl::StrCat(NameOf(search), ": how ",
                            Plural(static_cast<int64_t>(data.series.size()), "trial"), " learned");
  return data;
}

}  // namespace nascent::cli
