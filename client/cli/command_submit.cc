// nascent submit.

#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/facts.h"
#include "common/exit_code.h"
#include "common/spec/search_file.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

constexpr char kSubmitFooter[] = R"(
FILE is a search in YAML, JSON, or protobuf's text format (.textproto); - is standard input.
docs/search-file.md explains every field.

Examples:
  nascent submit search.yaml            submit and return
  nascent submit search.yaml --watch    submit and follow until the winner is known
  nascent submit search.yaml --check    only look for mistakes)";

// The service knows the template of `space.file` only as "space.template".
absl::Status NameTemplate(const absl::Status& status, const spec::SearchFile& file) {
  constexpr std::string_view kSent = "space.template:";
  const std::string message(status.message());
  if (file.template_path.empty() || !message.starts_with(kSent)) return status;
  return {status.code(), absl::StrCat(file.template_path, ":", message.substr(kSent.size()))};
}

absl::StatusOr<int> SubmitFile(Context& context, const std::string& path, bool watch, bool check) {
  NASCENT_ASSIGN_OR_RETURN(const auto file, spec::ReadSearchFile(path));
  const auto search = context.client().Submit(file.spec, check);
  if (!search.ok()) return file.source.Locate(NameTemplate(search.status(), file));
  for (const std::string& warning : search->warnings()) {
    context.Note(absl::StrCat("note: ", warning));
  }
  if (watch && !check) {
    const v1::SearchRef ref = client::RefOf(*search);
    return WatchUntilEnd(context, ref);
  }
  if (context.json()) {
    context.PrintJson(SearchJson(*search));
  } else if (check) {
    context.Print(absl::StrCat(
        path, ": fine. ", StrategyName(search->spec()), " on ", SpaceName(search->spec()),
        search->space_size().empty() ? ""
                                     : absl::StrCat(" (", search->space_size(), " genotypes)")));
  } else {
    context.Print(absl::StrCat("Search ", search->id(), " (", search->spec().name(),
                               ") runs. Follow it with `nascent watch ", search->id(), "`."));
  }
  return kSuccess;
}

}  // namespace

void AddSubmit(CLI::App& app, Context& context) {
  CLI::App* submit = app.add_subcommand("submit", "Start a search");
  const auto path = std::make_shared<std::string>();
  const auto watch = std::make_shared<bool>(false);
  const auto check = std::make_shared<bool>(false);
  submit->footer(kSubmitFooter);
  submit->add_option("FILE", *path, "Search file")->required();
  submit->add_flag("--watch,-w", *watch, "Follow the search until it ends");
  submit->add_flag("--check", *check, "Validate only; nothing is stored");
  submit->callback([&context, path, watch, check] {
    context.SetServiceAction(
        [&context, path, watch, check] { return SubmitFile(context, *path, *watch, *check); });
  });
}

}  // namespace nascent::cli
