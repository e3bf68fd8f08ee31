#include "client/local/directories.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/local/own_folder.h"
#include "common/sha256.h"
#include "common/status_macros.h"

namespace nascent::local {
namespace {

constexpr size_t kLongestSocketDir = 90;  // of 107, less "/.s.PGSQL.5432"

std::string Environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? "" : value;
}

// Names in each folder as versions that set no marker left them.
bool IsArtifactName(const std::string& name) {
  return name == "partial" || (name.size() == 2 && absl::c_all_of(name, absl::ascii_isxdigit));
}
bool IsCacheName(const std::string& name) {
  return name == "tasks" || IsSha256(name.substr(0, name.find('.')));
}
bool IsLogName(const std::string& name) {
  return name.ends_with(".log") || name.ends_with(".log.1");
}
bool IsSocketName(const std::string& name) { return name.starts_with(".s.PGSQL."); }

// The folder of everything. One with other things in it is served, too, as long as nobody else can
// put files there: what it holds besides is not looked at.
absl::Status MakeRoot(const std::string& root, mode_t mode) {
  const absl::StatusOr<bool> ours = Claim(root, mode, [](const std::string&) { return false; });
  if (!ours.ok()) return ours.status();
  struct stat info {};
  if (stat(root.c_str(), &info) != 0) return absl::ErrnoToStatus(errno, root);
  if (!*ours && (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "other users may write into %s (mode %04o): `chmod go-w` it, or choose another folder with "
        "--data-dir",
        root, info.st_mode & 07777U));
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
  std::string home = Environment("HOME");
  if (home.empty()) {
    if (const absl::StatusOr<User> self = CurrentUser(); self.ok()) home = self->home;
  }
  return home + "/.local/share/nascent";
}

Directories LayOut(const std::string& data_dir) {
  std::filesystem::path root = std::filesystem::absolute(data_dir).lexically_normal();
  if (!root.has_filename()) root = root.parent_path();  // "a/" is "a"
  // Links lead to one service by whichever name it is called.
  std::error_code error;
  const std::filesystem::path real = std::filesystem::weakly_canonical(root, error);
  if (!error) root = real;
  const std::string base = root.string();
  Directories directories{.root = base,
                          .cluster = base + "/postgres",
                          .making = base + "/postgres.new",
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
  absl::Status made = MakeRoot(directories.root, 0700);
  if (made.ok()) made = MakeOwn(directories.artifacts, 0700, IsArtifactName);
  if (made.ok()) made = MakeOwn(directories.cache, 0700, IsCacheName);
  if (made.ok()) made = MakeOwn(directories.logs, 0700, IsLogName);
  return made;
}

absl::Status MakeDirectories(const Directories& directories, const User& owner) {
  absl::Status made = MakeDirectories(directories);
  if (!made.ok()) return made;
  if (owner.uid != geteuid()) {
    NASCENT_RETURN_IF_ERROR(CheckPassable(directories.root, owner));
    struct stat info {};
    if (stat(directories.root.c_str(), &info) != 0 ||
        chmod(directories.root.c_str(), (info.st_mode & 07777U) | S_IXOTH) != 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", directories.root));
    }
  }
  struct stat info {};
  if (lstat(directories.socket.c_str(), &info) != 0) {
    made = MakeOwn(directories.socket, 0700, IsSocketName);
    if (!made.ok()) return made;
  } else if (const std::string strangers = Strangers(directories.socket, IsSocketName);
             !strangers.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        directories.socket, " holds ", strangers,
        ", which `nascent up` did not make: move it away, or choose another folder with "
        "--data-dir"));
  }
  return GiveTo(directories.socket, owner, 0700);
}

}  // namespace nascent::local
