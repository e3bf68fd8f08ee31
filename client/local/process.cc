#include "client/local/process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/clock.h"
#include "common/status_macros.h"

extern char** environ;

namespace nascent::local {
namespace {

constexpr int kTailLines = 20;

// A file descriptor that is closed in the end.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

// An anonymous file that holds `text`, at its start.
int TextDescriptor(const std::string& text) {
  const int fd = memfd_create("input", MFD_CLOEXEC);
  if (fd < 0) return fd;
  if (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    close(fd);
    return -1;
  }
  lseek(fd, 0, SEEK_SET);
  return fd;
}

// Debian's <sys/pidfd.h> declares pidfd_open without C linkage.
int OpenProcess(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Between fork and exec: only what is safe in a copy of one thread. Tells errno through `report`.
[[noreturn]] void BecomeProgram(char* const* command, char* const* environment, int in, int out,
                                const std::optional<User>& user, const std::vector<gid_t>& groups,
                                bool session, int report) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  bool ok = true;
  if (session) setsid();
  if (in >= 0) ok = ok && dup2(in, STDIN_FILENO) >= 0;
  if (out >= 0) ok = ok && dup2(out, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0;
  if (user) {
    ok = ok && setgroups(groups.size(), groups.data()) == 0 && setgid(user->gid) == 0 &&
         setuid(user->uid) == 0 && chdir("/") == 0;
  }
  if (ok) execve(command[0], command, environment);
  const int error = errno;
  const ssize_t written = write(report, &error, sizeof(error));
  _exit(written == sizeof(error) ? 127 : 126);
}

absl::StatusOr<pid_t> Fork(const ProgramSpec& spec, int in, int out) {
  std::vector<std::string> command = spec.command;
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (spec.without.empty() || !text.starts_with(spec.without)) variables.emplace_back(text);
  }
  for (const std::string& added : spec.environment) {
    const std::string name = added.substr(0, added.find('=') + 1);
    std::erase_if(variables, [&](const std::string& v) { return v.starts_with(name); });
    variables.push_back(added);
  }
  std::vector<gid_t> groups;
  if (spec.user) {
    int count = 64;
    groups.resize(static_cast<size_t>(count));
    getgrouplist(spec.user->name.c_str(), spec.user->gid, groups.data(), &count);
    groups.resize(static_cast<size_t>(std::clamp(count, 0, 64)));
  }
  const std::vector<char*> command_pointers = Pointers(command);
  const std::vector<char*> environment_pointers = Pointers(variables);

  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  const Descriptor reader(ends[0]);
  pid_t pid = -1;
  {
    const Descriptor writer(ends[1]);
    pid = fork();
    if (pid == 0) {
      BecomeProgram(command_pointers.data(), environment_pointers.data(), in, out, spec.user,
                    groups, spec.session, writer.get());
    }
  }
  if (pid < 0) return absl::ErrnoToStatus(errno, "cannot start a process");
  int error = 0;
  if (read(reader.get(), &error, sizeof(error)) == sizeof(error)) {
    waitpid(pid, nullptr, 0);
    return absl::ErrnoToStatus(error, absl::StrCat("cannot run ", spec.command[0]));
  }
  return pid;
}

}  // namespace

std::optional<ProcessId> FindProcess(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::stringstream content;
  content << file.rdbuf();
  // The name in parentheses may hold anything; the fields after it may not.
  const std::string text = content.str();
  const size_t end = text.rfind(')');
  if (pid <= 0 || end == std::string::npos) return std::nullopt;
  const std::vector<std::string> fields =
      absl::StrSplit(text.substr(end + 1), ' ', absl::SkipEmpty());
  constexpr size_t kState = 0;
  constexpr size_t kStartTime = 19;
  int64_t start_time = 0;
  if (fields.size() <= kStartTime || fields[kState] == "Z" || fields[kState] == "X" ||
      !absl::SimpleAtoi(fields[kStartTime], &start_time)) {
    return std::nullopt;
  }
  return ProcessId{pid, start_time};
}

bool IsAlive(const ProcessId& process) { return FindProcess(process.pid) == process; }

absl::StatusOr<User> FindUser(const std::string& name) {
  passwd entry{};
  passwd* found = nullptr;
  char buffer[16384];
  if (getpwnam_r(name.c_str(), &entry, buffer, sizeof(buffer), &found) != 0 || found == nullptr) {
    return absl::NotFoundError(absl::StrCat("this machine has no user ", name));
  }
  return User{found->pw_name, found->pw_uid, found->pw_gid, found->pw_dir};
}

absl::StatusOr<User> CurrentUser() {
  passwd entry{};
  passwd* found = nullptr;
  char buffer[16384];
  if (getpwuid_r(geteuid(), &entry, buffer, sizeof(buffer), &found) != 0 || found == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("this machine has no user with the number ", geteuid()));
  }
  return User{found->pw_name, found->pw_uid, found->pw_gid, found->pw_dir};
}

