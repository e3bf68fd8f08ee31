// nascent simulate: the program beside this one does it.

#include <unistd.h>

#include <cerrno>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/local/up.h"

namespace nascent::cli {
namespace {

absl::StatusOr<int> Simulate(const std::vector<std::string>& passed) {
  const std::string program = local::ProgramFolder() + "/nascent-simulate";
  std::vector<std::string> arguments = {program};
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
    context.action = [passed] { return Simulate(*passed); };
  });
}

}  // namespace nascent::cli
