// nascent best.

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/facts.h"
#include "client/cli/watch_view.h"
#include "client/cli/winner.h"
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

absl::StatusOr<int> ShowBest(Context& context, const BestOptions& options) {
  NASCENT_ASSIGN_OR_RETURN(const auto search,
                           context.client().Get(client::ParseSearchRef(options.search)));
  NASCENT_ASSIGN_OR_RETURN(const v1::Trial trial,
                           FindResult(context.client(), search, options.trial));
  if (!options.weights.empty()) {
    NASCENT_RETURN_IF_ERROR(FetchWeights(context.client(), search, trial, options.weights));
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
