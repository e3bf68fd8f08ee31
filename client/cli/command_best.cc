// nascent best.

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/facts.h"
#include "client/cli/search_trials.h"
#include "client/cli/watch_view.h"
#include "common/exit_code.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

constexpr char kBestFooter[] = R"(
The winner (with several objectives: the best on the first one; see `nascent pareto`): its
architecture, accuracies, size, and with --weights its trained parameters. With --trial any other
trial; weights are stored of winners, as many as the search's `final: {top}` says.

Examples:
  nascent best fashion-mnist
  nascent best fashion-mnist --weights winner.safetensors
  nascent best fashion-mnist --trial 17 --weights second.safetensors
  nascent best 12 --output json)";

struct BestOptions {
  std::string search;
  std::string weights;
  int64_t trial = 0;  // 0: the winner
};

// Which trials have weights, for a message.
std::string WithWeights(const std::vector<v1::Trial>& trials) {
  std::string numbers;
  for (const v1::Trial& trial : trials) {
    if (!trial.weights().empty()) {
      absl::StrAppend(&numbers, numbers.empty() ? "#" : ", #", trial.number());
    }
  }
  return numbers;
}

absl::Status FetchWeights(Context& context, const v1::Search& search, const v1::Trial& trial,
                          const std::string& path) {
  if (!trial.weights().empty()) return context.client().GetArtifact(trial.weights(), path);
  std::string why = ": they are kept of winners, try again when it has ended";
  if (client::HasEnded(search.state())) {
    NASCENT_ASSIGN_OR_RETURN(const auto trials, context.client().ListTrials(client::RefOf(search)));
    const std::string others = WithWeights(trials);
    why = others.empty() ? "" : absl::StrCat(": there are those of ", others);
  }
  return absl::NotFoundError(absl::StrCat("no weights are stored for trial #", trial.number(),
                                          " of search ", search.id(), why));
}

absl::StatusOr<int> ShowBest(Context& context, const BestOptions& options) {
  NASCENT_ASSIGN_OR_RETURN(auto search,
                           context.client().Get(client::ParseSearchRef(options.search)));
  v1::Trial trial;
  if (options.trial > 0) {
    NASCENT_ASSIGN_OR_RETURN(trial, FindTrial(context.client(), search, options.trial));
  } else if (search.leaders_size() == 0) {
    return absl::NotFoundError(
        absl::StrCat("search ", search.id(), " (", search.spec().name(), ") has no result",
                     client::HasEnded(search.state()) ? "" : " yet", ": it is ", StateWord(search),
                     search.state_reason().empty() ? "" : ", ", search.state_reason()));
  } else {
    trial = search.leaders(0);
  }
  if (!options.weights.empty()) {
    NASCENT_RETURN_IF_ERROR(FetchWeights(context, search, trial, options.weights));
  }
  if (context.json()) {
    context.PrintJson(TrialJson(search, trial));
    return kSuccess;
  }
  if (options.trial > 0) {
    context.Print(TrialLines(search, trial, context.limit(), context.style()));
  } else {
    context.Print(WinnerLines(search, context.limit(), context.style()));
  }
  if (!options.weights.empty()) context.Note(absl::StrCat("Weights are in ", options.weights));
  return kSuccess;
}

}  // namespace

void AddBest(CLI::App& app, Context& context) {
  CLI::App* best = app.add_subcommand("best", "Show the winner of a search, fetch its weights");
  const auto options = std::make_shared<BestOptions>();
  best->footer(kBestFooter);
  AddSearchArgument(*best, options->search);
  best->add_option("--trial", options->trial, "Number of another trial (default: the winner)")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 62));
  best->add_option("--weights", options->weights, "Write its trained parameters to this file");
  best->callback([&context, options] {
    context.SetServiceAction([&context, options] { return ShowBest(context, *options); });
  });
}

}  // namespace nascent::cli
