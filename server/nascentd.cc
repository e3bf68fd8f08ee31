// The coordinator's program.

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/clock.h"
#include "server/artifact/artifact_store.h"
#include "server/artifact/garbage.h"
#include "server/engine/coordinator.h"
#include "server/engine/crash_notes.h"
#include "server/engine/executor.h"
#include "server/rpc/server.h"
#include "server/storage/migrations.h"
#include "server/storage/postgres_store.h"
#include "server/strategy/external/reach.h"
#include "spdlog/spdlog.h"

namespace nascent {
namespace {

struct Flags {
  std::string listen = "127.0.0.1:7301";
  std::string database;
  std::string artifacts = "artifacts";
  double lease_seconds = 30;
  double term_seconds = 10;
  std::vector<std::string> allow_external;
};

// How long calls in flight have to end after SIGTERM.
constexpr absl::Duration kGrace = absl::Seconds(5);
// Watches and transfers at a time, of all and of one connection.
constexpr size_t kMostStreams = 4000;
constexpr size_t kMostStreamsOfOne = 250;
// Artifacts that nobody has named for so long are removed.
constexpr absl::Duration kGarbageAge = absl::Hours(1);

int Fail(const absl::Status& status) {
  std::cerr << "nascentd: " << status.message() << "\n";
  return 1;
}

int RunMigrate(const Flags& flags) {
  const auto steps = storage::Migrate(flags.database);
  if (!steps.ok()) return Fail(steps.status());
  std::cout << *steps << " migrations carried out\n";
  return 0;
}

// Signals are blocked before the first thread starts, so that only WaitForSignal gets them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  // A file that may not grow is an error of the one who writes it, like a full disk.
  signal(SIGXFSZ, SIG_IGN);
  return signals;
}

std::string HolderName() {
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  // The time tells a restarted coordinator from its older self in a new process of the same number.
  return absl::StrCat(host, "/", getpid(), "/", absl::ToUnixMillis(absl::Now()));
}

// Waits while the database is away, as after a restart of the whole machine. CANCELLED: a signal
// came first; another error: the database is there, but not one to start on.
absl::Status AwaitSchema(const Flags& flags, const sigset_t& signals) {
  constexpr timespec kPause = {.tv_sec = 1, .tv_nsec = 0};
  std::string said;
  while (true) {
    const absl::Status status = storage::CheckSchema(flags.database);
    if (!absl::IsUnavailable(status)) return status;
    if (status.message() != said) {
      said = std::string(status.message());
      spdlog::warn("waits for the database: {}", said);
    }
    if (sigtimedwait(&signals, nullptr, &kPause) > 0) {
      return absl::CancelledError("ends while it waits for the database");
    }
  }
}

void ReportDamage(storage::TrialStore& store, const artifact::Damage& damage) {
  const auto uses = store.FindUsesOfArtifact(damage.sha256, 10);
  const std::string names =
      uses.ok() && !uses->empty() ? absl::StrJoin(*uses, ", ") : "nothing that is known";
  spdlog::error(
      "artifact {} is damaged: its {} bytes have the hash {}; set aside as {}; it is used by: {}; "
      "a data set comes back with `nascent data add`",
      damage.sha256, damage.size, damage.found, damage.path, names);
}

int Serve(const Flags& flags, const sigset_t& signals) {
  if (absl::Status status = strategy::LimitExternalStrategies(flags.allow_external); !status.ok()) {
    return Fail(status);
  }
  if (absl::Status status = AwaitSchema(flags, signals); absl::IsCancelled(status)) {
    spdlog::info(std::string(status.message()));
    return 0;
  } else if (!status.ok()) {
    return Fail(status);
  }
  storage::PostgresStore store(flags.database);
  auto artifacts = artifact::ArtifactStore::Open(
      {.directory = flags.artifacts,
       .on_damage = [&store](const artifact::Damage& damage) { ReportDamage(store, damage); }});
  if (!artifacts.ok()) return Fail(artifacts.status());
  const auto crashes = engine::CrashNotes::Open(flags.artifacts + "/crashes");
  if (crashes.ok()) {
    crashes->NoteCrashes();
  } else {
    // No reason not to serve: what a search that ends the process costs is a restart each time.
    spdlog::warn("crashes can't be noted: {}", std::string(crashes.status().message()));
  }
  const SystemClock clock;
  engine::PoolExecutor answers(1, 10000);
  engine::PoolExecutor proposals(2, 10000);
  engine::PoolExecutor work(4, 10000);
  engine::PoolExecutor files(2, 1000);
  rpc::Timer timer;
  rpc::Seats streams(kMostStreams, kMostStreamsOfOne);

  // The services need the coordinator and its state drives their health, so that the server comes
  // between two halves of the set-up.
  std::atomic<rpc::Server*> health = nullptr;
  engine::Coordinator::Options options;
  options.engine.answers = &answers;
  options.engine.crashes = crashes.ok() ? &*crashes : nullptr;
  options.engine.lease_duration = absl::Seconds(flags.lease_seconds);
  options.term = absl::Seconds(flags.term_seconds);
  options.holder = HolderName();
  options.on_change = [&health](bool active) {
    if (rpc::Server* server = health.load(); server != nullptr) server->SetServing(active);
  };
  options.housekeeping = [&](int64_t term) {
    files.Run([&, term] {
      const auto removed = artifact::CollectGarbage(store, term, **artifacts, kGarbageAge);
      if (!removed.ok()) spdlog::warn("artifacts: {}", std::string(removed.status().ToString()));
      if (removed.ok() && *removed > 0) spdlog::info("artifacts: removed {}", *removed);
    });
  };
  engine::Coordinator coordinator(options, &store, &clock, &proposals);
  auto server = rpc::Server::Start(
      flags.listen, {&coordinator, &store, artifacts->get(), &work, &files, &streams, &timer});
  if (!server.ok()) return Fail(server.status());
  health.store(server->get());
  // It may change between the question and its use.
  bool active = false;
  do {
    active = coordinator.active();
    (*server)->SetServing(active);
  } while (active != coordinator.active());
  spdlog::info("listens on {} (port {})", flags.listen, (*server)->port());

  int received = 0;
  sigwait(&signals, &received);
  spdlog::info("signal {}: drains", received);
  // First the word that others should be asked, then the term, then the calls in flight.
  health.store(nullptr);
  (*server)->SetServing(false);
  coordinator.Shutdown();
  (*server)->Shutdown(kGrace);
  spdlog::info("ends");
  return 0;
}

int Main(int argc, char** argv) {
  Flags flags;
  // Artifacts are for this account only.
  umask(S_IRWXG | S_IRWXO);
  // Debian builds Abseil so that each lock of gRPC's is searched for cycles: a help to debug, which
  // costs a share of every call.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  CLI::App app(
      "nascentd, Nascent's coordinator: proposes architectures, hands them to workers and "
      "keeps everything that happened in PostgreSQL.");
  app.add_option("--listen", flags.listen, "HOST:PORT to serve on")->capture_default_str();
  app.add_option("--database", flags.database,
                 "PostgreSQL, as libpq takes it (postgresql://… or key=value …); default: "
                 "$NASCENT_DATABASE");
  app.add_option("--artifacts", flags.artifacts, "folder of data sets, checkpoints and weights")
      ->capture_default_str();
  app.add_option("--lease-seconds", flags.lease_seconds,
                 "how long a task is kept for a worker that says nothing")
      ->check(CLI::Range(0.5, 86400.0))
      ->capture_default_str();
  app.add_option("--term-seconds", flags.term_seconds,
                 "how long this coordinator stays the active one without renewing")
      ->check(CLI::Range(0.5, 3600.0))
      ->capture_default_str();
  app.add_option("--allow-external", flags.allow_external,
                 "HOST or HOST:PORT, with commas: where strategies of searches may be, beside this "
                 "machine's loopback interface; default: $NASCENT_ALLOW_EXTERNAL")
      ->delimiter(',')
      ->envname("NASCENT_ALLOW_EXTERNAL");
  auto* migrate = app.add_subcommand("migrate", "bring the database's schema up to date and end");
  migrate->add_option("--database", flags.database, "PostgreSQL, as above");
  CLI11_PARSE(app, argc, argv);
  if (flags.database.empty()) {
    if (const char* variable = std::getenv("NASCENT_DATABASE")) flags.database = variable;
  }
  if (flags.database.empty()) {
    return Fail(absl::InvalidArgumentError("--database: found nothing, allowed a PostgreSQL URL"));
  }
  const sigset_t signals = BlockSignals();
  return migrate->parsed() ? RunMigrate(flags) : Serve(flags, signals);
}

}  // namespace
}  // namespace nascent

int main(int argc, char** argv) { return nascent::Main(argc, argv); }
