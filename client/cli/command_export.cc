// nascent export: a network as something that runs without Nascent.

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/numbers.h"
#include "client/cli/space_source.h"
#include "client/cli/weights_file.h"
#include "client/cli/winner.h"
#include "client/cli/winner_package.h"
#include "common/exit_code.h"
#include "common/network/key.h"
#include "common/output_file.h"
#include "common/pytorch/source.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

constexpr char kFooter[] = R"help(
Of a search it writes its winner, or the trial that --trial names, as a folder that needs nothing but PyTorch
to run: model.py (the network), weights.safetensors, preprocess.py (from the data to what the network reads),
example.py (run it: python3 DIR/example.py), model.json, search.yaml (the search, to be submitted again) and
README.md, a model card with its figures, its data and how it was found. Weights are stored of winners, as
many as the search's `final: {top}` says.

--code writes DIR/model.py alone: the network of a genotype as plain PyTorch, untrained. Needs no service.

In both the last class of model.py is the network and is made without arguments; blocks of the template are
classes of their own. It is the live network, the one that is trained and costed: what cannot matter is left
out.

Examples:
  nascent export fashion-mnist --to winner
  nascent export fashion-mnist --trial 17 --to second
  nascent export --code --space nas-bench-201 --genotype '@resnet' --to resnet-cell
  nascent export --code --space mine.yaml --genotype "$(nascent space sample mine.yaml)" --to mine)help";

struct ExportOptions {
  std::string subject;  // a search; with `code` a space
  bool code = false;
  int64_t trial = 0;  // 0: the winner
  SpaceSource source;
  std::string genotype;
  std::string folder;
  bool force = false;
};

// Makes the folder. ALREADY_EXISTS: one of the files is there and shall not be replaced.
absl::Status Prepare(const ExportOptions& options, const std::vector<std::string>& names) {
  const std::filesystem::path folder = options.folder;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error || !std::filesystem::is_directory(folder, error)) {
    return absl::FailedPreconditionError(
        absl::StrCat("--to: ", folder.string(), " is no folder and cannot be made one",
                     error ? absl::StrCat(": ", error.message()) : ""));
  }
  for (const std::string& name : names) {
    const std::filesystem::path path = folder / name;
    if (!options.force && std::filesystem::exists(std::filesystem::symlink_status(path, error))) {
      return absl::AlreadyExistsError(
          absl::StrCat(path.string(), " is there already; --force replaces it"));
    }
  }
  return absl::OkStatus();
}

// A folder of this process's own, gone with what is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(std::filesystem::temp_directory_path() / "nascent-export-XXXXXX") {
    made_ = mkdtemp(path_.data()) != nullptr;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (made_) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  bool made() const { return made_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool made_ = false;
};

absl::StatusOr<int> ExportWinner(Context& context, const ExportOptions& options) {
  NASCENT_ASSIGN_OR_RETURN(const v1::Search search,
                           context.client().Get(client::ParseSearchRef(options.subject)));
  NASCENT_ASSIGN_OR_RETURN(const v1::Trial trial,
                           FindResult(context.client(), search, options.trial));
  const TemporaryFolder temporary;
  if (!temporary.made()) {
    return absl::FailedPreconditionError(absl::StrCat("cannot make ", temporary.path()));
  }
  const std::string fetched = temporary.path() + "/weights";
  NASCENT_RETURN_IF_ERROR(FetchWeights(context.client(), search, trial, fetched));
  NASCENT_ASSIGN_OR_RETURN(const WeightsFile weights, ReadWeightsFile(fetched));
  NASCENT_ASSIGN_OR_RETURN(const auto files, WinnerPackage(search, trial, weights));
  NASCENT_RETURN_IF_ERROR(Prepare(options, PackageNames()));
  const std::filesystem::path folder = options.folder;
  spec::Json paths = spec::Json::List();
  for (const auto& [name, content] : files) {
    const std::string path = (folder / name).string();
    NASCENT_RETURN_IF_ERROR(WriteOutputFile(path, content));
    paths.Append(path);
  }
  if (context.json()) {
    context.PrintJson(spec::Json::Object()
                          .Set("search", search.id())
                          .Set("trial", trial.number())
                          .Set("genotype", trial.notation())
                          .Set("key", trial.key())
                          .Set("files", paths));
  } else {
    context.Print(absl::StrCat("Trial ", trial.number(), " of ", search.spec().name(), " is in ",
                               folder.string(), ": python3 ", (folder / "example.py").string(),
                               " runs it, README.md tells about it"));
  }
  return kSuccess;
}

