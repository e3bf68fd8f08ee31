// nascent up, nascent down.

#include <iostream>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/commands.h"
#include "client/local/address.h"
#include "client/local/up.h"
#include "common/exit_code.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

constexpr char kUpFooter[] = R"(
Starts a private PostgreSQL in the data directory (Unix socket only), the coordinator and
workers, restarts what dies, and ends all in order on Ctrl-C, SIGTERM or `nascent down`.

Examples:
  nascent up                                      in the foreground
  nascent up --detach                             in the background; returns when it is ready
  nascent up --workers 2 --slots 1                two workers with one task at a time each
  nascent up --database postgresql://db/nascent   with a PostgreSQL that runs elsewhere
  nascent up --workers 0 --listen 0.0.0.0:7301    workers run on other machines)";

constexpr char kDownFooter[] = R"(
Ends workers (which finish or give back their tasks), coordinator and PostgreSQL, in this order.
Everything that was found stays in the data directory.

Example:
  nascent down)";

std::string Now() {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::Now(), absl::LocalTimeZone());
}

spec::Json StateJson(const local::ServiceState& state) {
  spec::Json processes = spec::Json::Object();
  for (const auto& [name, process] : state.processes) processes.Set(name, process.pid);
  return spec::Json::Object()
      .Set("server", state.server)
      .Set("database_url", state.database_url)
      .Set("reader_url", state.reader_url)
      .Set("supervisor", state.supervisor.pid)
      .Set("processes", std::move(processes));
}

void PrintState(const Context& context, const local::ServiceState& state) {
  if (context.json()) {
    context.PrintJson(StateJson(state));
    std::cout.flush();
    return;
  }
  const Style style = context.style();
  const local::Directories directories = local::LayOut(context.data_dir);
  context.Print(absl::StrCat(style.Paint("The service is up", Ink::kGood), " at ",
                             style.Paint(state.server, Ink::kBold)));
  context.Print(absl::StrCat("  data      ", directories.root));
  context.Print(absl::StrCat("  logs      ", directories.logs));
  std::string processes;
  for (const auto& [name, process] : state.processes) {
    absl::StrAppend(&processes, processes.empty() ? "" : ", ", name, " ", process.pid);
  }
  context.Print(absl::StrCat("  processes ", processes));
  context.Print("  end it with `nascent down`");
  std::cout.flush();
}

// What kept the detached process from starting, as it said it itself: its last line is an error of
// ours, with its code.
absl::Status AsItSaid(const absl::Status& status) {
  const std::string_view message =
      status.message().data() == nullptr
          ? std::string_view()
          : std::string_view(status.message().data(), status.message().size());
  constexpr std::string_view kOurs = "nascent: ";
  const size_t begin = message.rfind(kOurs);
  const size_t code = message.rfind(" [");
  if (begin == std::string_view::npos || code == std::string_view::npos || code < begin ||
      !message.ends_with(']')) {
    return status;
  }
  const std::string_view name = message.substr(code + 2, message.size() - code - 3);
  for (int i = 1; i <= static_cast<int>(absl::StatusCode::kUnauthenticated); ++i) {
    const auto known = static_cast<absl::StatusCode>(i);
    if (absl::StatusCodeToString(known) != name) continue;
    const std::string_view said = message.substr(begin + kOurs.size(), code - begin - kOurs.size());
    return {known, absl::string_view(said.data(), said.size())};
  }
  return status;
}

absl::StatusOr<int> RunUp(Context& context, local::UpOptions options, bool detach) {
  NASCENT_RETURN_IF_ERROR(local::CheckAddress(options.listen));
  options.data_dir = context.data_dir;
  if (detach) {
    std::vector<std::string> arguments = {"--data-dir",
                                          context.data_dir,
                                          "up",
                                          "--listen",
                                          options.listen,
                                          "--workers",
                                          absl::StrCat(options.workers),
                                          "--lease-seconds",
                                          absl::StrCat(options.lease_seconds),
                                          "--term-seconds",
                                          absl::StrCat(options.term_seconds)};
    if (options.slots > 0) {
      arguments.insert(arguments.end(), {"--slots", absl::StrCat(options.slots)});
    }
    context.Note("Starting database, coordinator and workers …");
    const auto state = local::StartDetached(options, arguments);
    if (!state.ok()) return AsItSaid(state.status());
    PrintState(context, *state);
    return kSuccess;
  }
  const absl::Status status = local::RunService(
      options, [&](const std::string& line) { context.Note(absl::StrCat(Now(), " ", line)); },
      [&](const local::ServiceState& state) { PrintState(context, state); });
  if (!status.ok()) return status;
  return kSuccess;
}

absl::StatusOr<int> RunDown(Context& context) {
  const auto stopped = local::StopService(local::LayOut(context.data_dir),
                                          [&](const std::string& line) { context.Note(line); });
  if (!stopped.ok()) return stopped.status();
  if (context.json()) {
    context.PrintJson(spec::Json::Object().Set("stopped", *stopped));
  } else {
    context.Print(*stopped ? "The service has ended."
                           : absl::StrCat("Nothing runs on ", context.data_dir, "."));
  }
  return kSuccess;
}

}  // namespace

void AddUp(CLI::App& app, Context& context) {
  CLI::App* up = app.add_subcommand("up", "Start the whole service on this machine");
  const auto options = std::make_shared<local::UpOptions>();
  const auto detach = std::make_shared<bool>(false);
  up->footer(kUpFooter);
  up->add_flag("--detach,-d", *detach, "Go into the background when everything is ready");
  up->add_option("--database", options->database_url,
                 "URL of a PostgreSQL to use instead of a private one")
      ->envname("NASCENT_DATABASE");
  up->add_option("--listen", options->listen, "Where the coordinator listens")
      ->envname("NASCENT_LISTEN")
      ->default_str(options->listen);
  up->add_option("--workers", options->workers, "Workers on this machine")
      ->check(CLI::Range(0, 256))
      ->default_str("1");
  up->add_option(
        "--slots", options->slots,
        "Tasks at a time per worker (default: one per GPU, or the worker's choice on CPUs)")
      ->check(CLI::Range(1, 256));
  up->add_option("--lease-seconds", options->lease_seconds,
                 "How long a task is kept for a worker that says nothing")
      ->check(CLI::Range(0.5, 86400.0))
      ->default_str("30");
  up->add_option("--term-seconds", options->term_seconds,
                 "How long the coordinator stays the active one without renewing")
      ->check(CLI::Range(0.5, 3600.0))
      ->default_str("10");
  up->callback([&context, options, detach] {
    context.action = [&context, options, detach] { return RunUp(context, *options, *detach); };
  });

  CLI::App* down = app.add_subcommand("down", "End the service that `up` started");
  down->footer(kDownFooter);
  down->callback([&context] { context.action = [&context] { return RunDown(context); }; });
}

}  // namespace nascent::cli
