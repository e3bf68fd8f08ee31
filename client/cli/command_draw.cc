// nascent draw.

#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/drawing.h"
#include "client/cli/search_trials.h"
#include "client/cli/space_source.h"
#include "common/space/decisions/genotype_proto.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

constexpr char kTrialFooter[] = R"(
Draws the network of a trial with shapes and costs (needs Graphviz), as `nascent space draw` does for
a genotype.

Examples:
  nascent draw fashion-mnist 17 --to network.svg
  nascent draw fashion-mnist 17 --overview --to parts.png
  nascent draw fashion-mnist 17 --part stage1.cell0 --to cell.pdf)";

struct DrawOptions {
  std::string search;
  int64_t trial = 0;
  DrawingOptions drawing;
};

absl::StatusOr<v1::Dataset> FindDataset(client::NascentClient& client, const std::string& name) {
  NASCENT_ASSIGN_OR_RETURN(const auto datasets, client.ListDatasets());
  for (const v1::Dataset& dataset : datasets) {
    if (dataset.name() == name) return dataset;
  }
  return absl::NotFoundError(
      absl::StrCat("data set \"", name,
                   "\" is not registered any more: without its shape there is "
                   "no network"));
}

absl::StatusOr<int> DrawTrial(Context& context, const DrawOptions& options) {
  NASCENT_ASSIGN_OR_RETURN(const auto search,
                           context.client().Get(client::ParseSearchRef(options.search)));
  NASCENT_ASSIGN_OR_RETURN(const auto trial, FindTrial(context.client(), search, options.trial));
  NASCENT_ASSIGN_OR_RETURN(const auto dataset,
                           FindDataset(context.client(), search.spec().data().dataset()));
  NASCENT_ASSIGN_OR_RETURN(const auto loaded, LoadSpace(search.spec(), dataset));
  NASCENT_ASSIGN_OR_RETURN(const auto genotype,
                           space::FromProto(loaded.space->decisions(), trial.genotype()));
  return DrawNetwork(context, *loaded.space, genotype, options.drawing);
}

}  // namespace

void AddDraw(CLI::App& app, Context& context) {
  CLI::App* draw = app.add_subcommand("draw", "Draw the network of a trial");
  const auto options = std::make_shared<DrawOptions>();
  draw->footer(kTrialFooter);
  AddSearchArgument(*draw, options->search);
  draw->add_option("TRIAL", options->trial, "Number of the trial in its search")->required();
  AddDrawingOptions(*draw, options->drawing);
  draw->callback([&context, options] {
    context.SetServiceAction([&context, options] { return DrawTrial(context, *options); });
  });
}

}  // namespace nascent::cli
