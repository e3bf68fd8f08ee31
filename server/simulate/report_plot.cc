// The report as a picture, by gnuplot.

#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "common/picture/gnuplot.h"
#include "common/status_macros.h"
#include "server/simulate/report.h"

namespace nascent::simulate {
namespace {

using picture::Quoted;

struct Panel {
  std::string title;  // of the axis to the right
  std::string block;  // prefix of the data blocks' names
  std::string label;  // of the other axis
};

// A table's metrics are in units of its own: the name alone is the axis' title.
std::string Words(const std::string& metric) { return absl::StrReplaceAll(metric, {{"_", " "}}); }

std::string Block(const std::string& name, const std::vector<std::pair<double, Summary>>& rows) {
  std::string text = absl::StrCat("$", name, " << EOD\n");
  for (const auto& [x, summary] : rows) {
    if (!std::isfinite(summary.mean)) continue;
    absl::StrAppendFormat(&text, "%.17g %.17g %.17g %.17g\n", x, summary.mean, summary.q25,
                          summary.q75);
  }
  return text + "EOD\n";
}

// The data blocks of one figure, one per strategy; whether any of them has a point.
template <typename Rows, typename X>
bool AddBlocks(std::string& text, const Report& report, const std::string& prefix, const Rows& rows,
               const X& x) {
  bool any = false;
  for (size_t i = 0; i < report.strategies.size(); ++i) {
    std::vector<std::pair<double, Summary>> points;
    for (const auto& row : rows(report.strategies[i])) {
      points.emplace_back(x(row), row.summary);
      any = any || std::isfinite(row.summary.mean);
    }
    absl::StrAppend(&text, Block(absl::StrCat(prefix, i), points));
  }
  return any;
}

std::string Script(const Report& report, picture::Format format) {
  std::string text;
  std::vector<Panel> panels;
  const auto queries = [](const Report::AtQueries& row) {
    return static_cast<double>(row.queries);
  };
  const auto seconds = [](const Report::AtTime& row) { return row.seconds; };
  const auto add = [&](const Panel& panel, const auto& rows, const auto& x) {
    if (AddBlocks(text, report, panel.block, rows, x)) panels.push_back(panel);
  };
  using Strategy = Report::Strategy;
  if (report.objectives.empty()) {
    add(
        {"queries", "queries", Words(report.metric)}, [](const Strategy& s) { return s.queries; },
        queries);
    add(
        {"seconds", "times", Words(report.metric)}, [](const Strategy& s) { return s.times; },
        seconds);
  } else {
    const std::string share = "share of the table's hypervolume";
    add(
        {"queries", "queries", share}, [](const Strategy& s) { return s.hypervolume; }, queries);
    add(
        {"seconds", "times", share}, [](const Strategy& s) { return s.hypervolume_times; },
        seconds);
  }
  if (panels.empty()) panels.push_back({"queries", "queries", Words(report.metric)});
  const std::string title =
      absl::StrCat(report.objectives.empty() ? Words(report.metric) : "hypervolume",
                   ", mean and quartiles of ", report.seeds, " runs");
  text = absl::StrCat(picture::StyleScript(format, title, static_cast<int>(panels.size())),
                      "set logscale x\n", text);
  for (const Panel& panel : panels) {
    absl::StrAppend(&text, "set xlabel ", Quoted(panel.title), "\nset ylabel ", Quoted(panel.label),
                    "\nplot ");
    for (size_t i = 0; i < report.strategies.size(); ++i) {
      const std::string data = absl::StrCat("$", panel.block, i);
      absl::StrAppend(&text, i == 0 ? "" : ", ", data,
                      " using 1:3:4 with filledcurves fillstyle transparent solid 0.12 linecolor ",
                      i + 1, " notitle, ", data,
                      " using 1:2 with linespoints linewidth 2 pointtype 7 pointsize 0.6 "
                      "linecolor ",
                      i + 1, " title ", Quoted(report.strategies[i].name));
    }
    absl::StrAppend(&text, "\n");
  }
  return panels.size() > 1 ? text + "unset multiplot\n" : text;
}

}  // namespace

absl::Status DrawPicture(const Report& report, const std::string& path) {
  NASCENT_ASSIGN_OR_RETURN(const auto format, picture::FormatOf(path));
  return picture::DrawWithGnuplot(Script(report, format), path);
}

}  // namespace nascent::simulate
