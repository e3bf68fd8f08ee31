// nascent data add, list, remove.

#include <filesystem>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/dataset_files.h"
#include "client/cli/facts.h"
#include "client/cli/listings.h"
#include "common/exit_code.h"
#include "common/spec/message_json.h"
#include "common/spec/message_reader.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

constexpr char kAddFooter[] = R"(
Files are in IDX format, gzip or not (the format of MNIST and its kin: bytes [N, H, W] or
[N, C, H, W], labels [N], or [N, H, W] for segmentation). They are checked here and by the service,
and sent only where the service has not got them yet.

Examples:
  nascent data add fashion-mnist --from /usr/share/datasets/fashion-mnist
  nascent data add mine --kind image-classification \
      --train-examples train-images.idx --train-labels train-labels.idx \
      --test-examples test-images.idx --test-labels test-labels.idx)";

constexpr char kRemoveFooter[] = R"(
Refused while a search that has not ended needs it. Searches that have ended keep their results; its
files go when nothing else names them.

Example:
  nascent data remove fashion-mnist)";

constexpr char kDataListFooter[] = R"(
Examples:
  nascent data list
  nascent data list --output json)";

std::string ShapeText(const v1::Shape& shape) { return absl::StrJoin(shape.dimensions(), "×"); }

int64_t CountOf(const v1::Dataset& dataset, const std::string& split) {
  for (const v1::DataSplit& found : dataset.splits()) {
    if (found.name() == split) return found.count();
  }
  return 0;
}

absl::StatusOr<int> Add(Context& context, const DatasetFiles& files) {
  NASCENT_ASSIGN_OR_RETURN(auto loaded, LoadDataset(files));
  for (const std::string& content : loaded.artifacts) {
    const auto stored = context.client().PutArtifact(content);
    if (!stored.ok()) return stored.status();
  }
  NASCENT_ASSIGN_OR_RETURN(const auto dataset, context.client().RegisterDataset(loaded.dataset));
  if (context.json()) {
    context.PrintJson(spec::ToJson(dataset));
    return kSuccess;
  }
  context.Print(absl::StrCat("Registered ", dataset.name(), ": ", CountOf(dataset, "train"),
                             " training and ", CountOf(dataset, "test"), " test examples of ",
                             ShapeText(dataset.shape()), ", ", dataset.classes(), " classes"));
  return kSuccess;
}

absl::StatusOr<int> Remove(Context& context, const std::string& name) {
  NASCENT_RETURN_IF_ERROR(context.client().RemoveDataset(name));
  if (context.json()) {
    context.PrintJson(spec::Json::Object().Set("removed", name));
  } else {
    context.Print(absl::StrCat("Data set ", name, " is removed."));
  }
  return kSuccess;
}

absl::StatusOr<int> ListData(Context& context) {
  NASCENT_ASSIGN_OR_RETURN(const auto datasets, context.client().ListDatasets());
  if (context.json()) {
    spec::Json list = spec::Json::List();
    for (const v1::Dataset& dataset : datasets) list.Append(spec::ToJson(dataset));
    context.PrintJson(list);
    return kSuccess;
  }
  if (datasets.empty()) {
    context.Print("No data yet. Register some with `nascent data add NAME --from DIR`.");
    return kSuccess;
  }
  context.Print(DatasetTable(datasets));
  return kSuccess;
}

}  // namespace

void AddData(CLI::App& app, Context& context) {
  CLI::App* data = app.add_subcommand("data", "Register, list and remove data sets");
  data->require_subcommand(1);

  CLI::App* add = data->add_subcommand("add", "Register a data set");
  const auto files = std::make_shared<DatasetFiles>();
  add->footer(kAddFooter);
  add->add_option("NAME", files->name, "Its name in search files, [a-z0-9-_.]")->required();
  add->add_option("--kind", files->kind, "What a label is")
      ->check(CLI::IsMember({"image-classification", "image-segmentation"}))
      ->default_str("image-classification");
  add->add_option("--from", files->folder,
                  "Folder with the four files in MNIST's names (train-images-idx3-ubyte, …)");
  add->add_option("--train-examples", files->train_examples, "IDX file");
  add->add_option("--train-labels", files->train_labels, "IDX file");
  add->add_option("--test-examples", files->test_examples, "IDX file");
  add->add_option("--test-labels", files->test_labels, "IDX file");
  add->add_option("--classes", files->classes, "Number of classes (default: the largest label + 1)")
      ->check(CLI::Range(2, 256));
  add->callback([&context, files] {
    context.SetServiceAction([&context, files] { return Add(context, *files); });
  });

  CLI::App* list = data->add_subcommand("list", "List the registered data sets");
  list->footer(kDataListFooter);
  list->callback(
      [&context] { context.SetServiceAction([&context] { return ListData(context); }); });

  CLI::App* remove = data->add_subcommand("remove", "Forget a data set");
  const auto name = std::make_shared<std::string>();
  remove->footer(kRemoveFooter);
  remove->add_option("NAME", *name, "As in `nascent data list`")->required();
  remove->callback([&context, name] {
    context.SetServiceAction([&context, name] { return Remove(context, *name); });
  });
}

}  // namespace nascent::cli
