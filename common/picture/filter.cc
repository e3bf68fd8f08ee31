#include "common/picture/filter.h"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace nascent::picture {
namespace {

// A file in memory. With pipes instead two programs could wait for each other.
class MemoryFile {
 public:
  explicit MemoryFile(const char* name) : descriptor_(memfd_create(name, MFD_CLOEXEC)) {}
  ~MemoryFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int descriptor() const { return descriptor_; }

  bool Fill(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t count = write(descriptor_, text.data(), text.size());
      if (count < 0) return false;
      text.remove_prefix(static_cast<size_t>(count));
    }
    return lseek(descriptor_, 0, SEEK_SET) == 0;
  }

  std::string Content() const {
    std::string content;
    char buffer[1 << 16];
    lseek(descriptor_, 0, SEEK_SET);
    for (ssize_t count = 0; (count = read(descriptor_, buffer, sizeof(buffer))) > 0;) {
      content.append(buffer, static_cast<size_t>(count));
    }
    return content;
  }

 private:
  const int descriptor_;
};

}  // namespace

absl::StatusOr<std::string> RunFilter(const std::vector<std::string>& command,
                                      std::string_view input) {
  const MemoryFile in("input");
  const MemoryFile out("output");
  const MemoryFile errors("errors");
  if (in.descriptor() < 0 || out.descriptor() < 0 || errors.descriptor() < 0 || !in.Fill(input)) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot start ", command[0]));
  }
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in.descriptor(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, out.descriptor(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, errors.descriptor(), STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, arguments[0], &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (error == ENOENT) return absl::NotFoundError(absl::StrCat("no program ", command[0]));
  if (error != 0) return absl::ErrnoToStatus(error, absl::StrCat("cannot start ", command[0]));
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return out.Content();
  const std::string said(absl::StripAsciiWhitespace(errors.Content()));
  return absl::InternalError(
      absl::StrCat(command[0],
                   WIFEXITED(status) ? absl::StrCat(" ended with status ", WEXITSTATUS(status))
                                     : absl::StrCat(" was ended by signal ", WTERMSIG(status)),
                   said.empty() ? "" : ": ", said));
}

}  // namespace nascent::picture
