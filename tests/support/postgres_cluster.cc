#include "tests/support/postgres_cluster.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace nascent::testing {
namespace {

namespace fs = std::filesystem;

// The newest installed server's programs, or those in NASCENT_POSTGRES_BIN.
absl::StatusOr<std::string> ProgramDirectory() {
  if (const char* chosen = std::getenv("NASCENT_POSTGRES_BIN")) return std::string(chosen);
  std::string best;
  int best_version = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error)) {
    const int version = std::atoi(entry.path().filename().c_str());
    if (version <= best_version || !fs::exists(entry.path() / "bin/initdb")) continue;
    best_version = version;
    best = entry.path() / "bin";
  }
  if (best.empty()) return absl::NotFoundError("no PostgreSQL server is installed");
  return best;
}

std::string RandomHex(int digits) {
  std::random_device device;
  std::string text;
  while (static_cast<int>(text.size()) < digits) absl::StrAppendFormat(&text, "%08x", device());
  return text.substr(0, digits);
}

std::string ContentOf(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Who the server runs as; 0 uid: as we are.
struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
};

absl::StatusOr<Account> ServerAccount() {
  if (geteuid() != 0) return Account{};
  const passwd* entry = getpwnam("postgres");
  if (entry == nullptr)
    return absl::NotFoundError("PostgreSQL refuses root, and there is no user postgres");
  return Account{entry->pw_uid, entry->pw_gid};
}

// Starts a program as `account` with its output in `log`; it dies with this process.
absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& command, const Account& account,
                            const std::string& log, const std::string& notify_socket) {
  std::vector<char*> argv;
  for (const std::string& each : command) argv.push_back(const_cast<char*>(each.c_str()));
  argv.push_back(nullptr);
  const std::string notify = absl::StrCat("NOTIFY_SOCKET=", notify_socket);
  std::vector<const char*> environment = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"};
  if (!notify_socket.empty()) environment.push_back(notify.c_str());
  environment.push_back(nullptr);
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (output < 0) return absl::ErrnoToStatus(errno, absl::StrCat("open ", log));
  const pid_t child = fork();
  if (child == 0) {
    // Only async-signal-safe calls from here on.
    setpgid(0, 0);
    if (account.uid != 0) {
      if (setgroups(0, nullptr) != 0 || setgid(account.gid) != 0 || setuid(account.uid) != 0)
        _exit(126);
    }
    // After setuid, which clears it. Immediate shutdown: nobody waits for this cluster any more.
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (chdir("/") != 0) _exit(126);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execve(argv[0], argv.data(), const_cast<char**>(environment.data()));
    _exit(127);
  }
  const int fork_error = errno;
  close(output);
  if (child < 0) return absl::ErrnoToStatus(fork_error, "fork");
  return child;
}

absl::Status Run(const std::vector<std::string>& command, const Account& account,
                 const std::string& log) {
  const auto child = Spawn(command, account, log, "");
  if (!child.ok()) return child.status();
  int status = 0;
  if (waitpid(*child, &status, 0) != *child || status != 0) {
    return absl::InternalError(
        absl::StrCat(command[0], " ended with status ", status, ": ", ContentOf(log)));
  }
  return absl::OkStatus();
}

// Receives systemd's notifications (sd_notify(3)), which PostgreSQL sends when it is ready.
class ReadySocket {
 public:
  explicit ReadySocket(const std::string& path) : path_(path) {
    unlink(path.c_str());
    socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    bound_ = bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
             chmod(path.c_str(), 0666) == 0;
  }
  ~ReadySocket() {
    close(socket_);
    unlink(path_.c_str());
  }

  // False: `child` died first, or a minute passed.
  bool WaitUnlessDead(pid_t child) const {
    const int process = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    pollfd fds[2] = {{socket_, POLLIN, 0}, {process, POLLIN, 0}};
    bool ready = false;
    while (bound_ && !ready && poll(fds, 2, 60'000) > 0 && (fds[0].revents & POLLIN) != 0) {
      char message[256] = {};
      const ssize_t size = recv(socket_, message, sizeof(message) - 1, 0);
      ready = size > 0 && std::strstr(message, "READY=1") != nullptr;
    }
    close(process);
    return ready;
  }

 private:
  const std::string path_;
  int socket_ = -1;
  bool bound_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresCluster>> PostgresCluster::Create(const Options& options) {
  const auto programs = ProgramDirectory();
  if (!programs.ok()) return programs.status();
  const auto account = ServerAccount();
  if (!account.ok()) return account.status();
  std::string directory = absl::StrCat(options.parent_directory, "/nascent-XXXXXX");
  if (mkdtemp(directory.data()) == nullptr) {
    return absl::ErrnoToStatus(errno, absl::StrCat("mkdtemp ", directory));
  }
  std::unique_ptr<PostgresCluster> cluster(new PostgresCluster(directory, RandomHex(32)));
  const std::string password_file = directory + "/password";
  std::ofstream(password_file) << cluster->password_ << "\n";
  if (account->uid != 0) {
    for (const std::string& path : {directory, password_file}) {
      if (chown(path.c_str(), account->uid, account->gid) != 0) {
        return absl::ErrnoToStatus(errno, absl::StrCat("chown ", path));
      }
    }
  }
  if (absl::Status status =
          Run({*programs + "/initdb", "--pgdata=" + directory + "/data", "--username=nascent",
               "--pwfile=" + password_file, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
               "--no-sync", "--no-instructions"},
              *account, directory + "/initdb.log");
      !status.ok()) {
    return status;
  }
  fs::remove(password_file);
  {
    std::ofstream file(directory + "/data/postgresql.conf", std::ios::app);
    file << "listen_addresses = ''\nunix_socket_directories = '" << directory << "'\n"
         << "fsync = " << (options.fsync ? "on" : "off") << "\nmax_wal_size = 4GB\n";
    for (const auto& [name, value] : options.settings) file << name << " = '" << value << "'\n";
  }
  if (absl::Status status = cluster->Start(); !status.ok()) return status;
  return cluster;
}

PostgresCluster::~PostgresCluster() {
  Stop(Shutdown::kImmediate);
  std::error_code error;
  fs::remove_all(directory_, error);
}

std::string PostgresCluster::UrlOf(const std::string& user, const std::string& password) const {
  return absl::StrCat("postgresql://", user, password.empty() ? "" : ":", password,
                      "@/postgres?host=", directory_);
}

void PostgresCluster::Stop(Shutdown how) {
  if (pid_ == 0) return;
  kill(pid_, how == Shutdown::kFast ? SIGINT : SIGQUIT);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

absl::Status PostgresCluster::Start() {
  if (pid_ != 0) return absl::FailedPreconditionError("the server runs");
  const auto programs = ProgramDirectory();
  if (!programs.ok()) return programs.status();
  const auto account = ServerAccount();
  if (!account.ok()) return account.status();
  const std::string log = directory_ + "/server.log";
  const ReadySocket ready(directory_ + "/ready");
  const auto child = Spawn({*programs + "/postgres", "-D", directory_ + "/data"}, *account, log,
                           directory_ + "/ready");
  if (!child.ok()) return child.status();
  pid_ = *child;
  if (ready.WaitUnlessDead(pid_)) return absl::OkStatus();
  Stop(Shutdown::kImmediate);
  return absl::InternalError(absl::StrCat("PostgreSQL did not start: ", ContentOf(log)));
}

}  // namespace nascent::testing
