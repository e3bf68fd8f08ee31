#include "client/local/own_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace nascent::local {
namespace {

constexpr char kMarker[] = ".nascent";
constexpr std::string_view kMarkerText =
    "This folder was made by `nascent up`, which may change what is in it.\n";

std::string MarkerOf(const std::string& path) { return absl::StrCat(path, "/", kMarker); }

}  // namespace

absl::Status MakeDirectory(const std::string& path, mode_t mode) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot make the folder ", path));
  }
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is not a folder"));
  }
  return absl::OkStatus();
}

bool IsMarked(const std::string& path) {
  struct stat info {};
  return lstat(MarkerOf(path).c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

absl::Status Mark(const std::string& path, const User& owner) {
  const std::string marker = MarkerOf(path);
  const int file =
      open(marker.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", marker));
  const bool written = write(file, kMarkerText.data(), kMarkerText.size()) ==
                           static_cast<ssize_t>(kMarkerText.size()) &&
                       (owner.uid == geteuid() || fchown(file, owner.uid, owner.gid) == 0);
  const int why = errno;
  close(file);
  if (written) return absl::OkStatus();
  return absl::ErrnoToStatus(why, absl::StrCat("cannot write ", marker));
}

std::string Strangers(const std::string& path,
                      const std::function<bool(const std::string&)>& known) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    const std::string name = entry.path().filename().string();
    if (name != kMarker && !known(name)) found.push_back(name);
  }
  if (error) return absl::StrCat("what cannot be read (", error.message(), ")");
  if (found.empty()) return "";
  std::sort(found.begin(), found.end());
  return found.size() == 1 ? found[0] : absl::StrCat(found[0], " and ", found.size() - 1, " more");
}

absl::StatusOr<bool> Claim(const std::string& path, mode_t mode,
                           const std::function<bool(const std::string&)>& known) {
  NASCENT_RETURN_IF_ERROR(MakeDirectory(path, mode));
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return absl::ErrnoToStatus(errno, path);
  if (info.st_uid != geteuid()) return false;
  if (!IsMarked(path)) {
    if (!Strangers(path, known).empty()) return false;
    NASCENT_ASSIGN_OR_RETURN(const User self, CurrentUser());
    NASCENT_RETURN_IF_ERROR(Mark(path, self));
  }
  if (chmod(path.c_str(), mode) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot close ", path, " to others"));
  }
  return true;
}

absl::Status MakeOwn(const std::string& path, mode_t mode,
                     const std::function<bool(const std::string&)>& known) {
  NASCENT_ASSIGN_OR_RETURN(const bool ours, Claim(path, mode, known));
  if (ours) return absl::OkStatus();
  const std::string strangers = Strangers(path, known);
  return absl::FailedPreconditionError(
      absl::StrCat(path, strangers.empty() ? " belongs to another user" : " holds ", strangers,
                   strangers.empty() ? "" : ", which `nascent up` did not make",
                   ": move it away, or choose another folder with --data-dir"));
}

absl::Status GiveTo(const std::string& path, const User& owner, mode_t mode) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return absl::ErrnoToStatus(errno, path);
  if (!S_ISDIR(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is not a folder"));
  }
  if (info.st_uid != owner.uid && info.st_uid != geteuid()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the folder ", path, " belongs to another user (number ", info.st_uid, ")"));
  }
  if ((info.st_uid != owner.uid && chown(path.c_str(), owner.uid, owner.gid) != 0) ||
      chmod(path.c_str(), mode) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot give ", path, " to ", owner.name));
  }
  return absl::OkStatus();
}

}  // namespace nascent::local
