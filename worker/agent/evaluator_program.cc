#include "worker/agent/evaluator_program.h"

#include <fcntl.h>
#include <google/protobuf/util/json_util.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "worker/evaluate/task_control.h"

namespace nascent::worker {
namespace {

// Reads until the end, or until `timeout`.
std::string ReadAll(int fd, absl::Duration timeout) {
  const absl::Time until = MonotonicNow() + timeout;
  std::string text;
  char bytes[4096];
  while (true) {
    const int64_t left = absl::ToInt64Milliseconds(until - MonotonicNow());
    pollfd waiting = {fd, POLLIN, 0};
    if (left <= 0 || poll(&waiting, 1, static_cast<int>(left)) == 0) return text;
    const ssize_t count = read(fd, bytes, sizeof(bytes));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(bytes, static_cast<size_t>(count));
  }
}

}  // namespace

absl::StatusOr<child::Description> DescribeEvaluator(const std::string& program,
                                                     absl::Duration timeout) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::UnavailableError("pipe failed");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string name = program;
  std::string flag = "--describe";
  char* arguments[] = {name.data(), flag.data(), nullptr};
  pid_t pid = 0;
  const int error = posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    return absl::NotFoundError(
        absl::StrCat("can't execute the evaluator ", program, ": ", std::strerror(error)));
  }
  const std::string text = ReadAll(ends[0], timeout);
  close(ends[0]);
  // It has closed its output, or the time is over.
  kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  child::Description description;
  if (!google::protobuf::util::JsonStringToMessage(text, &description).ok() ||
      description.devices_size() == 0) {
    return absl::InternalError(
        absl::StrCat(program, " --describe did not print its description; it printed: '",
                     text.substr(0, 200), "'"));
  }
  return description;
}

std::string OwnFolder() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

}  // namespace nascent::worker
