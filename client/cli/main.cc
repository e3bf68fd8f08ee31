// The command line `nascent`.

#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/commands.h"
#include "client/cli/context.h"
#include "client/local/directories.h"
#include "common/exit_code.h"
#include "common/host_port.h"
#include "common/spec/suggest.h"

namespace nascent::cli {
namespace {

constexpr char kFooter[] = R"(
First steps:
  nascent up --detach                              start a service on this machine
  nascent data add fashion-mnist --from DIR        register data
  nascent submit examples/fashion-mnist.yaml --watch
  nascent best fashion-mnist                       the winner

SEARCH is an id, or a name meaning the newest search of that name.
`nascent COMMAND --help` shows examples. Programs use --output json.
Exit status: 0 done, 1 failed, 2 bad usage or input, 3 not found, 4 wrong state,
5 no service, 6 the search watched did not complete, 130 interrupted.)";

// Errors of the command line itself are written as the caller asked for, too.
bool WantsJson(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--output=json") return true;
    if (word == "--output" && i + 1 < argc && std::string_view(argv[i + 1]) == "json") return true;
  }
  return false;
}

// Names without a port would be asked of the name service as they are.
std::string CheckServers(const std::string& servers) {
  for (const auto server : absl::StrSplit(servers, ',')) {
    if (std::string wrong = ExplainServer(std::string(server)); !wrong.empty()) return wrong;
  }
  return "";
}

// What was printed must also have arrived: a full disk shows only here.
int EndOutput(const Context& context, int status) {
  errno = 0;
  std::cout.flush();
  if (std::cout.good()) return status;
  int reason = errno;
  // What failed earlier left none; another letter meets the same one.
  if (reason == 0 && write(STDOUT_FILENO, "\n", 1) < 0) reason = errno;
  constexpr char kWhat[] = "the output is not complete: cannot write to standard output";
  PrintError(context, reason == 0 ? absl::UnknownError(kWhat) : absl::ErrnoToStatus(reason, kWhat));
  return status == kSuccess ? kFailed : status;
}

// What was wrong with the command line; where no word of it is a command, the nearest one.
std::string Explain(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  std::vector<std::string> commands;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(command->get_name());
  }
  std::string unknown;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (std::find(commands.begin(), commands.end(), word) != commands.end()) return error.what();
    if (unknown.empty() && std::string_view(error.what()).ends_with(" " + word)) unknown = word;
  }
  const bool surplus = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
  if (!surplus || unknown.starts_with('-')) return error.what();
  return absl::StrCat("no command \"", unknown, "\"", spec::DidYouMean(unknown, commands));
}

int Main(int argc, char** argv) {
  // A reader of our output that goes away ends us quietly.
  std::signal(SIGPIPE, SIG_DFL);
  Context context;
  context.data_dir = local::DefaultDataDir();
  CLI::App app("Nascent: neural architecture search as a service", "nascent");
  app.fallthrough();
  app.require_subcommand(0, 1);
  app.footer(kFooter);
  app.get_formatter()->column_width(34);
  app.set_version_flag("--version", "nascent 0.1.0");
  app.add_option("--server", context.server,
                 "Service to use, HOST:PORT, with commas between standbys (else the service of "
                 "--data-dir, NASCENT_SERVER, or 127.0.0.1:7301)")
      ->check(CheckServers);
  app.add_option("--output", context.output, "text for people, json for programs")
      ->check(CLI::IsMember({"text", "json"}));
  app.add_option("--color", context.color, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  const CLI::Option* data_dir =
      app.add_option("--data-dir", context.data_dir,
                     "Folder of the service on this machine (else NASCENT_DATA_DIR)")
          ->default_str(context.data_dir);
  app.add_option("--patience", context.patience_seconds,
                 "Seconds to wait for a service that is away")
      ->check(CLI::Range(0.0, 86400.0))
      ->default_str("10");
  for (const auto add :
       {AddUp, AddSubmit, AddWatch, AddSearches, AddTrials, AddBest, AddDraw, AddPlot, AddSql,
        AddEnqueue, AddSteering, AddData, AddWorkers, AddSpace, AddExport, AddSimulate}) {
    add(app, context);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return EndOutput(context, app.exit(success));
  } catch (const CLI::ParseError& error) {
    const std::string wrong = Explain(app, error, argc, argv);
    if (WantsJson(argc, argv)) {
      context.output = "json";
      PrintError(context, absl::InvalidArgumentError(wrong));
    } else {
      std::cerr << wrong << "\nRun with --help for more information.\n";
    }
    return kUsage;
  }
  if (!context.action) {
    std::cout << app.help();
    return EndOutput(context, kSuccess);
  }
  context.data_dir_given = data_dir->count() > 0;
  const absl::StatusOr<int> result = context.action();
  if (result.ok()) return EndOutput(context, *result);
  std::cout.flush();
  PrintError(context, result.status());
  return ExitCodeOf(result.status());
}

}  // namespace
}  // namespace nascent::cli

int main(int argc, char** argv) { return nascent::cli::Main(argc, argv); }
