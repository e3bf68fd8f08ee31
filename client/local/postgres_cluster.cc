#include "client/local/postgres_cluster.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/local/own_folder.h"
#include "common/status_macros.h"

namespace nascent::local {
namespace {

constexpr int kOldestVersion = 15;
constexpr char kSuperuser[] = "postgres";
// libpq's and PostgreSQL's: they are meant for other databases.
constexpr char kForeignVariables[] = "PG";

constexpr char kAccess[] =
    "# Written by `nascent up` when the cluster was made.\n"
    "# TYPE  DATABASE  USER  METHOD\n"
    "local   all       all   peer map=nascent\n";

// Roles and database appear once; statements that would make them again are never formed.
constexpr char kCreateDatabase[] = R"sql(
SELECT 'CREATE ROLE nascent LOGIN CREATEROLE'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nascent') \gexec
SELECT 'CREATE DATABASE nascent OWNER nascent'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'nascent') \gexec
)sql";

constexpr char kAdmitReader[] = R"sql(
SELECT 'ALTER ROLE nascent_reader LOGIN'
  FROM pg_roles WHERE rolname = 'nascent_reader' AND NOT rolcanlogin \gexec
)sql";

// "PostgreSQL 15.18" of `postgres --version`, as 15; 0 when it can't be run.
int VersionOf(const std::string& bin) {
  ProgramSpec spec;
  spec.command = {bin + "/postgres", "--version"};
  const absl::StatusOr<std::string> output = RunProgram(spec);
  if (!output.ok()) return 0;
  const std::vector<std::string> words = absl::StrSplit(*output, ' ', absl::SkipEmpty());
  for (const std::string& word : words) {
    int version = 0;
    if (absl::SimpleAtoi(word.substr(0, word.find_first_not_of("0123456789")), &version)) {
      return version;
    }
  }
  return 0;
}

std::vector<std::string> Candidates() {
  std::vector<std::string> folders;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets any
  if (const char* set = std::getenv("NASCENT_POSTGRES_BIN")) return {set};
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", error)) {
    folders.push_back((entry.path() / "bin").string());
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  if (const char* path = std::getenv("PATH")) {
    for (const auto folder : absl::StrSplit(path, ':', absl::SkipEmpty())) {
      folders.emplace_back(folder);
    }
  }
  return folders;
}

}  // namespace

absl::StatusOr<PostgresCluster> PostgresCluster::Find(const Directories& directories) {
  std::string best;
  int best_version = 0;
  for (const std::string& folder : Candidates()) {
    if (access((folder + "/initdb").c_str(), X_OK) != 0) continue;
    const int version = VersionOf(folder);
    if (version > best_version) {
      best = folder;
      best_version = version;
    }
  }
  if (best_version < kOldestVersion) {
    return absl::NotFoundError(
        absl::StrCat("no PostgreSQL of version ", kOldestVersion,
                     " or newer is installed: install it (deploy/install-dependencies does), or "
                     "use one that runs "
                     "elsewhere with --database URL"));
  }
  const absl::StatusOr<User> self = CurrentUser();
  if (!self.ok()) return self.status();
  NASCENT_ASSIGN_OR_RETURN(const User owner, geteuid() == 0 ? FindUser("postgres") : self);
  return PostgresCluster(directories, best, owner, *self);
}

bool PostgresCluster::IsOurs() const {
  if (IsMarked(directories_.cluster)) return true;
  // Versions that set no marker wrote this.
  std::ifstream access(directories_.cluster + "/pg_hba.conf");
  std::string line;
  return std::getline(access, line) && absl::StartsWith(kAccess, line + "\n");
}

absl::Status PostgresCluster::CheckVersion() const {
  int found = 0;
  std::ifstream(directories_.cluster + "/PG_VERSION") >> found;
  if (found == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(directories_.cluster,
                     " has lost its file PG_VERSION: restore the folder from a backup, or move it "
                     "away to begin anew"));
  }
  const int have = VersionOf(bin_);
  if (found == have) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(directories_.cluster, " was made by PostgreSQL ", found, ", found is version ",
                   have, ": set NASCENT_POSTGRES_BIN to a folder with version ", found,
                   ", or move the data with pg_upgrade"));
}

absl::StatusOr<std::string> PostgresCluster::MakeWorkshop() const {
  const bool other = owner_.uid != self_.uid;
  // What a first start that was interrupted left behind.
  std::error_code error;
  if (IsMarked(directories_.making)) std::filesystem::remove_all(directories_.making, error);
  absl::Status made =
      MakeOwn(directories_.making, other ? 0711 : 0700, [](const std::string&) { return false; });
  const std::string folder = directories_.making + "/data";
  if (made.ok()) made = MakeDirectory(folder, 0700);
  if (made.ok()) made = GiveTo(folder, owner_, 0700);
  if (!made.ok()) return made;
  return folder;
}

