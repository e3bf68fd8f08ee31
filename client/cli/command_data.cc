// nascent data add, list, show, remove.

#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/dataset_files.h"
#include "client/cli/dataset_screen.h"
#include "client/cli/facts.h"
#include "client/cli/listings.h"
#include "client/cli/table_files.h"
#include "common/data/dataset.h"
#include "common/data/idx.h"
#include "common/exit_code.h"
#include "common/spec/message_json.h"
#include "common/spec/message_reader.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

constexpr char kAddFooter[] = R"(
--format idx, the default: images in IDX format, gzip or not (the format of MNIST and its kin: bytes
[N, H, W] or [N, C, H, W], labels [N], or [N, H, W] for segmentation).

--format csv: a table whose first row names the columns; a second FILE is for the final test, else
--test-share of the rows are drawn for it, of each class alike. A column is of numbers where each of
its values is one, and of categories otherwise. No value is an empty field, NA, N/A, null, NULL or ?.
Compressed with gzip or not, separated by comma, semicolon or tab.

Files are checked here and by the service, and sent only where the service has not got them yet.

Examples:
  nascent data add customers --format csv customers.csv --target churn --ignore id
  nascent data add wine --format csv train.csv test.csv --target quality --task classification
  nascent data add fashion-mnist --from /usr/share/datasets/fashion-mnist
  nascent data add mine --kind image-classification \
      --train-examples train-images.idx --train-labels train-labels.idx \
      --test-examples test-images.idx --test-labels test-labels.idx)";

constexpr char kRemoveFooter[] = R"(
Refused while a search that has not ended needs it. Searches that have ended keep their results; its
files go when nothing else names them.

Example:
  nascent data remove fashion-mnist)";

constexpr char kShowFooter[] = R"(
Of a table: its columns as they were read, what they hold in the rows for training, how often a value is
missing, and the first rows. Of images: how many there are of each class.

Examples:
  nascent data show penguins
  nascent data show penguins --rows 20 --output json)";

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

// What is to be registered.
struct Added {
  std::string format = "idx";
  DatasetFiles images;
  TableOptions table;
};

// Only options of the format are given.
absl::StatusOr<LoadedDataset> Load(const Added& added) {
  if (added.format == "csv") {
    if (added.table.paths.empty()) {
      return absl::InvalidArgumentError(
          "--format csv: found no file; needed: nascent data add NAME --format csv FILE");
    }
    if (const std::string given = GivenOption(added.images); !given.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(given, ": is for --format idx, images; the format is csv"));
    }
    return LoadTable(added.images.name, added.table);
  }
  if (const std::string given = GivenOption(added.table); !given.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        given,
        ": is for --format csv, a table; the format is idx, whose files are given by --from "
        "or --train-examples"));
  }
  return LoadDataset(added.images);
}

