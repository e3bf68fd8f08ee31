// The report as a picture, by gnuplot.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <utility>
#include <vector>

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
  std::string label;  // of the other axis
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

std::string Script(const Report& report, const std::string& path) {
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
        {"queries", "queries", report.metric}, [](const Strategy& s) { return s.queries; },
        queries);
    add(
        {"seconds", "times", report.metric}, [](const Strategy& s) { return s.times; }, seconds);
  } else {
    const std::string share = "share of the table's hypervolume";
    add(
        {"queries", "queries", share}, [](const Strategy& s) { return s.hypervolume; }, queries);
    add(
        {"seconds", "times", share}, [](const Strategy& s) { return s.hypervolume_times; },
        seconds);
  }
  if (panels.empty()) panels.push_back({"queries", "queries", report.metric});
  absl::StrAppend(&text, "set terminal pngcairo size ", 760 * panels.size(), ",560 noenhanced\n",
                  "set output ", Quoted(path), "\n", "set multiplot layout 1,", panels.size(), "\n",
                  "set logscale x\nset grid\nset key bottom right\n");
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
  return text + "unset multiplot\n";
}

// Whether the file ends as a picture does: gnuplot says nothing of a disk that is full.
bool IsWholePng(const std::string& path) {
  constexpr char kEnd[] = "IEND\xAE\x42\x60\x82";
  constexpr int kLength = sizeof(kEnd) - 1;
  std::ifstream file(path, std::ios::binary);
  std::array<char, kLength> end{};
  file.seekg(-kLength, std::ios::end);
  file.read(end.data(), kLength);
  return file.good() && std::equal(end.begin(), end.end(), kEnd);
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
  if (IsWholePng(path)) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("cannot write the picture ", path, " as a whole; is the disk full?"));
}

}  // namespace nascent::simulate
