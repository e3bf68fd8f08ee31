#include "worker/evaluate/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace nascent::worker {
namespace {

constexpr int kChildSocket = 3;
constexpr size_t kTailBytes = 4096;

absl::Status SystemError(const char* call) {
  return absl::UnavailableError(absl::StrCat(call, ": ", std::strerror(errno)));
}

// Everything that exec needs, made before fork: between fork and exec only async-signal-safe calls
// are allowed, as other threads' locks may be held for ever in the copy.
struct ExecPlan {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  int64_t memory_limit_bytes;
  int socket;
  int output;
  int error;  // closed by a successful exec, else gets errno
  pid_t parent;
};

[[noreturn]] void Exec(const ExecPlan& plan) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != plan.parent) _exit(127);  // the parent died before prctl
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  // Its supervisor decides when it ends, also where a service manager or a terminal signals all.
  signal(SIGTERM, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  if (plan.memory_limit_bytes > 0) {
    const rlimit limit = {static_cast<rlim_t>(plan.memory_limit_bytes),
                          static_cast<rlim_t>(plan.memory_limit_bytes)};
    setrlimit(RLIMIT_DATA, &limit);
  }
  const int nothing = open("/dev/null", O_RDONLY);
  // The descriptors come from beyond 3 (see Above), so none is overwritten before it is copied.
  if (dup2(nothing, 0) >= 0 && dup2(plan.output, 1) >= 0 && dup2(plan.output, 2) >= 0 &&
      dup2(plan.socket, kChildSocket) >= 0) {
    // All others are close-on-exec; those that a library made without that flag are closed too.
    syscall(SYS_close_range, kChildSocket + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    execve(plan.arguments[0], plan.arguments.data(), plan.environment.data());
  }
  const int error = errno;
  (void)!write(plan.error, &error, sizeof(error));
  _exit(127);
}

// Moves a descriptor out of the range that the child's own will have.
int Above(int fd) {
  const int moved = fcntl(fd, F_DUPFD_CLOEXEC, kChildSocket + 1);
  close(fd);
  return moved;
}

bool MakePipe(int ends[2]) {
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  ends[1] = Above(ends[1]);
  return ends[1] >= 0;
}

}  // namespace

std::string ChildExit::Describe() const {
  if (signal != 0) return absl::StrCat("killed by signal ", signal, " (", strsignal(signal), ")");
  return absl::StrCat("exited with status ", status);
}

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(
    const ChildProcessOptions& options) {
  if (access(options.program.c_str(), X_OK) != 0) {
    return absl::NotFoundError(
        absl::StrCat("can't execute ", options.program, ": ", std::strerror(errno)));
  }
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
    return SystemError("socketpair");
  }
  sockets[1] = Above(sockets[1]);
  int output[2];
  int error[2];
  if (sockets[1] < 0 || !MakePipe(output) || !MakePipe(error)) return SystemError("pipe");
  fcntl(output[0], F_SETFL, O_NONBLOCK);

  std::vector<std::string> arguments = {options.program, "--fd", std::to_string(kChildSocket)};
  std::vector<std::string> added = options.environment;
  ExecPlan plan = {{}, {}, options.memory_limit_bytes, sockets[1], output[1], error[1], getpid()};
  for (std::string& argument : arguments) plan.arguments.push_back(argument.data());
  plan.arguments.push_back(nullptr);
  for (std::string& variable : added) plan.environment.push_back(variable.data());
  for (char** variable = environ; *variable != nullptr; ++variable) {
    plan.environment.push_back(*variable);
  }
  plan.environment.push_back(nullptr);

  const pid_t pid = fork();
  if (pid == 0) Exec(plan);
  close(sockets[1]);
  close(output[1]);
  close(error[1]);
  if (pid < 0) {
    close(sockets[0]);
    close(output[0]);
    close(error[0]);
    return SystemError("fork");
  }
  setpgid(pid, pid);  // also here: whichever side runs first
  auto child = std::unique_ptr<ChildProcess>(new ChildProcess(pid, sockets[0], output[0]));
  int exec_error = 0;
  const bool failed = read(error[0], &exec_error, sizeof(exec_error)) == sizeof(exec_error);
  close(error[0]);
  if (failed) {
    return absl::NotFoundError(
        absl::StrCat("can't execute ", options.program, ": ", std::strerror(exec_error)));
  }
  return child;
}

ChildProcess::~ChildProcess() {
  Kill();
  close(socket_);
  close(output_);
}

bool ChildProcess::ReadOutput() {
  char bytes[4096];
  while (true) {
    const ssize_t count = read(output_, bytes, sizeof(bytes));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN;
    if (count == 0) return false;
    tail_.append(bytes, static_cast<size_t>(count));
    if (tail_.size() > kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
  }
}

bool ChildProcess::HasEnded() {
  if (ended_) return true;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
  ended_ = true;
  exit_ = WIFSIGNALED(status) ? ChildExit{WTERMSIG(status), 0} : ChildExit{0, WEXITSTATUS(status)};
  return true;
}

ChildExit ChildProcess::Kill() {
  HasEnded();  // to learn of an end of its own before it is killed
  kill(-pid_, SIGKILL);
  if (!ended_) {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    ended_ = true;
    exit_ =
        WIFSIGNALED(status) ? ChildExit{WTERMSIG(status), 0} : ChildExit{0, WEXITSTATUS(status)};
  }
  return exit_;
}

ChildExit ChildProcess::AwaitEnd() {
  // The pipe closes with the process, unless something that it started holds it open.
  for (int i = 0; i < 20 && !HasEnded(); ++i) {
    pollfd waiting = {output_, POLLIN, 0};
    poll(&waiting, 1, 100);
    if (!ReadOutput()) break;
  }
  if (!HasEnded()) {
    // Output and socket are closed: the process is past its last instruction, or hides it well.
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    if (pidfd >= 0) {
      pollfd waiting = {pidfd, POLLIN, 0};
      poll(&waiting, 1, 2000);
      close(pidfd);
    }
  }
  return Kill();
}

}  // namespace nascent::worker
