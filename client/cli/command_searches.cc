// nascent list, nascent show.

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/commands.h"
#include "client/cli/facts.h"
#include "client/cli/listings.h"
#include "client/cli/search_file_text.h"
#include "client/cli/search_trials.h"
#include "client/cli/trial_report.h"
#include "client/cli/watch_view.h"
#include "common/exit_code.h"
#include "common/spec/message_json.h"
#include "common/spec/message_reader.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

constexpr int kFileWidth = 100;

constexpr char kSearchListFooter[] = R"(
Examples:
  nascent list                        how far each is, the time left, the best so far
  nascent list --limit 5 --output json)";

constexpr char kSearchShowFooter[] = R"(
Shows one search: how far it is, its best trials, and the search file with all defaults filled in.
With TRIAL one trial: what was decided, what it measured, how it learned, what it was made from, and
its genotype as other commands take it.

Examples:
  nascent show fashion-mnist
  nascent show fashion-mnist 17
  nascent show 12 --output json)";

absl::StatusOr<int> ListSearches(Context& context, int64_t limit) {
  NASCENT_ASSIGN_OR_RETURN(const auto searches, context.client().List(limit));
  if (context.json()) {
    spec::Json list = spec::Json::List();
    for (const v1::Search& search : searches) list.Append(SearchJson(search));
    context.PrintJson(list);
    return kSuccess;
  }
  if (searches.empty()) {
    context.Print("No searches yet. Start one with `nascent submit FILE`.");
    return kSuccess;
  }
  context.Print(SearchTable(searches, absl::Now()));
  return kSuccess;
}

absl::StatusOr<int> ShowSearch(Context& context, const std::string& name) {
  NASCENT_ASSIGN_OR_RETURN(const auto search, context.client().Get(client::ParseSearchRef(name)));
  if (context.json()) {
    context.PrintJson(SearchJson(search));
    return kSuccess;
  }
  WatchView view;
  v1::WatchSearchResponse update;
  *update.mutable_search() = search;
  const Style style = context.style();
  view.Update(update, style);
  constexpr int kHeight = 24;
  for (const std::string& line : view.Frame(context.width(), kHeight, style)) context.Print(line);
  for (const std::string& warning : search.warnings()) {
    context.Print(absl::StrCat(style.Paint("note: ", Ink::kBusy), warning));
  }
  if (!search.state_reason().empty()) {
    context.Print(absl::StrCat("\n", StateWord(search), ": ", search.state_reason()));
  }
  context.Print(absl::StrCat("\n", style.Paint("Search file", Ink::kBold)));
  context.Print(SearchFileLines(search.spec(), std::min(context.width(), kFileWidth)));
  return kSuccess;
}

spec::Json MeasurementsJson(const std::vector<v1::TrialMeasurements>& trials) {
  spec::Json list = spec::Json::List();
  for (const v1::TrialMeasurements& trial : trials) {
    for (const v1::Measurement& one : trial.measurements()) list.Append(spec::ToJson(one));
  }
  return list;
}

absl::StatusOr<int> ShowTrial(Context& context, const std::string& name, int64_t number) {
  NASCENT_ASSIGN_OR_RETURN(const auto read, ReadSearchTrials(context.client(), name));
  const auto& [search, trials] = read;
  NASCENT_ASSIGN_OR_RETURN(const auto trial, FindTrial(search, trials, number));
  NASCENT_ASSIGN_OR_RETURN(const auto measured,
                           context.client().ListMeasurements(client::RefOf(search), "", number));
  if (context.json()) {
    context.PrintJson(TrialJson(search, *trial)
                          .Set("recipe", spec::ToJson(trial->recipe()))
                          .Set("measurements", MeasurementsJson(measured)));
    return kSuccess;
  }
  TrialReport report{search, *trial, Ancestors(trials, number), measured};
  context.Print(ReportLines(report, context.limit(), context.style()));
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

  CLI::App* show = app.add_subcommand("show", "Show one search, or one trial of it");
  const auto search = std::make_shared<std::string>();
  const auto trial = std::make_shared<int64_t>(0);
  show->footer(kSearchShowFooter);
  AddSearchArgument(*show, *search);
  show->add_option("TRIAL", *trial, "Number of a trial")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 62));
  show->callback([&context, search, trial] {
    context.SetServiceAction([&context, search, trial] {
      return *trial > 0 ? ShowTrial(context, *search, *trial) : ShowSearch(context, *search);
    });
  });
}

}  // namespace nascent::cli