absl::StatusOr<ProcessId> Spawn(const ProgramSpec& spec) {
  const Descriptor in(spec.input.empty() ? open("/dev/null", O_RDONLY | O_CLOEXEC)
                                         : TextDescriptor(spec.input));
  const Descriptor out(
      spec.log.empty() ? -1
                       : open(spec.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!spec.log.empty() && out.get() < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", spec.log));
  }
  NASCENT_ASSIGN_OR_RETURN(const pid_t pid, Fork(spec, in.get(), out.get()));
  // A process that has ended by now is a zombie until it is reaped, with the start time of nobody.
  return FindProcess(pid).value_or(ProcessId{pid, -1});
}

absl::StatusOr<std::string> RunProgram(ProgramSpec spec) {
  const Descriptor in(spec.input.empty() ? open("/dev/null", O_RDONLY | O_CLOEXEC)
                                         : TextDescriptor(spec.input));
  const Descriptor out(memfd_create("output", MFD_CLOEXEC));
  if (in.get() < 0 || out.get() < 0) return absl::ErrnoToStatus(errno, "cannot start a program");
  spec.session = false;
  NASCENT_ASSIGN_OR_RETURN(const pid_t pid, Fork(spec, in.get(), out.get()));
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  std::string output;
  char buffer[4096];
  lseek(out.get(), 0, SEEK_SET);
  for (ssize_t count = 0; (count = read(out.get(), buffer, sizeof(buffer))) > 0;) {
    output.append(buffer, static_cast<size_t>(count));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return output;
  std::vector<std::string> lines = absl::StrSplit(output, '\n', absl::SkipEmpty());
  if (lines.size() > kTailLines) lines.erase(lines.begin(), lines.end() - kTailLines);
  return absl::InternalError(
      absl::StrCat(spec.command[0],
                   WIFEXITED(status) ? absl::StrCat(" ended with exit status ", WEXITSTATUS(status))
                                     : absl::StrCat(" was ended by signal ", WTERMSIG(status)),
                   lines.empty() ? "" : ":\n", absl::StrJoin(lines, "\n")));
}

bool WaitForEnd(const ProcessId& process, absl::Duration timeout) {
  const absl::Duration until = SystemClock().Elapsed() + timeout;
  const Descriptor handle(IsAlive(process) ? OpenProcess(process.pid) : -1);
  bool ended = handle.get() < 0 && !IsAlive(process);
  // Where the system has no such handles the table of processes is asked instead.
  while (!ended) {
    const absl::Duration left = std::max(until - SystemClock().Elapsed(), absl::ZeroDuration());
    if (handle.get() >= 0) {
      pollfd wait{handle.get(), POLLIN, 0};
      ended = poll(&wait, 1, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1) > 0;
    } else {
      poll(nullptr, 0,
           static_cast<int>(absl::ToInt64Milliseconds(std::min(left, absl::Milliseconds(50)))));
      ended = !IsAlive(process);
    }
    if (!ended && left <= absl::ZeroDuration()) return false;
  }
  waitpid(process.pid, nullptr, WNOHANG);
  return true;
}

void AwaitEnd(const ProcessId& process, absl::Duration grace) {
  if (WaitForEnd(process, grace)) return;
  if (getpgid(process.pid) == process.pid) {
    kill(-process.pid, SIGKILL);
  } else {
    kill(process.pid, SIGKILL);
  }
  WaitForEnd(process, absl::Seconds(5));
}

void EndProcess(const ProcessId& process, int signal, absl::Duration grace) {
  if (!IsAlive(process)) return;
  kill(process.pid, signal);
  AwaitEnd(process, grace);
}

std::string LastLines(const std::string& path, int lines) {
  std::ifstream file(path, std::ios::ate);
  if (!file) return "";
  constexpr std::streamoff kMost = 16384;
  const std::streamoff size = file.tellg();
  file.seekg(std::max<std::streamoff>(0, size - kMost));
  std::stringstream content;
  content << file.rdbuf();
  std::vector<std::string> all = absl::StrSplit(content.str(), '\n', absl::SkipEmpty());
  if (all.size() > static_cast<size_t>(lines)) all.erase(all.begin(), all.end() - lines);
  return absl::StrJoin(all, "\n");
}

}  // namespace nascent::local
