// nascent export: a network as something that runs without Nascent.

#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/numbers.h"
#include "client/cli/space_source.h"
#include "common/exit_code.h"
#include "common/network/key.h"
#include "common/output_file.h"
#include "common/pytorch/source.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

constexpr char kFooter[] = R"help(
--code writes DIR/model.py: the network as plain PyTorch, untrained, needing nothing but PyTorch. Its last
class is the network and is made without arguments; blocks of the template are classes of their own. It
is the live network, the one that is trained and costed: what cannot matter is left out. Needs no service.

Examples:
  nascent export --code --space nas-bench-201 --genotype '@resnet' --to resnet-cell
  nascent export --code --space mine.yaml --genotype "$(nascent space sample mine.yaml)" --to mine)help";

struct ExportOptions {
  bool code = false;
  SpaceSource source;
  std::string genotype;
  std::string folder;
  bool force = false;
};

absl::StatusOr<int> Export(Context& context, const ExportOptions& options) {
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

  const std::filesystem::path folder = options.folder;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error || !std::filesystem::is_directory(folder, error)) {
    return absl::FailedPreconditionError(
        absl::StrCat("--to: ", folder.string(), " is no folder and cannot be made one",
                     error ? absl::StrCat(": ", error.message()) : ""));
  }
  const std::filesystem::path path = folder / "model.py";
  if (!options.force && std::filesystem::exists(std::filesystem::symlink_status(path, error))) {
    return absl::AlreadyExistsError(
        absl::StrCat(path.string(), " is there already; --force replaces it"));
  }
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
  CLI::App* command = app.add_subcommand("export", "Write a network as source code");
  const auto options = std::make_shared<ExportOptions>();
  command->footer(kFooter);
  command->add_flag("--code", options->code, "PyTorch source of an untrained network")->required();
  AddSpaceOptions(*command, options->source);
  command->add_option("--genotype", options->genotype, "Notation, JSON or @NAME")->required();
  command->add_option("--to", options->folder, "Folder to write to; made where it is missing")
      ->required();
  command->add_flag("--force", options->force, "Replace a model.py that is there");
  command->callback([&context, options] {
    context.action = [&context, options] { return Export(context, *options); };
  });
}

}  // namespace nascent::cli
