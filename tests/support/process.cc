#include "tests/support/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace nascent::testing {
namespace {

std::vector<char*> Pointers(const std::vector<std::string>& arguments) {
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) {
    pointers.push_back(const_cast<char*>(argument.c_str()));  // execv takes char* const*
  }
  pointers.push_back(nullptr);
  return pointers;
}

[[noreturn]] void Exec(const std::vector<char*>& pointers) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  execv(pointers[0], pointers.data());
  _exit(127);
}

int ExitCode(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// One end of a pipe in this process; closes what is left.
struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
  }
  ~Pipe() {
    CloseReader();
    CloseWriter();
  }
  void CloseReader() { Close(ends[0]); }
  void CloseWriter() { Close(ends[1]); }
  static void Close(int& end) {
    if (end >= 0) close(end);
    end = -1;
  }
};

}  // namespace

Finished RunToEnd(const std::vector<std::string>& arguments, const std::string& input) {
  const std::vector<char*> pointers = Pointers(arguments);
  Pipe in, out, err;
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(in.ends[0], 0);
    dup2(out.ends[1], 1);
    dup2(err.ends[1], 2);
    Exec(pointers);
  }
  in.CloseReader();
  out.CloseWriter();
  err.CloseWriter();
  signal(SIGPIPE, SIG_IGN);
  fcntl(in.ends[1], F_SETFL, O_NONBLOCK);  // or both sides could wait for each other

  Finished finished;
  size_t written = 0;
  while (out.ends[0] >= 0 || err.ends[0] >= 0) {
    if (written == input.size()) in.CloseWriter();
    std::array<pollfd, 3> waits{
        {{in.ends[1], POLLOUT, 0}, {out.ends[0], POLLIN, 0}, {err.ends[0], POLLIN, 0}}};
    if (poll(waits.data(), waits.size(), -1) < 0) continue;
    if (waits[0].revents != 0) {
      const ssize_t n = write(in.ends[1], input.data() + written, input.size() - written);
      if (n < 0 && errno != EAGAIN) {
        in.CloseWriter();
        written = input.size();
      } else if (n > 0) {
        written += static_cast<size_t>(n);
      }
    }
    std::array<char, 65536> buffer;
    const auto drain = [&](const pollfd& wait, Pipe& pipe, std::string& text) {
      if (wait.revents == 0) return;
      const ssize_t n = read(pipe.ends[0], buffer.data(), buffer.size());
      if (n <= 0) {
        pipe.CloseReader();
      } else {
        text.append(buffer.data(), static_cast<size_t>(n));
      }
    };
    drain(waits[1], out, finished.out);
    drain(waits[2], err, finished.err);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  finished.exit_code = ExitCode(status);
  return finished;
}

Process::Process(const std::vector<std::string>& arguments, const std::string& log_path) {
  const std::vector<char*> pointers = Pointers(arguments);
  pid_ = fork();
  if (pid_ == 0) {
    const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(log, 1);
    dup2(log, 2);
    Exec(pointers);
  }
}

Process::~Process() { Kill(); }

bool Process::Running() {
  if (reaped_) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == pid_) {
    reaped_ = true;
    exit_code_ = ExitCode(status);
  }
  return !reaped_;
}

void Process::Signal(int signal) {
  if (Running()) kill(pid_, signal);
}

void Process::Kill() {
  Signal(SIGKILL);
  Wait();
}

int Process::Wait() {
  if (!reaped_) {
    int status = 0;
    waitpid(pid_, &status, 0);
    reaped_ = true;
    exit_code_ = ExitCode(status);
  }
  return exit_code_;
}

std::vector<pid_t> Process::Children() const {
  std::vector<pid_t> children;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/task")) {
    std::ifstream file(task.path() / "children");
    for (pid_t child; file >> child;) children.push_back(child);
  }
  return children;
}

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no free port");
  }
  close(fd);
  return ntohs(address.sin_port);
}

TemporaryFolder::TemporaryFolder() {
  std::string name = "/tmp/nascent-test-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ProgramFolder() { return NASCENT_PROGRAM_FOLDER; }

}  // namespace nascent::testing
