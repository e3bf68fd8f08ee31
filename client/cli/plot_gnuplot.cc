#include "client/cli/plot.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "client/local/process.h"

namespace nascent::cli {
namespace {

// In double quotes, for gnuplot, without its markup.
std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') out += '\\';
    out += letter == '\n' ? ' ' : letter;
  }
  return out + "\"";
}

std::string AxisName(const std::string& metric) {
  std::string name = metric;
  for (char& letter : name) letter = letter == '_' ? ' ' : letter;
  return metric.ends_with("accuracy") ? name + " (%)" : name;
}

double Scale(const std::string& metric) { return metric.ends_with("accuracy") ? 100.0 : 1.0; }

std::string Block(const std::string& name, const PlotData& data,
                  const std::vector<PlotPoint>& points) {
  std::string block = absl::StrCat("$", name, " << EOD\n");
  for (const PlotPoint& point : points) {
    absl::StrAppendFormat(&block, "%.12g %.12g %d\n", point.x * Scale(data.x_metric),
                          point.y * Scale(data.y_metric), point.number);
  }
  return block + "EOD\n";
}

}  // namespace

std::string GnuplotScript(const PlotData& data, const std::string& path) {
  std::string script;
  if (path.ends_with(".svg")) {
    script += "set terminal svg noenhanced size 900,600 font 'sans,14' background 'white'\n";
  } else {
    script += "set terminal pngcairo noenhanced size 1350,900 font 'sans,16' linewidth 1.5\n";
  }
  absl::StrAppend(&script, "set output ", Quoted(path), "\n");
  absl::StrAppend(&script, "set title ", Quoted(data.title), "\n");
  absl::StrAppend(&script, "set xlabel ", Quoted(AxisName(data.x_metric)), "\n");
  absl::StrAppend(&script, "set ylabel ", Quoted(AxisName(data.y_metric)), "\n");
  script +=
      "set border 3 linecolor '#666666'\n"
      "set xtics nomirror\nset ytics nomirror\n"
      "set grid linecolor '#e4e4e4' linetype 1\n"
      "set key outside below horizontal\n"
      "set palette defined (0 '#c6dbef', 1 '#08306b')\n"
      "set cblabel 'trial'\n"
      "set offsets graph 0.03, graph 0.03, graph 0.05, graph 0.05\n";
  if (!data.x_metric.ends_with("accuracy")) script += "set format x '%.1s%c'\n";
  if (data.x_log) script += "set logscale x\n";
  script += Block("trials", data, data.points);
  script += Block("front", data, data.front);
  if (!data.winner.empty()) script += Block("winner", data, data.winner);
  // The palette needs a range even where there is one trial.
  const auto last = data.points.empty() ? int64_t{1} : data.points.back().number;
  absl::StrAppend(&script, "set cbrange [0:", last, "]\n");
  script +=
      "plot $trials using 1:2:3 with points pointtype 7 pointsize 1.7 linecolor palette title "
      "'trials', \\\n"
      "     $front using 1:2 with lines linewidth 1.5 linecolor '#d95f02' title 'front'";
  if (!data.winner.empty()) {
    script +=
        ", \\\n     $winner using 1:2 with points pointtype 6 pointsize 3 linewidth 2.5 "
        "linecolor "
        "'#d95f02' title 'winner'";
  }
  return script + "\n";
}

absl::Status DrawWithGnuplot(const PlotData& data, const std::string& path) {
  // Gnuplot would print the picture where it can't write it.
  if (!std::ofstream(path, std::ios::app)) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets any
  const char* search_path = std::getenv("PATH");
  for (const auto folder : absl::StrSplit(search_path == nullptr ? "" : search_path, ':')) {
    const std::string program = absl::StrCat(folder, "/gnuplot");
    if (access(program.c_str(), X_OK) != 0) continue;
    local::ProgramSpec spec;
    spec.command = {program, "-"};
    spec.input = GnuplotScript(data, path);
    const auto output = local::RunProgram(spec);
    if (!output.ok()) return output.status();
    std::error_code error;
    if (std::filesystem::file_size(path, error) > 0 && !error) return absl::OkStatus();
    return absl::InternalError(absl::StrCat("gnuplot wrote nothing to ", path, ": ", *output));
  }
  return absl::NotFoundError("gnuplot is not installed (package gnuplot-nox), so no file is drawn");
}

}  // namespace nascent::cli
