#include "common/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace nascent {
namespace {

// /dev/stdout and its kin: to replace the file behind them would take it from whoever reads on.
bool IsStandardStream(const struct stat& file) {
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat stream {};
    if (fstat(descriptor, &stream) == 0 && stream.st_dev == file.st_dev &&
        stream.st_ino == file.st_ino) {
      return true;
    }
  }
  return false;
}

// Where the bytes of `path` are in the end. A link that points nowhere names the file to make.
std::string Followed(const std::string& path) {
  constexpr int kLongestChain = 40;  // as the kernel's
  std::string at = path;
  for (int i = 0; i < kLongestChain; ++i) {
    char link[PATH_MAX];
    const ssize_t length = readlink(at.c_str(), link, sizeof(link));
    if (length < 0) return at;
    const std::string next(link, static_cast<size_t>(length));
    const size_t slash = at.rfind('/');
    at =
        next.starts_with('/') || slash == std::string::npos ? next : at.substr(0, slash + 1) + next;
  }
  return path;
}

}  // namespace

OutputFile::OutputFile(const std::string& path) : path_(path) {
  Open();
  open_error_ = file_ == nullptr ? errno : 0;
}

void OutputFile::Open() {
  struct stat there {};
  const bool exists = stat(path_.c_str(), &there) == 0;
  if (exists && (!S_ISREG(there.st_mode) || IsStandardStream(there))) {
    file_ = std::fopen(path_.c_str(), "ab");
    return;
  }
  // A file that may not be written is not replaced either, though its folder would allow it.
  if (exists && access(path_.c_str(), W_OK) != 0) return;
  target_ = Followed(path_);
  temporary_ = absl::StrCat(target_, ".part.", getpid());
  file_ = std::fopen(temporary_.c_str(), "wbx");
  if (file_ != nullptr && exists) fchmod(fileno(file_), there.st_mode & 07777);
}

OutputFile::~OutputFile() {
  if (file_ != nullptr) std::fclose(file_);
  if (!temporary_.empty()) std::remove(temporary_.c_str());
}

absl::Status OutputFile::Write(std::string_view bytes) {
  if (file_ == nullptr) return Error(open_error_);
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) return Error(errno);
  return absl::OkStatus();
}

absl::Status OutputFile::Commit() {
  if (file_ == nullptr) return Error(open_error_);
  const bool flushed = std::fflush(file_) == 0;
  const int error = errno;
  // Some file systems tell only here that they are full.
  const bool closed = std::fclose(file_) == 0;
  file_ = nullptr;
  open_error_ = EBADF;
  if (!flushed) return Error(error);
  if (!closed) return Error(errno);
  if (temporary_.empty()) return absl::OkStatus();
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) return Error(errno);
  temporary_.clear();
  return absl::OkStatus();
}

absl::Status OutputFile::Error(int error) const {
  return absl::ErrnoToStatus(error, absl::StrCat("cannot write ", path_));
}

absl::Status WriteOutputFile(const std::string& path, std::string_view bytes) {
  OutputFile file(path);
  const absl::Status status = file.Write(bytes);
  return status.ok() ? file.Commit() : status;
}

}  // namespace nascent
