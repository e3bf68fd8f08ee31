#include "client/cli/plot.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/numbers.h"
#include "common/picture/gnuplot.h"

namespace nascent::cli {
namespace {

using picture::AxisFactor;
using picture::AxisTitle;
using picture::Quoted;

std::string Block(const std::string& name, const PlotData& data,
                  const std::vector<PlotPoint>& points) {
  std::string block = absl::StrCat("$", name, " << EOD\n");
  for (const PlotPoint& point : points) {
    absl::StrAppendFormat(&block, "%.12g %.12g %d\n", point.x * AxisFactor(data.x.name),
                          point.y * AxisFactor(data.y.name), point.number);
  }
  return block + "EOD\n";
}

std::string TitleOf(const PlotAxis& axis) {
  if (axis.name == "number") return "trial";
  return absl::StrCat(AxisTitle(axis.name), axis.log ? ", log scale" : "");
}

std::string AxisScript(const PlotAxis& axis, char letter) {
  const double factor = AxisFactor(axis.name);
  std::string script =
      absl::StrFormat("set %clabel %s\nset %crange [%.12g:%.12g]\n", letter, Quoted(TitleOf(axis)),
                      letter, axis.low * factor, axis.high * factor);
  if (axis.log) absl::StrAppendFormat(&script, "set logscale %c\n", letter);
  if (!axis.options.empty()) {
    std::vector<std::string> tics;
    size_t longest = 0;
    for (size_t i = 0; i < axis.options.size(); ++i) {
      tics.push_back(absl::StrCat(Quoted(axis.options[i]), " ", i));
      longest = std::max(longest, axis.options[i].size());
    }
    const bool crowded = letter == 'x' && longest * axis.options.size() > 70;
    absl::StrAppendFormat(&script, "set %ctics %s (%s)\n", letter, crowded ? "rotate by -30" : "",
                          absl::StrJoin(tics, ", "));
  } else if (factor == 1.0 && std::max(std::abs(axis.low), std::abs(axis.high)) >= 1000) {
    // 1.2k, 3M; on a log scale only powers of ten have numbers.
    absl::StrAppendFormat(&script, "set format %c '%%.%ds%%c'\n", letter, axis.log ? 0 : 1);
  }
  return script;
}

// Dashed lines across the plot, named in the legend by what follows them in `plots`.
void AddBoundPlots(const PlotData& data, std::string& script, std::vector<std::string>& plots) {
  for (size_t i = 0; i < data.bounds.size(); ++i) {
    const PlotBound& bound = data.bounds[i];
    const double value = bound.value * AxisFactor(bound.on_x ? data.x.name : data.y.name);
    const double low =
        bound.on_x ? data.y.low * AxisFactor(data.y.name) : data.x.low * AxisFactor(data.x.name);
    const double high =
        bound.on_x ? data.y.high * AxisFactor(data.y.name) : data.x.high * AxisFactor(data.x.name);
    absl::StrAppendFormat(&script, "$bound%d << EOD\n", i);
    for (const double end : {low, high}) {
      absl::StrAppendFormat(&script, "%.12g %.12g\n", bound.on_x ? value : end,
                            bound.on_x ? end : value);
    }
    script += "EOD\n";
    plots.push_back(absl::StrFormat(
        "$bound%d using 1:2 with lines dashtype 2 linewidth 1.5 linecolor '%s' title %s", i,
        picture::kBoundColour, Quoted(bound.title)));
  }
}

const char* FrontStyle(const PlotData& data) {
  return data.front_keeps_left || data.x.name == "number" ? "steps" : "fsteps";
}

void AddTrials(const PlotData& data, std::string& script, std::vector<std::string>& plots) {
  const PlotSeries& series = data.series[0];
  std::vector<PlotPoint> inside;
  std::vector<PlotPoint> outside;
  for (const PlotPoint& point : series.points) (point.feasible ? inside : outside).push_back(point);
  // The palette needs a range even where there is one trial.
  absl::StrAppend(&script, "set palette defined (0 '#c6dbef', 1 '#08306b')\nset cblabel 'trial'\n",
                  "set cbrange [0:", series.points.back().number, "]\n");
  if (!data.x.options.empty() || !data.y.options.empty()) {
    script += "set jitter overlap 0.5 spread 0.4\n";
  }
  if (!outside.empty()) {
    script += Block("outside", data, outside);
    plots.emplace_back(
        "$outside using 1:2 with points pointtype 6 pointsize 1.2 linecolor '#999999' title "
        "'outside the constraints'");
  }
  if (!inside.empty()) {
    script += Block("trials", data, inside);
    plots.emplace_back(
        "$trials using 1:2:3 with points pointtype 7 pointsize 1.4 linecolor palette title "
        "'trials'");
  }
  if (!series.front.empty()) {
    script += Block("front", data, series.front);
    plots.push_back(absl::StrFormat(
        "$front using 1:2 with %s linewidth 1.8 linecolor '%s' title '%s'", FrontStyle(data),
        picture::kFrontColour, data.x.name == "number" ? "best so far" : "front"));
  }
  if (!data.winner.empty()) {
    script += Block("winner", data, data.winner);
    plots.push_back(absl::StrFormat(
        "$winner using 1:2 with points pointtype 6 pointsize 2.6 linewidth 2.2 linecolor '%s' "
        "title 'winner'",
        picture::kFrontColour));
  }
}

void AddComparison(const PlotData& data, std::string& script, std::vector<std::string>& plots) {
  for (size_t i = 0; i < data.series.size(); ++i) {
    const PlotSeries& series = data.series[i];
    const bool points = data.kind == PlotData::Kind::kTrials;
    if (points) {
      script += Block(absl::StrCat("trials", i), data, series.points);
      plots.push_back(absl::StrFormat(
          "$trials%d using 1:2 with points pointtype 7 pointsize 0.9 linecolor %d title %s", i,
          i + 1, Quoted(series.title)));
    }
    if (series.front.empty()) continue;
    script += Block(absl::StrCat("front", i), data, series.front);
    plots.push_back(absl::StrFormat("$front%d using 1:2 with %s linewidth 2 linecolor %d %s", i,
                                    FrontStyle(data), i + 1,
                                    points ? "notitle" : "title " + Quoted(series.title)));
  }
}

void AddCurves(const PlotData& data, std::string& script, std::vector<std::string>& plots) {
  constexpr size_t kNamed = 12;  // lines that a legend still tells apart
  const int64_t winner = data.winner.empty() ? 0 : data.winner[0].number;
  const bool named = data.series.size() <= kNamed;
  if (!named) {
    absl::StrAppend(&script,
                    "set palette defined (0 '#c6dbef', 1 '#08306b')\nset cblabel 'trial'\n",
                    "set cbrange [0:", data.series.back().points[0].number, "]\n");
  }
  std::string last;
  for (size_t i = 0; i < data.series.size(); ++i) {
    const PlotSeries& series = data.series[i];
    const bool best = series.points[0].number == winner;
    script += Block(absl::StrCat("curve", i), data, series.points);
    const std::string title = best    ? absl::StrCat("title 'winner, ", series.title, "'")
                              : named ? absl::StrCat("title '", series.title, "'")
                                      : "notitle";
    const std::string colour = best    ? absl::StrCat("'", picture::kFrontColour, "'")
                               : named ? absl::StrCat(i + 1)
                                       : "palette";
    std::string plot = absl::StrFormat(
        "$curve%d using 1:2%s with linespoints pointtype 7 pointsize %s linewidth %s linecolor %s "
        "%s",
        i, best || named ? "" : ":3", best ? "0.8" : "0.4", best ? "3" : "1.4", colour, title);
    if (best) {
      last = std::move(plot);  // above all others
    } else {
      plots.push_back(std::move(plot));
    }
  }
  if (!last.empty()) plots.push_back(last);
}

}  // namespace

std::string PlotScript(const PlotData& data, picture::Format format) {
  std::string script = picture::StyleScript(format, data.title);
  script += AxisScript(data.x, 'x');
  script += AxisScript(data.y, 'y');
  std::vector<std::string> plots;
  AddBoundPlots(data, script, plots);
  if (data.kind == PlotData::Kind::kCurves) {
    AddCurves(data, script, plots);
  } else if (data.series.size() == 1) {
    AddTrials(data, script, plots);
  } else {
    AddComparison(data, script, plots);
  }
  absl::StrAppend(&script, "plot ", absl::StrJoin(plots, ", \\\n     "), "\n");
  return script;
}

}  // namespace nascent::cli