absl::StatusOr<int> ExportCode(Context& context, const ExportOptions& options) {
  const std::string known = options.genotype.starts_with('@') ? options.genotype.substr(1) : "";
  NASCENT_ASSIGN_OR_RETURN(const auto loaded, LoadSpace(options.source, known));
  NASCENT_ASSIGN_OR_RETURN(const auto genotype, ReadGenotype(*loaded.space, options.genotype));
  NASCENT_ASSIGN_OR_RETURN(const auto architecture, loaded.space->BuildArchitecture(genotype));
  const std::string printed = loaded.space->Print(genotype);
  pytorch::SourceOptions source_options;
  source_options.description = absl::StrCat("A network of the space ", loaded.space->name(), ": ",
                                            architecture.costs.parameters, " parameters, ",
                                            architecture.costs.multiply_accumulates,
                                            " multiply-accumulates.\n\nGenotype: ", printed);
  NASCENT_ASSIGN_OR_RETURN(const auto source,
                           pytorch::ToPyTorch(architecture.live, source_options));

  NASCENT_RETURN_IF_ERROR(Prepare(options, {"model.py"}));
  const std::filesystem::path path = std::filesystem::path(options.folder) / "model.py";
  if (absl::Status status = WriteOutputFile(path.string(), source.text); !status.ok())
    return status;
  if (context.json()) {
    context.PrintJson(spec::Json::Object()
                          .Set("genotype", printed)
                          .Set("key", network::ComputeKey(architecture.live).hex)
                          .Set("parameters", architecture.costs.parameters)
                          .Set("files", spec::Json::List().Append(path.string())));
  } else {
    context.Print(absl::StrCat("PyTorch source of ", printed, ", ",
                               FormatCount(static_cast<double>(architecture.costs.parameters)),
                               " parameters: ", path.string()));
  }
  return kSuccess;
}

}  // namespace

void AddExport(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "export", "Write a winner, or any network, as a folder that runs elsewhere");
  const auto options = std::make_shared<ExportOptions>();
  command->footer(kFooter);
  command->add_option(
      "SEARCH", options->subject,
      "Id, or name of the newest search of that name; with --code a preset's name or "
      "a template file");
  CLI::Option* trial =
      command
          ->add_option("--trial", options->trial, "Number of another trial (default: the winner)")
          ->check(CLI::Range(int64_t{1}, int64_t{1} << 62));
  CLI::Option* code =
      command->add_flag("--code", options->code, "PyTorch source of an untrained network");
  trial->excludes(code);
  command->add_option("--space", options->source.space, "The same as SEARCH with --code")
      ->needs(code);
  AddSpaceConstants(*command, options->source);
  for (const char* name : {"--set", "--input", "--classes"}) {
    command->get_option(name)->needs(code);
  }
  CLI::Option* genotype =
      command->add_option("--genotype", options->genotype, "With --code: notation, JSON or @NAME")
          ->needs(code);
  code->needs(genotype);
  command->add_option("--to", options->folder, "Folder to write to; made where it is missing")
      ->required();
  command->add_flag("--force", options->force, "Replace files that are there");
  command->callback([&context, options] {
    if (options->code) {
      if (options->source.space.empty()) std::swap(options->source.space, options->subject);
      if (options->source.space.empty()) throw CLI::RequiredError("--space");
      if (!options->subject.empty()) throw CLI::ExcludesError("--space", options->subject);
      context.action = [&context, options] { return ExportCode(context, *options); };
      return;
    }
    if (options->subject.empty()) throw CLI::RequiredError("SEARCH");
    context.SetServiceAction([&context, options] { return ExportWinner(context, *options); });
  });
}

}  // namespace nascent::cli
