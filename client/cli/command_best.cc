// nascent best.

#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/facts.h"
#include "client/cli/watch_view.h"
#include "common/exit_code.h"

namespace nascent::cli {
namespace {

constexpr char kBestFooter[] = R"(
The winner (with several objectives: the best on the first one; see `nascent pareto`): its
architecture, accuracies, size, and with --weights its trained parameters.

Examples:
  nascent best fashion-mnist
  nascent best fashion-mnist --weights winner.safetensors
  nascent best 12 --output json)";

absl::StatusOr<int> ShowBest(Context& context, const std::string& name,
                             const std::string& weights) {
  const auto search = context.client().Get(client::ParseSearchRef(name));
  if (!search.ok()) return search.status();
  if (search->leaders_size() == 0) {
    return absl::NotFoundError(absl::StrCat("search ", search->id(), " (", search->spec().name(),
                                            ") has no result yet: it is ", StateWord(*search)));
  }
  const v1::Trial& winner = search->leaders(0);
  if (!weights.empty()) {
    if (winner.weights().empty()) {
      return absl::NotFoundError(absl::StrCat(
          "no weights are stored for trial #", winner.number(), " of search ", search->id(),
          client::HasEnded(search->state())
              ? ""
              : ": they are kept of winners, try again when it has ended"));
    }
    const absl::Status status = context.client().GetArtifact(winner.weights(), weights);
    if (!status.ok()) return status;
  }
  if (context.json()) {
    context.PrintJson(TrialJson(winner));
    return kSuccess;
  }
  for (const std::string& line : WinnerLines(*search, context.style())) context.Print(line);
  if (!weights.empty()) context.Print(absl::StrCat("Weights are in ", weights));
  return kSuccess;
}

}  // namespace

void AddBest(CLI::App& app, Context& context) {
  CLI::App* best = app.add_subcommand("best", "Show the winner of a search, fetch its weights");
  const auto search = std::make_shared<std::string>();
  const auto weights = std::make_shared<std::string>();
  best->footer(kBestFooter);
  AddSearchArgument(*best, *search);
  best->add_option("--weights", *weights, "Write the winner's trained parameters to this file");
  best->callback([&context, search, weights] {
    context.SetServiceAction(
        [&context, search, weights] { return ShowBest(context, *search, *weights); });
  });
}

}  // namespace nascent::cli
