#include "client/local/up.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "client/local/address.h"
#include "client/local/postgres_cluster.h"
#include "client/local/supervisor.h"
#include "client/nascent_client.h"
#include "common/status_macros.h"

namespace nascent::local {
namespace {

constexpr absl::Duration kStartTimeout = absl::Seconds(60);
// Of one question whether it answers; meanwhile no signal is seen.
constexpr absl::Duration kStartPatience = absl::Milliseconds(300);
constexpr absl::Duration kWorkerGrace = absl::Seconds(30);
constexpr absl::Duration kCoordinatorGrace = absl::Seconds(20);
constexpr absl::Duration kPostgresGrace = absl::Seconds(30);
// Down waits for all of these one after the other.
constexpr absl::Duration kStopTimeout = absl::Seconds(90);
constexpr std::uintmax_t kLongestLog = 16 << 20;

// Held while a supervisor lives; the system lets go of it when the process ends, however that is.
class FolderLock {
 public:
  explicit FolderLock(const std::string& path)
      : fd_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    held_ = fd_ >= 0 && flock(fd_, LOCK_EX | LOCK_NB) == 0;
  }
  ~FolderLock() {
    if (fd_ >= 0) close(fd_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  bool held() const { return held_; }

 private:
  const int fd_;
  bool held_ = false;
};

absl::Status AlreadyRuns(const Directories& directories) {
  const absl::StatusOr<ServiceState> state = ReadState(directories.state);
  const std::string who = state.ok() ? absl::StrCat(" (process ", state->supervisor.pid,
                                                    ", listening on ", state->server, ")")
                                     : "";
  return absl::AlreadyExistsError(absl::StrCat("a service already runs on ", directories.root, who,
                                               ": use it, or end it first with `nascent down`"));
}

// Logs only grow; the last but one generation is kept.
void RotateLogs(const Directories& directories) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directories.logs, error)) {
    if (entry.path().extension() == ".log" && entry.file_size(error) > kLongestLog) {
      std::filesystem::rename(entry.path(), entry.path().string() + ".1", error);
    }
  }
}

// A URL may hold a password, and every user of the machine can read command lines.
std::string DatabaseVariable(const std::string& url) {
  return absl::StrCat("NASCENT_DATABASE=", url);
}

// FAILED_PRECONDITION: what has the name of our state file is something else.
absl::Status CheckStateFile(const Directories& directories) {
  const absl::Status status = ReadState(directories.state).status();
  if (status.ok() || absl::IsNotFound(status)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(directories.state, " is no state of a service (", std::string(status.message()),
                   "): move it away, or choose another folder with --data-dir"));
}

// In the order in which a service is ended: workers, coordinator, database.
void EndProcesses(const std::map<std::string, ProcessId>& processes, const Say& say) {
  const auto end = [&](const std::string& name, int signal, absl::Duration grace) {
    for (const auto& [found, process] : processes) {
      if (!found.starts_with(name) || !IsAlive(process)) continue;
      say(absl::StrCat("ending ", found, " (process ", process.pid, ") of an earlier service"));
      EndProcess(process, signal, grace);
    }
  };
  end("worker", SIGTERM, kWorkerGrace);
  end("nascentd", SIGTERM, kCoordinatorGrace);
  end("postgres", SIGINT, kPostgresGrace);
}

// What an earlier service left when it was killed. The caller holds the lock.
void EndLeftovers(const Directories& directories, const Say& say) {
  std::map<std::string, ProcessId> processes;
  if (const auto state = ReadState(directories.state); state.ok()) processes = state->processes;
  // The database says itself where it runs, should the state file be behind.
  if (const auto cluster = PostgresCluster::Find(directories); cluster.ok()) {
    if (const auto running = cluster->FindRunning()) processes["postgres"] = *running;
  }
  EndProcesses(processes, say);
}

// The error with which `nascent up` ended, from the text "nascent: MESSAGE [CODE]" that it wrote
// last.
absl::Status WhyItDidNotStart(absl::string_view said) {
  constexpr absl::string_view kBegin = "nascent: ";
  said = absl::StripTrailingAsciiWhitespace(said);
  absl::StatusCode code = absl::StatusCode::kInternal;
  for (int number = 1; number <= static_cast<int>(absl::StatusCode::kUnauthenticated); ++number) {
    const auto each = static_cast<absl::StatusCode>(number);
    if (!absl::ConsumeSuffix(&said, absl::StrCat(" [", absl::StatusCodeToString(each), "]")))
      continue;
    code = each;
    if (const size_t begin = said.rfind(kBegin); begin != absl::string_view::npos) {
      said.remove_prefix(begin + kBegin.size());
    }
  }
  return absl::Status(code, absl::StrCat("the service did not start: ", said));
}

