// nascent list, nascent show.

#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/facts.h"
#include "client/cli/numbers.h"
#include "client/cli/watch_view.h"
#include "common/exit_code.h"

namespace nascent::cli {
namespace {

constexpr char kSearchListFooter[] = R"(
Examples:
  nascent list                        how far each is, the time left, the best so far
  nascent list --limit 5 --output json)";

constexpr char kSearchShowFooter[] = R"(
Shows one search: how far it is, its best trials, and the search file with all defaults filled in.

Examples:
  nascent show fashion-mnist
  nascent show 12 --output json)";

// "3m 05s", or "–" where nothing is left or nobody knows.
std::string TimeLeft(const v1::Search& search) {
  const v1::SearchProgress& progress = search.progress();
  const bool ended = search.has_finished_at();
  if (ended || !progress.has_remaining_seconds()) return "–";
  return FormatSeconds(progress.remaining_seconds());
}

// The first objective's value of the leader.
std::string BestText(const v1::Search& search) {
  if (search.leaders_size() == 0) return "–";
  return MetricText(search.leaders(0), ShownMetrics(search)[0]);
}

absl::StatusOr<int> ListSearches(Context& context, int64_t limit) {
  const auto searches = context.client().List(limit);
  if (!searches.ok()) return searches.status();
  if (context.json()) {
    spec::Json list = spec::Json::List();
    for (const v1::Search& search : *searches) list.Append(SearchJson(search));
    context.PrintJson(list);
    return kSuccess;
  }
  if (searches->empty()) {
    context.Print("No searches yet. Start one with `nascent submit FILE`.");
    return kSuccess;
  }
  Table table({{.title = "id", .right = true},
               {.title = "name", .flexible = true},
               {.title = "state"},
               {.title = "trials", .right = true},
               {.title = "left", .right = true},
               {.title = "best", .right = true},
               {.title = "strategy"},
               {.title = "space"},
               {.title = "submitted"}});
  for (const v1::Search& search : *searches) {
    const v1::Budget& budget = search.spec().budget();
    table.Add({absl::StrCat(search.id()), search.spec().name(),
               Table::Cell(StateWord(search), StateInk(search)),
               absl::StrCat(search.progress().finished(),
                            budget.has_trials() ? absl::StrCat("/", budget.trials()) : ""),
               TimeLeft(search), BestText(search), StrategyName(search.spec()),
               SpaceName(search.spec()), Ago(search.created_at())});
  }
  context.Print(table);
  return kSuccess;
}

absl::StatusOr<int> ShowSearch(Context& context, const std::string& name) {
  const auto search = context.client().Get(client::ParseSearchRef(name));
  if (!search.ok()) return search.status();
  if (context.json()) {
    context.PrintJson(SearchJson(*search));
    return kSuccess;
  }
  WatchView view;
  v1::WatchSearchResponse update;
  *update.mutable_search() = *search;
  const Style style = context.style();
  view.Update(update, style);
  constexpr int kHeight = 24;
  for (const std::string& line : view.Frame(context.width(), kHeight, style)) context.Print(line);
  for (const std::string& warning : search->warnings()) {
    context.Print(absl::StrCat(style.Paint("note: ", Ink::kBusy), warning));
  }
  if (!search->state_reason().empty()) {
    context.Print(absl::StrCat("\n", StateWord(*search), ": ", search->state_reason()));
  }
  context.Print(absl::StrCat("\n", style.Paint("Search file", Ink::kBold)));
  for (const std::string& line : SearchFileLines(search->spec())) context.Print(line);
  return kSuccess;
}

}  // namespace

void AddSearchArgument(CLI::App& command, std::string& search) {
  command.add_option("SEARCH", search, "Id, or name of the newest search of that name")->required();
}

void AddSearches(CLI::App& app, Context& context) {
  CLI::App* list = app.add_subcommand("list", "List searches, newest first");
  const auto limit = std::make_shared<int64_t>(100);
  list->footer(kSearchListFooter);
  list->add_option("--limit,-n", *limit, "At most so many")
      ->check(CLI::Range(1, 1000000))
      ->default_str("100");
  list->callback([&context, limit] {
    context.SetServiceAction([&context, limit] { return ListSearches(context, *limit); });
  });

  CLI::App* show = app.add_subcommand("show", "Show one search");
  const auto search = std::make_shared<std::string>();
  show->footer(kSearchShowFooter);
  AddSearchArgument(*show, *search);
  show->callback([&context, search] {
    context.SetServiceAction([&context, search] { return ShowSearch(context, *search); });
  });
}

}  // namespace nascent::cli
