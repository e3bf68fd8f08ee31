// nascent-worker: carries out the tasks of a coordinator.

#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status_macros.h"
#include "worker/agent/agent.h"
#include "worker/agent/evaluator_program.h"
#include "worker/agent/slot_plan.h"

namespace nascent::worker {
namespace {

// Sent by the main thread to the one that takes the signals.
constexpr int kEndOfReceiver = SIGUSR1;

struct Flags {
  std::string servers = "127.0.0.1:7301";
  std::string name;
  std::vector<std::string> devices;
  int slots = 0;
  int threads = 0;
  std::string cache;
  double cache_gib = 20;
  std::vector<std::string> labels;
  std::string evaluator;
  double grace_seconds = 25;
  double stall_seconds = 120;
  int recycle_after = 200;
  double memory_limit_gib = 0;
  std::string log_level = "info";
};

std::string DefaultName() {
  char host[256] = "worker";
  gethostname(host, sizeof(host) - 1);
  return absl::StrCat(host, "-", getpid());
}

std::string DefaultCache() {
  if (const char* folder = std::getenv("XDG_CACHE_HOME")) return absl::StrCat(folder, "/nascent");
  const char* home = std::getenv("HOME");
  if (geteuid() == 0 || home == nullptr) return "/var/cache/nascent";
  return absl::StrCat(home, "/.cache/nascent");
}

void AddFlags(CLI::App& app, Flags& flags) {
  app.add_option("--server", flags.servers,
                 "The coordinator, HOST:PORT; several with commas: the one that serves is used")
      ->envname("NASCENT_SERVER")
      ->capture_default_str();
  app.add_option("--name", flags.name,
                 "A name that stays over restarts (default: host name and process id)");
  app.add_option("--devices", flags.devices,
                 "Devices to work on, e.g. cuda:0,cuda:1 or cpu (default: all GPUs, else the CPU)")
      ->delimiter(',');
  app.add_option("--slots", flags.slots, "Tasks at a time on the CPU (default: one per core)")
      ->check(CLI::Range(1, 1024));
  app.add_option("--threads", flags.threads,
                 "Threads of one task on the CPU (default: 1; with one slot all cores)")
      ->check(CLI::Range(1, 1024));
  app.add_option("--cache", flags.cache, "Folder for data sets (default: ~/.cache/nascent)");
  app.add_option("--cache-gib", flags.cache_gib, "Size of that folder; what is in use stays")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_option("--labels", flags.labels, "key=value, which tasks may require; with commas")
      ->delimiter(',');
  app.add_option("--evaluator", flags.evaluator,
                 "The program that trains (default: nascent-evaluator beside this one)");
  app.add_option("--grace", flags.grace_seconds,
                 "Seconds to finish or give back tasks after SIGTERM")
      ->check(CLI::Range(1.0, 86400.0))
      ->capture_default_str();
  app.add_option("--stall-limit", flags.stall_seconds,
                 "Seconds without progress after which a task is taken for hung")
      ->check(CLI::Range(1.0, 86400.0))
      ->capture_default_str();
  app.add_option("--recycle-after", flags.recycle_after,
                 "Tasks after which an evaluator process is replaced")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  app.add_option("--memory-limit-gib", flags.memory_limit_gib,
                 "Memory of one evaluator on the CPU; 0: no limit")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_option("--log-level", flags.log_level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.footer("Stop it with SIGTERM: it finishes what is nearly done and gives back the rest.");
}

absl::StatusOr<std::map<std::string, std::string>> ParseLabels(
    const std::vector<std::string>& labels) {
  std::map<std::string, std::string> parsed;
  for (const std::string& label : labels) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(label, absl::MaxSplits('=', 1));
    if (parts.first.empty() || label.find('=') == std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("--labels: '", label, "' is not of the form key=value"));
    }
    parsed[parts.first] = parts.second;
  }
  return parsed;
}

absl::StatusOr<AgentOptions> ToOptions(const Flags& flags) {
  AgentOptions options;
  options.servers = absl::StrSplit(flags.servers, ',', absl::SkipEmpty());
  if (options.servers.empty()) return absl::InvalidArgumentError("--server: no address");
  NASCENT_ASSIGN_OR_RETURN(const auto labels, ParseLabels(flags.labels));
  options.child.process.program =
      flags.evaluator.empty() ? OwnFolder() + "/nascent-evaluator" : flags.evaluator;
  NASCENT_ASSIGN_OR_RETURN(const auto description,
                           DescribeEvaluator(options.child.process.program));

  SlotWishes wishes;
  wishes.devices = flags.devices;
  wishes.cpu_slots = flags.slots;
  wishes.threads = flags.threads;
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  NASCENT_ASSIGN_OR_RETURN(
      options.slots,
      PlanSlots({description.devices().begin(), description.devices().end()}, wishes, cores));

  options.registration.set_name(flags.name.empty() ? DefaultName() : flags.name);
  options.registration.set_protocol_version(1);
  options.registration.set_evaluator(
      std::filesystem::path(options.child.process.program).filename().string().substr(0, 64));
  options.registration.set_evaluator_version(description.version());
  options.registration.mutable_labels()->insert(labels.begin(), labels.end());
  *options.registration.mutable_task_kinds() = description.task_kinds();
  *options.registration.mutable_metrics() = description.metrics();

  constexpr double kGib = 1 << 30;
  options.cache_folder = flags.cache.empty() ? DefaultCache() : flags.cache;
  options.cache_bytes = static_cast<int64_t>(flags.cache_gib * kGib);
  options.child.stall_limit = absl::Seconds(flags.stall_seconds);
  options.child.recycle_after = flags.recycle_after;
  options.child.process.memory_limit_bytes = static_cast<int64_t>(flags.memory_limit_gib * kGib);
  return options;
}

int Fail(const absl::Status& status) {
  spdlog::error("{}", std::string(status.message()));
  return absl::IsInvalidArgument(status) ? 2 : 1;
}

int Main(int argc, char** argv) {
  CLI::App app("Carries out the training tasks of a Nascent coordinator.", "nascent-worker");
  Flags flags;
  // The cache holds data and weights of others than this machine's users.
  umask(S_IRWXG | S_IRWXO);
  AddFlags(app, flags);
  CLI11_PARSE(app, argc, argv);
  spdlog::set_level(spdlog::level::from_str(flags.log_level));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");

  // Before any thread: all inherit the mask, and one thread takes the signals.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, kEndOfReceiver);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  auto options = ToOptions(flags);
  if (!options.ok()) return Fail(options.status());
  spdlog::info("{}: {} slots on {}", options->registration.name(), options->slots.size(),
               options->slots[0].name);
  auto agent = Agent::Make(*std::move(options));
  if (!agent.ok()) return Fail(agent.status());

  std::thread receiver([&signals, &agent] {
    int signal = 0;
    while (sigwait(&signals, &signal) == 0 && signal != kEndOfReceiver) (*agent)->AskToStop();
  });
  const absl::Status status = (*agent)->Run(absl::Seconds(flags.grace_seconds));
  pthread_kill(receiver.native_handle(), kEndOfReceiver);
  receiver.join();
  return status.ok() ? 0 : Fail(status);
}

}  // namespace
}  // namespace nascent::worker

int main(int argc, char** argv) { return nascent::worker::Main(argc, argv); }