absl::Status PostgresCluster::Make(const std::string& folder) const {
  ProgramSpec spec;
  spec.command = {bin_ + "/initdb",
                  "--pgdata=" + folder,
                  "--auth-local=peer",
                  "--auth-host=reject",
                  "--encoding=UTF8",
                  "--locale=C.UTF-8",
                  absl::StrCat("--username=", kSuperuser)};
  spec.without = kForeignVariables;
  if (owner_.uid != self_.uid) spec.user = owner_;
  const absl::StatusOr<std::string> made = RunProgram(spec);
  if (!made.ok()) return made.status();

  std::string map = "# MAPNAME  SYSTEM-USERNAME  PG-USERNAME\n";
  for (const char* role : {"nascent", "nascent_reader", kSuperuser}) {
    absl::StrAppend(&map, "nascent \"", self_.name, "\" ", role, "\n");
  }
  std::ofstream access(folder + "/pg_hba.conf");
  access << kAccess;
  std::ofstream identities(folder + "/pg_ident.conf");
  identities << map;
  if (!access.flush() || !identities.flush()) {
    return absl::InternalError(absl::StrCat("cannot write into ", folder));
  }
  return Mark(folder, owner_);
}

absl::Status PostgresCluster::Initialize() const {
  struct stat info {};
  if (lstat(directories_.cluster.c_str(), &info) == 0) {
    if (IsOurs()) {
      const absl::Status usable = CheckVersion();
      return usable.ok() ? GiveTo(directories_.cluster, owner_, 0700) : usable;
    }
    const std::string strangers =
        S_ISDIR(info.st_mode) ? Strangers(directories_.cluster, [](const auto&) { return false; })
                              : "something else than a folder";
    if (!strangers.empty()) {
      return absl::FailedPreconditionError(absl::StrCat(
          directories_.cluster, " holds ", strangers,
          " and is no database that `nascent up` made: nothing was changed. Move it away, choose "
          "another folder with --data-dir, or, if a PostgreSQL serves it, use that with --database "
          "URL"));
    }
  }
  NASCENT_ASSIGN_OR_RETURN(const std::string folder, MakeWorkshop());
  NASCENT_RETURN_IF_ERROR(Make(folder));
  // Takes the place of nothing or of an empty folder.
  if (rename(folder.c_str(), directories_.cluster.c_str()) != 0) {
    return absl::ErrnoToStatus(
        errno, absl::StrCat("cannot move the new database to ", directories_.cluster));
  }
  std::error_code error;
  std::filesystem::remove_all(directories_.making, error);
  return absl::OkStatus();
}

ProgramSpec PostgresCluster::Program() const {
  ProgramSpec spec;
  spec.command = {bin_ + "/postgres",
                  "-D",
                  directories_.cluster,
                  "-c",
                  "listen_addresses=",
                  "-c",
                  "port=5432",
                  "-c",
                  absl::StrCat("unix_socket_directories=", directories_.socket),
                  "-c",
                  "log_destination=stderr",
                  "-c",
                  "logging_collector=off"};
  spec.without = kForeignVariables;
  spec.log = directories_.logs + "/postgres.log";
  if (owner_.uid != self_.uid) spec.user = owner_;
  return spec;
}

absl::Status PostgresCluster::CheckReady() const {
  ProgramSpec spec;
  spec.command = {bin_ + "/pg_isready", "-q", "-h", directories_.socket, "-p", "5432"};
  spec.without = kForeignVariables;
  if (RunProgram(spec).ok()) return absl::OkStatus();
  return absl::UnavailableError("PostgreSQL does not take connections yet");
}

absl::Status PostgresCluster::RunSql(const std::string& script) const {
  ProgramSpec spec;
  spec.command = {bin_ + "/psql", "-X", "-q",       "-h", directories_.socket, "-p", "5432", "-U",
                  kSuperuser,     "-d", "postgres", "-v", "ON_ERROR_STOP=1"};
  spec.without = kForeignVariables;
  spec.input = script;
  return RunProgram(spec).status();
}

absl::Status PostgresCluster::CreateDatabase() const { return RunSql(kCreateDatabase); }

absl::Status PostgresCluster::AdmitReader() const { return RunSql(kAdmitReader); }

std::optional<ProcessId> PostgresCluster::FindRunning() const {
  if (!IsOurs()) return std::nullopt;
  std::ifstream file(directories_.cluster + "/postmaster.pid");
  pid_t pid = 0;
  if (!(file >> pid)) return std::nullopt;
  const std::optional<ProcessId> process = FindProcess(pid);
  if (!process) return std::nullopt;
  // The number may have been given to another program since, even to another PostgreSQL.
  std::ifstream command_file(absl::StrCat("/proc/", pid, "/cmdline"));
  std::string program;
  std::getline(command_file, program, '\0');
  std::error_code error;
  const bool here =
      std::filesystem::equivalent(absl::StrCat("/proc/", pid, "/cwd"), directories_.cluster, error);
  return program.ends_with("postgres") && here ? process : std::nullopt;
}

std::string PostgresCluster::Url(const std::string& role) const {
  std::string host;
  for (const char letter : directories_.socket) {
    const auto byte = static_cast<unsigned char>(letter);
    if (absl::ascii_isalnum(byte) || letter == '/' || letter == '-' || letter == '_' ||
        letter == '.') {
      host += letter;
    } else {
      absl::StrAppend(&host, "%", absl::Hex(byte, absl::kZeroPad2));
    }
  }
  return absl::StrCat("postgresql:///nascent?host=", host, "&port=5432&user=", role);
}

}  // namespace nascent::local
