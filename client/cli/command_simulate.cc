// nascent simulate: the program beside this one does it.

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/local/up.h"

namespace nascent::cli {
namespace {

absl::StatusOr<int> Simulate(const std::vector<std::string>& passed, bool json) {
  const std::string program = local::ProgramFolder() + "/nascent-simulate";
  std::vector<std::string> arguments = {program};
  // Written before the command's name; what stands behind it is stronger.
  const bool chosen = std::any_of(passed.begin(), passed.end(), [](const std::string& word) {
    return word == "--output" || word.rfind("--output=", 0) == 0;
  });
  if (json && !chosen) arguments.emplace_back("--output=json");
  arguments.insert(arguments.end(), passed.begin(), passed.end());
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  execv(program.c_str(), pointers.data());
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot run ", program));
}

}  // namespace

void AddSimulate(CLI::App& app, Context& context) {
  CLI::App* simulate =
      app.add_subcommand("simulate", "Try strategies on a table of results, without a service");
  // Every option is the other program's, --help and --output too.
  simulate->prefix_command();
  simulate->set_help_flag();
  simulate->fallthrough(false);
  simulate->callback([&context, simulate] {
    const auto passed = std::make_shared<std::vector<std::string>>(simulate->remaining());
    context.action = [passed, &context] { return Simulate(*passed, context.json()); };
  });
}

}  // namespace nascent::cli