absl::StatusOr<int> Add(Context& context, const Added& added) {
  NASCENT_ASSIGN_OR_RETURN(auto loaded, Load(added));
  for (const std::string& warning : loaded.warnings) context.Note("warning: " + warning);
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

// The artifact of a data set, by way of a file that goes again.
absl::StatusOr<data::IdxArray> Fetch(Context& context, const std::string& sha256) {
  std::string folder = (std::filesystem::temp_directory_path() / "nascent-data-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    return absl::UnavailableError(absl::StrCat("can't make a folder like ", folder));
  }
  const absl::Cleanup remove = [&] {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  };
  const std::string path = folder + "/artifact";
  NASCENT_RETURN_IF_ERROR(context.client().GetArtifact(sha256, path));
  return data::ReadIdxFile(path);
}

absl::StatusOr<v1::Dataset> FindDataset(Context& context, const std::string& name) {
  NASCENT_ASSIGN_OR_RETURN(const auto datasets, context.client().ListDatasets());
  std::vector<std::string> names;
  for (const v1::Dataset& dataset : datasets) {
    if (dataset.name() == name) return dataset;
    names.push_back(dataset.name());
  }
  return absl::NotFoundError(absl::StrCat(
      "no data set is called \"", name, "\"; there ", names.size() == 1 ? "is " : "are ",
      names.empty() ? "none (see `nascent data add`)" : absl::StrJoin(names, ", ")));
}

struct Shown {
  std::string name;
  int64_t rows = 5;
};

absl::StatusOr<int> Show(Context& context, const Shown& shown) {
  NASCENT_ASSIGN_OR_RETURN(const auto dataset, FindDataset(context, shown.name));
  const v1::TableLayout& layout = dataset.table();
  std::vector<std::vector<std::string>> rows;
  if (dataset.has_table() && shown.rows > 0) {
    const v1::DataSplit& split = *data::FindSplit(dataset, "train");
    NASCENT_ASSIGN_OR_RETURN(const auto examples, Fetch(context, split.examples()));
    NASCENT_ASSIGN_OR_RETURN(const auto labels, Fetch(context, split.labels()));
    NASCENT_ASSIGN_OR_RETURN(rows, RowTexts(layout, examples, labels, shown.rows));
  }
  if (context.json()) {
    spec::Json json = spec::ToJson(dataset);
    if (dataset.has_table()) {
      spec::Json list = spec::Json::List();
      for (const auto& row : rows) {
        spec::Json values = spec::Json::Object();
        for (int i = 0; i < layout.columns_size(); ++i) {
          values.Set(layout.columns(i).name(), row[static_cast<size_t>(i)]);
        }
        list.Append(values.Set(layout.target().name(), row.back()));
      }
      json.Set("rows", std::move(list));
    }
    context.PrintJson(json);
    return kSuccess;
  }
  context.Print(DatasetFacts(dataset).Lines(context.limit(), context.style()));
  if (dataset.has_table()) {
    context.Print("");
    context.Print(ColumnTable(layout));
  }
  if (dataset.kind() != v1::DATA_KIND_IMAGE_SEGMENTATION) {
    context.Print("");
    context.Print(ClassTable(dataset));
  }
  if (!rows.empty()) {
    context.Print("");
    context.Print("The first rows for training:");
    context.Print(RowTable(layout, rows));
  }
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

void AddTableOptions(CLI::App& add, TableOptions& table) {
  const auto add_repeatable = [&](const char* name, std::vector<std::string>& values,
                                  const char* description) {
    add.add_option(name, values, description)->allow_extra_args(false)->group("Tables");
  };
  add.add_option("FILE", table.paths, "CSV files: the table, or training and test");
  add.add_option("--target", table.target, "Column to predict (default: the last)")
      ->group("Tables");
  add_repeatable("--ignore", table.ignored, "Column to leave out; may be given again");
  add_repeatable("--categorical", table.categorical,
                 "Column whose numbers are categories; may be given again");
  add.add_option("--task", table.task,
                 "What the target is (default: whole numbers of at most 20 kinds and texts are "
                 "classes)")
      ->check(CLI::IsMember({"classification"}))
      ->group("Tables");
  add.add_option("--test-share", table.test_share,
                 "Share of the rows for the final test (default: 0.2)")
      ->group("Tables");
  add.add_option("--seed", table.seed, "Of the drawing of these rows (default: 0)")
      ->group("Tables");
  add.add_option("--separator", table.separator,
                 "Between fields: a character, or tab (default: what the first row shows)")
      ->group("Tables");
  add_repeatable("--missing", table.missing,
                 "Text that means no value, in place of the usual ones; may be given again");
  add.add_flag("--decimal-comma", table.decimal_comma, "3,5 is a number")->group("Tables");
}

}  // namespace

void AddData(CLI::App& app, Context& context) {
  CLI::App* data = app.add_subcommand("data", "Register, list, show and remove data sets");
  data->require_subcommand(1);

  CLI::App* add = data->add_subcommand("add", "Register a data set");
  const auto added = std::make_shared<Added>();
  DatasetFiles* files = &added->images;
  add->footer(kAddFooter);
  add->add_option("NAME", files->name, "Its name in search files, [a-z0-9-_.]")->required();
  add->add_option("--format", added->format, "Of the files")
      ->check(CLI::IsMember({"idx", "csv"}))
      ->default_str("idx");
  add->add_option("--kind", files->kind, "What a label of an image is")
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
  AddTableOptions(*add, added->table);
  add->callback([&context, added] {
    context.SetServiceAction([&context, added] { return Add(context, *added); });
  });

  CLI::App* list = data->add_subcommand("list", "List the registered data sets");
  list->footer(kDataListFooter);
  list->callback(
      [&context] { context.SetServiceAction([&context] { return ListData(context); }); });

  CLI::App* show = data->add_subcommand("show", "Show one data set, of a table also its columns");
  const auto shown = std::make_shared<Shown>();
  show->footer(kShowFooter);
  show->add_option("NAME", shown->name, "As in `nascent data list`")->required();
  show->add_option("--rows", shown->rows, "How many rows of a table")
      ->check(CLI::Range(0, 1000000))
      ->default_str("5");
  show->callback([&context, shown] {
    context.SetServiceAction([&context, shown] { return Show(context, *shown); });
  });

  CLI::App* remove = data->add_subcommand("remove", "Forget a data set");
  const auto name = std::make_shared<std::string>();
  remove->footer(kRemoveFooter);
  remove->add_option("NAME", *name, "As in `nascent data list`")->required();
  remove->callback([&context, name] {
    context.SetServiceAction([&context, name] { return Remove(context, *name); });
  });
}

}  // namespace nascent::cli
