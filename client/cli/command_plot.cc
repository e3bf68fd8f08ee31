// nascent plot.

#include <algorithm>
#include <filesystem>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/facts.h"
#include "client/cli/plot.h"
#include "common/exit_code.h"

namespace nascent::cli {
namespace {

constexpr char kPlotFooter[] = R"(
Draws all trials of a search: by default the first objective against the number of parameters, with
the front and the winner marked. Writes NAME-ID.png and NAME-ID.svg and draws a rough picture in the
terminal.

Examples:
  nascent plot fashion-mnist
  nascent plot 12 --to picture.svg
  nascent plot 12 --x multiply_accumulates --y test_accuracy
  nascent plot 12 --x number                     how it went, trial by trial
  nascent plot 12 --terminal                     no files)";

constexpr int kTerminalHeight = 18;
constexpr int kTerminalWidth = 90;

struct Options {
  std::string search;
  PlotChoice choice;
  std::vector<std::string> files;
  bool terminal_only = false;
};

// A search's name as part of a file's name.
std::string FileStem(const v1::Search& search) {
  std::string stem = search.spec().name();
  for (char& letter : stem) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(letter)) && letter != '-' &&
        letter != '_' && letter != '.') {
      letter = '_';
    }
  }
  return absl::StrCat(stem, "-", search.id());
}

absl::StatusOr<int> PlotSearch(Context& context, Options options) {
  const auto search = context.client().Get(client::ParseSearchRef(options.search));
  if (!search.ok()) return search.status();
  v1::SearchRef ref;
  ref.set_id(search->id());
  const auto trials = context.client().ListTrials(ref);
  if (!trials.ok()) return trials.status();
  const auto data = MakePlotData(*search, *trials, options.choice);
  if (!data.ok()) return data.status();
  if (options.files.empty() && !options.terminal_only) {
    options.files = {FileStem(*search) + ".png", FileStem(*search) + ".svg"};
  }
  for (const std::string& file : options.files) {
    const absl::Status status = DrawWithGnuplot(*data, file);
    if (!status.ok()) return status;
  }
  if (context.json()) {
    spec::Json files = spec::Json::List();
    for (const std::string& file : options.files) {
      files.Append(std::filesystem::absolute(file).string());
    }
    context.PrintJson(spec::Json::Object()
                          .Set("search_id", search->id())
                          .Set("x", data->x_metric)
                          .Set("y", data->y_metric)
                          .Set("points", static_cast<int64_t>(data->points.size()))
                          .Set("files", std::move(files)));
    return kSuccess;
  }
  const int width = std::min(context.width(), kTerminalWidth);
  for (const std::string& line :
       DrawOnTerminal(*data, width, kTerminalHeight, context.style().colours())) {
    context.Print(line);
  }
  for (const std::string& file : options.files) {
    context.Print(absl::StrCat("Picture: ", std::filesystem::absolute(file).string()));
  }
  return kSuccess;
}

std::string CheckEnding(const std::string& file) {
  return file.ends_with(".png") || file.ends_with(".svg") ? "" : "a file must end in .png or .svg";
}

}  // namespace

void AddPlot(CLI::App& app, Context& context) {
  CLI::App* plot = app.add_subcommand("plot", "Draw all trials of a search");
  const auto options = std::make_shared<Options>();
  plot->footer(kPlotFooter);
  AddSearchArgument(*plot, options->search);
  plot->add_option("--x", options->choice.x, "Metric to the right, or number: the trial's")
      ->default_str("parameters");
  plot->add_option("--y", options->choice.y, "Metric upwards (default: the first objective)");
  plot->add_option("--to", options->files, "File to write, .png or .svg (may be given twice)")
      ->check(CheckEnding);
  plot->add_flag("--terminal", options->terminal_only, "Write no files");
  plot->callback([&context, options] {
    context.SetServiceAction([&context, options] { return PlotSearch(context, *options); });
  });
}

}  // namespace nascent::cli
