// nascent pause, resume, cancel, delete.

#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/facts.h"
#include "common/exit_code.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

using Change = absl::StatusOr<v1::Search> (client::NascentClient::*)(const v1::SearchRef&);

struct Command {
  const char* name;
  const char* help;
  const char* footer;
  Change change;
};

constexpr Command kCommands[] = {
    {"pause", "Let running trials go on, start no new ones",
     "\nExample:\n  nascent pause fashion-mnist", &client::NascentClient::Pause},
    {"resume", "Let a paused search go on", "\nExample:\n  nascent resume fashion-mnist",
     &client::NascentClient::Resume},
    {"cancel", "End a search now; its running trials are stopped, results stay",
     "\nExample:\n  nascent cancel 12", &client::NascentClient::Cancel},
};

absl::StatusOr<int> RunChange(Context& context, Change change, const std::string& name) {
  NASCENT_ASSIGN_OR_RETURN(const auto search,
                           (context.client().*change)(client::ParseSearchRef(name)));
  if (context.json()) {
    context.PrintJson(SearchJson(search));
  } else {
    context.Print(absl::StrCat("Search ", search.id(), " (", search.spec().name(), ") is ",
                               context.style().Paint(StateWord(search), StateInk(search)), "."));
  }
  return kSuccess;
}

absl::StatusOr<int> Delete(Context& context, const std::string& name) {
  // The answer names what was deleted, also where a name was given.
  NASCENT_ASSIGN_OR_RETURN(const auto search, context.client().Get(client::ParseSearchRef(name)));
  const v1::SearchRef ref = client::RefOf(search);
  NASCENT_RETURN_IF_ERROR(context.client().Delete(ref));
  if (context.json()) {
    context.PrintJson(spec::Json::Object().Set("deleted", search.id()));
  } else {
    context.Print(absl::StrCat("Search ", search.id(), " (", search.spec().name(),
                               ") and all that only it had is deleted."));
  }
  return kSuccess;
}

}  // namespace

void AddSteering(CLI::App& app, Context& context) {
  for (const Command& command : kCommands) {
    CLI::App* added = app.add_subcommand(command.name, command.help);
    const auto search = std::make_shared<std::string>();
    added->footer(command.footer);
    AddSearchArgument(*added, *search);
    const Change change = command.change;
    added->callback([&context, search, change] {
      context.SetServiceAction(
          [&context, search, change] { return RunChange(context, change, *search); });
    });
  }
  CLI::App* removed = app.add_subcommand("delete", "Remove an ended search and its trials");
  const auto search = std::make_shared<std::string>();
  removed->footer("\nExample:\n  nascent delete 12");
  AddSearchArgument(*removed, *search);
  removed->callback([&context, search] {
    context.SetServiceAction([&context, search] { return Delete(context, *search); });
  });
}

}  // namespace nascent::cli