// One run of the whole service.
class Service {
 public:
  Service(const UpOptions& options, const Directories& directories, const Say& say)
      : options_(options), directories_(directories), say_(say), supervisor_(say) {
    state_.supervisor = *FindProcess(getpid());
    state_.server = ReachableAddress(options.listen);
    supervisor_.OnChange([this](const std::map<std::string, ProcessId>& processes) {
      state_.processes = processes;
      Save();
    });
  }

  absl::Status Start() {
    for (absl::Status (Service::*step)() :
         {&Service::StartPostgres, &Service::StartCoordinator, &Service::StartWorkers}) {
      NASCENT_RETURN_IF_ERROR((this->*step)());
    }
    // A connection that nobody reads does not let a coordinator drain.
    client_.reset();
    state_.ready = true;
    Save();
    return absl::OkStatus();
  }

  void Run() { supervisor_.Run(); }

  void Stop() {
    supervisor_.Stop();
    std::remove(directories_.state.c_str());
  }

  const ServiceState& state() const { return state_; }

 private:
  void Save() {
    const absl::Status status = WriteState(directories_.state, state_);
    if (!status.ok()) say_(std::string(status.message()));
  }

  std::string ProgramPath(const std::string& name) const {
    return (options_.programs.empty() ? ProgramFolder() : options_.programs) + "/" + name;
  }

  absl::Status StartPostgres() {
    if (!options_.database_url.empty()) {
      state_.database_url = options_.database_url;
      state_.reader_url = options_.database_url;
      return Migrate();
    }
    NASCENT_ASSIGN_OR_RETURN(const PostgresCluster cluster, PostgresCluster::Find(directories_));
    NASCENT_RETURN_IF_ERROR(cluster.Initialize());
    state_.database_url = cluster.DatabaseUrl();
    state_.reader_url = cluster.ReaderUrl();
    absl::Status status = supervisor_.Start({.name = "postgres",
                                             .program = cluster.Program(),
                                             .end_signal = SIGINT,
                                             .grace = kPostgresGrace});
    if (!status.ok()) return status;
    status = supervisor_.RunUntil("postgres", kStartTimeout, [&] { return cluster.CheckReady(); });
    if (status.ok()) status = cluster.CreateDatabase();
    if (status.ok()) status = Migrate();
    if (status.ok()) status = cluster.AdmitReader();
    return status;
  }

  // nascentd with its database. What libpq reads from the environment is meant for that one only
  // where the user named it.
  ProgramSpec Coordinator(const std::vector<std::string>& arguments) const {
    ProgramSpec spec;
    spec.command = {ProgramPath("nascentd")};
    spec.command.insert(spec.command.end(), arguments.begin(), arguments.end());
    spec.environment = {DatabaseVariable(state_.database_url)};
    if (options_.database_url.empty()) spec.without = "PG";
    return spec;
  }

  absl::Status Migrate() { return RunProgram(Coordinator({"migrate"})).status(); }

  absl::Status StartCoordinator() {
    ProgramSpec spec =
        Coordinator({"--listen", options_.listen, "--artifacts", directories_.artifacts,
                     "--lease-seconds", absl::StrCat(options_.lease_seconds), "--term-seconds",
                     absl::StrCat(options_.term_seconds)});
    spec.log = directories_.logs + "/nascentd.log";
    NASCENT_RETURN_IF_ERROR(supervisor_.Start(
        {.name = "nascentd", .program = std::move(spec), .grace = kCoordinatorGrace}));
    client_.emplace(state_.server, client::ClientOptions{.call_timeout = absl::Seconds(2),
                                                         .patience = kStartPatience,
                                                         .on_wait = nullptr});
    return supervisor_.RunUntil("nascentd", kStartTimeout, [&]() -> absl::Status {
      const absl::Status answer = client_->ListWorkers().status();
      return answer.ok() ? answer : absl::UnavailableError(answer.message());
    });
  }

  absl::Status StartWorkers() {
    std::set<std::string> expected;
    const absl::Time start = absl::Now();
    for (int i = 1; i <= options_.workers; ++i) {
      const std::string name = absl::StrCat("worker-", i);
      ProgramSpec spec;
      spec.command = {ProgramPath("nascent-worker"),
                      "--server",
                      state_.server,
                      "--name",
                      name,
                      "--cache",
                      directories_.cache};
      if (options_.slots > 0) {
        spec.command.insert(spec.command.end(), {"--slots", absl::StrCat(options_.slots)});
      }
      spec.log = absl::StrCat(directories_.logs, "/", name, ".log");
      NASCENT_RETURN_IF_ERROR(
          supervisor_.Start({.name = name, .program = std::move(spec), .grace = kWorkerGrace}));
      expected.insert(name);
    }
    if (expected.empty()) return absl::OkStatus();
    return supervisor_.RunUntil(*expected.rbegin(), kStartTimeout, [&]() -> absl::Status {
      const auto workers = client_->ListWorkers();
      if (!workers.ok()) return absl::UnavailableError(workers.status().message());
      std::set<std::string> missing = expected;
      for (const v1::Worker& worker : *workers) {
        // An earlier service's workers had the same names.
        if (worker.last_seen_at().seconds() >= absl::ToUnixSeconds(start)) {
          missing.erase(worker.name());
        }
      }
      if (missing.empty()) return absl::OkStatus();
      return absl::UnavailableError(absl::StrCat("not registered: ", absl::StrJoin(missing, ", ")));
    });
  }

