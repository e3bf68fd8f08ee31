// nascent watch.

#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/cli/commands.h"
#include "client/cli/facts.h"
#include "client/cli/watch_view.h"
#include "common/exit_code.h"

namespace nascent::cli {
namespace {

constexpr char kWatchFooter[] = R"(
On a terminal the picture is redrawn in place; elsewhere there is a line for each event. With
--output json each change is one line: {"search", "trials", "progress"} with the trials that
changed. Ctrl-C ends the watching, not the search.

Exit status: 0 the search completed, 6 it failed or was cancelled.

Examples:
  nascent watch fashion-mnist
  nascent watch 12 --output json | jq .search.progress)";

// Of a log, in columns.
constexpr int kLongestLine = 160;

// A watch outlives a coordinator that is replaced.
constexpr absl::Duration kPatience = absl::Minutes(5);

// Draws over what it drew before.
class Screen {
 public:
  void Draw(const std::vector<std::string>& lines) {
    std::string out;
    if (drawn_ > 0) absl::StrAppend(&out, "\x1b[", drawn_, "A");
    out += "\r";
    for (const std::string& line : lines) absl::StrAppend(&out, line, "\x1b[K\n");
    out += "\x1b[J";
    drawn_ = static_cast<int>(lines.size());
    std::cout << out << std::flush;
  }

  // What is drawn next goes below.
  void Keep() { drawn_ = 0; }

 private:
  int drawn_ = 0;
};

spec::Json UpdateJson(const v1::WatchSearchResponse& update) {
  spec::Json trials = spec::Json::List();
  spec::Json progress = spec::Json::Object();
  for (const v1::Trial& trial : update.trials()) {
    trials.Append(TrialJson(update.search(), trial));
    const auto share = update.progress().find(trial.id());
    if (share != update.progress().end()) {
      progress.Set(absl::StrCat(trial.id()), share->second);
    }
  }
  return spec::Json::Object()
      .Set("search", SearchJson(update.search()))
      .Set("trials", std::move(trials))
      .Set("progress", std::move(progress));
}

}  // namespace

absl::StatusOr<int> WatchUntilEnd(Context& context, const v1::SearchRef& search) {
  WatchView view;
  Screen screen;
  const Style style = context.style();
  const bool redraw = context.terminal();
  // A remark in the middle of a redrawn picture has its place in the picture.
  const auto on_wait = [&](const absl::Status&) {
    const std::string remark = absl::StrCat("waiting for the service at ", context.address(), " …");
    if (!redraw) {
      context.Note(remark);
      return;
    }
    std::vector<std::string> lines = view.Frame(context.width(), context.height() - 2, style);
    lines.push_back(style.Paint(remark, Ink::kBusy));
    screen.Draw(lines);
  };
  client::NascentClient watcher(
      context.address(),
      {.call_timeout = absl::Seconds(30), .patience = absl::Seconds(30), .on_wait = on_wait});
  const absl::Status status =
      watcher.Watch(search, std::max(kPatience, absl::Seconds(context.patience_seconds)),
                    [&](const v1::WatchSearchResponse& update) {
                      if (context.json()) {
                        context.PrintLine(UpdateJson(update));
                        view.Update(update, style);
                        return std::cout.good();
                      }
                      const std::vector<std::string> news = view.Update(update, style);
                      if (redraw) {
                        screen.Draw(view.Frame(context.width(), context.height() - 1, style));
                      } else {
                        for (const std::string& line : news) {
                          std::cout << Clip(line, kLongestLine) << "\n";
                        }
                        std::cout.flush();
                      }
                      return std::cout.good();
                    });
  // Nobody can read on; what is said of that is said of every command.
  if (!std::cout.good()) return kFailed;
  if (!status.ok()) return status;
  const v1::Search& last = view.search();
  if (!context.json()) {
    screen.Keep();
    context.Print("");
    if (last.leaders_size() > 0) {
      context.Print(WinnerLines(last, context.limit(), style));
    }
    if (last.state() != v1::SEARCH_STATE_COMPLETED) {
      context.Print(absl::StrCat("The search ended ", style.Paint(StateWord(last), StateInk(last)),
                                 last.state_reason().empty() ? "" : ": ", last.state_reason()));
    }
  }
  return last.state() == v1::SEARCH_STATE_COMPLETED ? kSuccess : kSearchFailed;
}

void AddWatch(CLI::App& app, Context& context) {
  CLI::App* watch = app.add_subcommand("watch", "Follow a search until it ends");
  const auto search = std::make_shared<std::string>();
  watch->footer(kWatchFooter);
  AddSearchArgument(*watch, *search);
  watch->callback([&context, search] {
    context.SetServiceAction(
        [&context, search] { return WatchUntilEnd(context, client::ParseSearchRef(*search)); });
  });
}

}  // namespace nascent::cli
