// The report as a picture, by gnuplot.

#include <cmath>
#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "server/simulate/report.h"

namespace nascent::simulate {
namespace {

// In gnuplot's single quotes.
std::string Quoted(const std::string& text) {
  return "'" + absl::StrReplaceAll(text, {{"'", "''"}}) + "'";
}

struct Panel {
  std::string title;
  std::string block;  // prefix of the data blocks' names
};

std::string Block(const std::string& name, const std::vector<std::pair<double, Summary>>& rows) {
  std::string text = absl::StrCat("$", name, " << EOD\n");
  for (const auto& [x, summary] : rows) {
    if (!std::isfinite(summary.mean)) continue;
    absl::StrAppendFormat(&text, "%.17g %.17g %.17g %.17g\n", x, summary.mean, summary.q25,
                          summary.q75);
  }
  return text + "EOD\n";
}

std::string Script(const Report& report, const std::string& path) {
  std::string text;
  bool any_time = false;
  for (size_t i = 0; i < report.strategies.size(); ++i) {
    const Report::Strategy& strategy = report.strategies[i];
    std::vector<std::pair<double, Summary>> rows;
    for (const auto& row : strategy.queries) {
      rows.emplace_back(static_cast<double>(row.queries), row.summary);
    }
    absl::StrAppend(&text, Block(absl::StrCat("queries", i), rows));
    rows.clear();
    for (const auto& row : strategy.times) {
      rows.emplace_back(row.seconds, row.summary);
      any_time = any_time || std::isfinite(row.summary.mean);
    }
    absl::StrAppend(&text, Block(absl::StrCat("times", i), rows));
  }
  std::vector<Panel> panels = {{"queries", "queries"}};
  if (any_time) panels.push_back({"seconds", "times"});
  absl::StrAppend(&text, "set terminal pngcairo size ", 760 * panels.size(), ",560 noenhanced\n",
                  "set output ", Quoted(path), "\n", "set multiplot layout 1,", panels.size(), "\n",
                  "set logscale x\nset grid\nset key bottom right\n", "set ylabel ",
                  Quoted(report.metric), "\n");
  for (const Panel& panel : panels) {
    absl::StrAppend(&text, "set xlabel ", Quoted(panel.title), "\nplot ");
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
  return text + "unset multiplot\n";
}

}  // namespace

absl::Status DrawPng(const Report& report, const std::string& path) {
  FILE* const gnuplot = popen("gnuplot", "w");
  if (gnuplot == nullptr) return absl::UnavailableError("gnuplot can't be started");
  const std::string script = Script(report, path);
  const bool written = std::fwrite(script.data(), 1, script.size(), gnuplot) == script.size();
  if (pclose(gnuplot) != 0 || !written) {
    return absl::UnavailableError(
        absl::StrCat("gnuplot failed to draw ", path, "; is it installed?"));
  }
  return absl::OkStatus();
}

}  // namespace nascent::simulate
