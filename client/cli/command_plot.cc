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
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

constexpr char kPlotFooter[] = R"(
Draws all trials of a search: by default the first objective against the number of parameters, with
the front, the winner and the constraints. Any metric and any decision can be an axis. Of several
searches it draws how the best of each grew, or with --x all their trials in one plot. --curves
draws how each trial learned. Writes NAME-ID.png and NAME-ID.svg (or what --to says: .png, .svg,
.pdf) and draws a rough picture in the terminal.

Examples:
  nascent plot fashion-mnist
  nascent plot 12 --to picture.pdf
  nascent plot 12 --x multiply_accumulates --y test_accuracy
  nascent plot 12 --x learning_rate              a decision
  nascent plot 12 --x number                     how it went, trial by trial
  nascent plot 12 --curves --y training_loss
  nascent plot 12 13 14                          which search found more
  nascent plot 12 --terminal                     no files)";

constexpr int kTerminalHeight = 18;
constexpr int kTerminalWidth = 90;

struct Options {
  std::vector<std::string> searches;
  PlotChoice choice;
  std::vector<std::string> files;
  bool curves = false;
  bool terminal_only = false;
};

// Of what is drawn, as the beginning of a file's name that no program takes for an option.
std::string FileStem(const std::vector<PlottedSearch>& searches, bool curves) {
  std::string stem = searches.size() == 1 ? searches[0].search.spec().name() : "comparison";
  for (char& letter : stem) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(letter)) && letter != '-' &&
        letter != '_' && letter != '.') {
      letter = '_';
    }
  }
  if (!absl::ascii_isalnum(static_cast<unsigned char>(stem[0]))) stem[0] = '_';
  for (const PlottedSearch& one : searches) absl::StrAppend(&stem, "-", one.search.id());
  return curves ? stem + "-curves" : stem;
}

absl::StatusOr<PlotData> ReadCurves(Context& context, const Options& options,
                                    const v1::Search& search) {
  if (!options.choice.x.empty()) {
    return absl::InvalidArgumentError("--curves has epochs to the right: leave --x out");
  }
  const v1::SearchRef ref = client::RefOf(search);
  const std::string& metric = options.choice.y.empty() && search.spec().objectives_size() > 0
                                  ? search.spec().objectives(0).metric()
                                  : options.choice.y;
  auto measured = context.client().ListMeasurements(ref, metric);
  if (!measured.ok()) return measured.status();
  // For the message that names what there is instead.
  if (measured->empty()) measured = context.client().ListMeasurements(ref, "");
  if (!measured.ok()) return measured.status();
  return MakeCurves(search, *measured, metric);
}

absl::StatusOr<int> Plot(Context& context, Options options) {
  std::vector<PlottedSearch> searches;
  for (const std::string& name : options.searches) {
    NASCENT_ASSIGN_OR_RETURN(auto search, context.client().Get(client::ParseSearchRef(name)));
    searches.push_back({std::move(search), {}});
    if (options.curves) continue;
    NASCENT_ASSIGN_OR_RETURN(searches.back().trials,
                             context.client().ListTrials(client::RefOf(searches.back().search)));
  }
  if (options.curves && searches.size() > 1) {
    return absl::InvalidArgumentError("--curves: found several searches, expected one");
  }
  auto made = options.curves ? ReadCurves(context, options, searches[0].search)
                             : MakePlotData(searches, options.choice);
  NASCENT_ASSIGN_OR_RETURN(const auto data, std::move(made));
  if (options.files.empty() && !options.terminal_only) {
    const std::string stem = FileStem(searches, options.curves);
    options.files = {stem + ".png", stem + ".svg"};
  }
  for (const std::string& file : options.files) {
    NASCENT_ASSIGN_OR_RETURN(const auto format, picture::FormatOf(file));
    NASCENT_RETURN_IF_ERROR(picture::DrawWithGnuplot(PlotScript(data, format), file));
  }
  if (context.json()) {
    spec::Json files = spec::Json::List();
    for (const std::string& file : options.files) {
      files.Append(std::filesystem::absolute(file).string());
    }
    spec::Json ids = spec::Json::List();
    for (const PlottedSearch& one : searches) ids.Append(one.search.id());
    context.PrintJson(spec::Json::Object()
                          .Set("search_id", searches[0].search.id())
                          .Set("search_ids", std::move(ids))
                          .Set("x", data.x.name)
                          .Set("y", data.y.name)
                          .Set("points", data.CountPoints())
                          .Set("files", std::move(files)));
    return kSuccess;
  }
  context.Print(data.title);
  const int width = std::min(context.width(), kTerminalWidth);
  context.Print(DrawOnTerminal(data, width, kTerminalHeight, context.style().colours()));
  for (const std::string& file : options.files) {
    context.Print(absl::StrCat("Picture: ", std::filesystem::absolute(file).string()));
  }
  return kSuccess;
}

std::string CheckEnding(const std::string& file) {
  return std::string(picture::FormatOf(file).status().message());
}

}  // namespace

void AddPlot(CLI::App& app, Context& context) {
  CLI::App* plot = app.add_subcommand("plot", "Draw the trials of searches");
  const auto options = std::make_shared<Options>();
  plot->footer(kPlotFooter);
  plot->add_option("SEARCH", options->searches,
                   "Id, or name of the newest search of that name; several are compared")
      ->required();
  plot->add_option("--x", options->choice.x,
                   "To the right: a metric, a decision, or number: the trial's (default: "
                   "parameters, of several searches number)");
  plot->add_option("--y", options->choice.y,
                   "Upwards: a metric or a decision (default: the first objective)");
  plot->add_flag("--curves", options->curves, "A line per trial over its epochs");
  CLI::Option* to = plot->add_option("--to", options->files,
                                     "File to write: .png, .svg or .pdf (may be given twice)")
                        ->check(CheckEnding)
                        ->allow_extra_args(false);
  plot->add_flag("--terminal", options->terminal_only, "Write no files")->excludes(to);
  plot->callback([&context, options] {
    context.SetServiceAction([&context, options] { return Plot(context, *options); });
  });
}

}  // namespace nascent::cli
