#include "client/local/directories.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/sha256.h"

namespace nascent::local {
namespace {

constexpr size_t kLongestSocketDir = 90;  // of 107, less "/.s.PGSQL.5432"

std::string Environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? "" : value;
}

absl::Status MakeDirectory(const std::string& path, mode_t mode) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot make the folder ", path));
  }
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is not a folder"));
  }
  return absl::OkStatus();
}

absl::Status GiveTo(const std::string& path, const User& owner, mode_t mode) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return absl::ErrnoToStatus(errno, path);
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

// Whether somebody who is neither owner nor in the group may pass through every folder above
// `path`.
absl::Status CheckPassable(const std::string& path, const User& user) {
  for (std::filesystem::path folder = std::filesystem::path(path).parent_path();;
       folder = folder.parent_path()) {
    struct stat info {};
    if (stat(folder.c_str(), &info) == 0 && info.st_uid != user.uid &&
        (info.st_mode & S_IXOTH) == 0) {
      return absl::FailedPreconditionError(
          absl::StrFormat("PostgreSQL runs as the user %s, who cannot enter %s (mode %04o): choose "
                          "another place with "
                          "--data-dir",
                          user.name, folder.string(), info.st_mode & 07777U));
    }
    if (folder == folder.parent_path()) return absl::OkStatus();
  }
}

}  // namespace

std::string DefaultDataDir() {
  if (const std::string set = Environment("NASCENT_DATA_DIR"); !set.empty()) return set;
  if (geteuid() == 0) return "/var/lib/nascent";
  if (const std::string data = Environment("XDG_DATA_HOME"); !data.empty()) {
    return data + "/nascent";
  }
  return Environment("HOME") + "/.local/share/nascent";
}

Directories LayOut(const std::string& data_dir) {
  std::filesystem::path root = std::filesystem::absolute(data_dir).lexically_normal();
  if (!root.has_filename()) root = root.parent_path();  // "a/" is "a"
  const std::string base = root.string();
  Directories directories{.root = base,
                          .cluster = base + "/postgres",
                          .socket = base + "/socket",
                          .artifacts = base + "/artifacts",
                          .cache = base + "/cache",
                          .logs = base + "/log",
                          .state = base + "/state.json",
                          .lock = base + "/up.lock"};
  if (directories.socket.size() > kLongestSocketDir) {
    directories.socket =
        absl::StrCat("/tmp/nascent-", geteuid(), "-", Sha256Hex(base).substr(0, 16));
  }
  return directories;
}

absl::Status MakeDirectories(const Directories& directories) {
  for (const std::string& path :
       {directories.root, directories.artifacts, directories.cache, directories.logs}) {
    const absl::Status status = MakeDirectory(path, 0755);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status MakeDirectories(const Directories& directories, const User& owner) {
  const bool other = owner.uid != geteuid();
  absl::Status made = MakeDirectories(directories);
  if (made.ok()) made = MakeDirectory(directories.cluster, 0755);
  if (made.ok()) made = MakeDirectory(directories.socket, 0755);
  if (!made.ok()) return made;
  if (other) {
    const absl::Status passable = CheckPassable(directories.root, owner);
    if (!passable.ok()) return passable;
    struct stat info {};
    if (stat(directories.root.c_str(), &info) != 0 ||
        chmod(directories.root.c_str(), (info.st_mode & 07777U) | S_IXOTH) != 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", directories.root));
    }
  }
  const absl::Status cluster = GiveTo(directories.cluster, owner, 0700);
  if (!cluster.ok()) return cluster;
  return GiveTo(directories.socket, owner, 0755);
}

}  // namespace nascent::local
