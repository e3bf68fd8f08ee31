#include "worker/agent/scratch_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/request_id.h"

namespace nascent::worker {
namespace {

namespace fs = std::filesystem;

constexpr char kLockFile[] = "/lock";

void RemoveAbandoned(const std::string& parent) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    const int lock = open((entry.path().string() + kLockFile).c_str(), O_RDWR | O_CLOEXEC);
    if (lock < 0) continue;  // being made
    if (flock(lock, LOCK_EX | LOCK_NB) == 0) fs::remove_all(entry.path(), error);
    close(lock);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<ScratchFolder>> ScratchFolder::Make(const std::string& parent) {
  std::error_code error;
  fs::create_directories(parent, error);
  RemoveAbandoned(parent);
  const std::string path = absl::StrCat(parent, "/", rpc::NewRequestId());
  // The lock is taken under another name, so that nobody finds the folder without it.
  const std::string making = absl::StrCat(path, ".new");
  fs::create_directory(making, error);
  const int lock = open((making + kLockFile).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0 ||
      rename(making.c_str(), path.c_str()) != 0) {
    if (lock >= 0) close(lock);
    return absl::UnavailableError(absl::StrCat("can't make a folder in ", parent));
  }
  return std::unique_ptr<ScratchFolder>(new ScratchFolder(path, lock));
}

ScratchFolder::~ScratchFolder() {
  std::error_code error;
  fs::remove_all(path_, error);
  close(lock_);
}

}  // namespace nascent::worker