  const UpOptions& options_;
  const Directories& directories_;
  const Say& say_;
  Supervisor supervisor_;
  ServiceState state_;
  std::optional<client::NascentClient> client_;
};

}  // namespace

std::string ProgramFolder() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

absl::StatusOr<ServiceState> FindService(const Directories& directories) {
  NASCENT_ASSIGN_OR_RETURN(ServiceState state, ReadState(directories.state));
  if (!IsAlive(state.supervisor)) {
    return absl::NotFoundError(absl::StrCat("no service runs on ", directories.root));
  }
  return state;
}

std::string FindServer(const Directories& directories) {
  const absl::StatusOr<ServiceState> state = ReadState(directories.state);
  if (!state.ok()) return "";
  const auto coordinator = state->processes.find("nascentd");
  const bool serves = IsAlive(state->supervisor) ||
                      (coordinator != state->processes.end() && IsAlive(coordinator->second));
  return serves ? state->server : "";
}

absl::Status RunService(const UpOptions& options, const Say& say,
                        const std::function<void(const ServiceState&)>& on_ready) {
  // Nor do the programs that are started make anything that others can read.
  umask(S_IRWXG | S_IRWXO);
  const Directories directories = LayOut(options.data_dir);
  absl::Status made;
  if (options.database_url.empty()) {
    NASCENT_ASSIGN_OR_RETURN(const User owner,
                             geteuid() == 0 ? FindUser("postgres") : CurrentUser());
    made = MakeDirectories(directories, owner);
  } else {
    made = MakeDirectories(directories);
  }
  if (!made.ok()) return made;
  const FolderLock lock(directories.lock);
  if (!lock.held()) return AlreadyRuns(directories);

  NASCENT_RETURN_IF_ERROR(CheckStateFile(directories));
  EndLeftovers(directories, say);
  RotateLogs(directories);
  // Else another service on this address would answer in the place of ours.
  NASCENT_RETURN_IF_ERROR(CheckFree(options.listen));
  Service service(options, directories, say);
  const absl::Status status = service.Start();
  if (status.ok()) {
    on_ready(service.state());
    service.Run();
    say("ending in order: workers, coordinator, database");
  }
  service.Stop();
  return absl::IsCancelled(status) ? absl::OkStatus() : status;
}

absl::StatusOr<ServiceState> StartDetached(const UpOptions& options,
                                           const std::vector<std::string>& arguments) {
  const Directories directories = LayOut(options.data_dir);
  std::error_code error;
  NASCENT_RETURN_IF_ERROR(MakeDirectories(directories));
  if (!FolderLock(directories.lock).held()) return AlreadyRuns(directories);

  ProgramSpec spec;
  spec.command = {ProgramFolder() + "/nascent"};
  spec.command.insert(spec.command.end(), arguments.begin(), arguments.end());
  if (!options.database_url.empty()) spec.environment = {DatabaseVariable(options.database_url)};
  spec.log = directories.logs + "/up.log";
  const std::uintmax_t before =
      std::filesystem::exists(spec.log, error) ? std::filesystem::file_size(spec.log, error) : 0;
  NASCENT_ASSIGN_OR_RETURN(const ProcessId process, Spawn(spec));
  while (true) {
    const absl::StatusOr<ServiceState> state = FindService(directories);
    if (state.ok() && state->ready && state->supervisor.pid == process.pid) return state;
    if (!WaitForEnd(process, absl::Milliseconds(100))) continue;
    std::ifstream log(spec.log);
    log.seekg(static_cast<std::streamoff>(before));
    const std::string said((std::istreambuf_iterator<char>(log)), std::istreambuf_iterator<char>());
    return WhyItDidNotStart(said);
  }
}

absl::StatusOr<bool> StopService(const Directories& directories, const Say& say) {
  std::error_code error;
  if (!std::filesystem::exists(directories.lock, error)) return false;
  if (const auto state = FindService(directories); state.ok()) {
    if (kill(state->supervisor.pid, SIGTERM) != 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot end process ", state->supervisor.pid));
    }
    if (!WaitForEnd(state->supervisor, kStopTimeout)) {
      return absl::DeadlineExceededError(absl::StrCat("process ", state->supervisor.pid,
                                                      " has not ended, see ", directories.logs));
    }
    return true;
  }
  const FolderLock lock(directories.lock);
  if (!lock.held()) {
    return absl::UnavailableError(
        absl::StrCat("a service is just starting on ", directories.root, ": try again"));
  }
  bool any = false;
  EndLeftovers(directories, [&](const std::string& line) {
    any = true;
    say(line);
  });
  std::remove(directories.state.c_str());
  return any;
}

}  // namespace nascent::local
