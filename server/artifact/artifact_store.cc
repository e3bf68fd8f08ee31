#include "server/artifact/artifact_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace nascent::artifact {
namespace {

namespace fs = std::filesystem;

constexpr size_t kHashedAtOnce = 1 << 20;
constexpr char kDamaged[] = ".damaged";

absl::Status FromErrno(int error, std::string_view what, const std::string& path) {
  const std::string text = absl::StrCat(absl::string_view(what.data(), what.size()), " ", path,
                                        ": ", std::generic_category().message(error));
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return absl::ResourceExhaustedError(text);
  }
  if (error == ENOENT) return absl::NotFoundError(text);
  return absl::InternalError(text);
}

absl::Status CheckName(const std::string& sha256) {
  if (IsSha256(sha256)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "sha256: an artifact is named by 64 lower-case hexadecimal digits");
}

int64_t SizeOf(const std::string& path) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0 ? info.st_size : -1;
}

absl::Status Sync(const std::string& directory) {
  const File file(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.descriptor() < 0 || fsync(file.descriptor()) != 0) {
    return FromErrno(errno, "can't sync", directory);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadAt(const File& file, int64_t offset, size_t most) {
  std::string bytes(most, '\0');
  size_t size = 0;
  while (size < most) {
    const ssize_t got = pread(file.descriptor(), bytes.data() + size, most - size,
                              offset + static_cast<int64_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromErrno(errno, "can't read", "an artifact");
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

File::~File() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::StatusOr<std::unique_ptr<ArtifactStore>> ArtifactStore::Open(const Options& options) {
  const std::string partial = options.directory + "/partial";
  std::error_code error;
  fs::create_directories(partial, error);
  if (error || access(partial.c_str(), W_OK | X_OK) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("artifacts can't be kept in ", options.directory, ": ",
                     error ? error.message() : std::generic_category().message(errno)));
  }
  return std::unique_ptr<ArtifactStore>(new ArtifactStore(options));
}

std::string ArtifactStore::FinalPath(const std::string& sha256) const {
  return absl::StrCat(options_.directory, "/", sha256.substr(0, 2), "/", sha256);
}

std::string ArtifactStore::PartialPath(const std::string& sha256) const {
  return absl::StrCat(options_.directory, "/partial/", sha256);
}

absl::StatusOr<Presence> ArtifactStore::Stat(const std::string& sha256) {
  NASCENT_RETURN_IF_ERROR(CheckName(sha256));
  NASCENT_ASSIGN_OR_RETURN(const bool whole, IsWhole(sha256));
  if (whole) return Presence{std::max<int64_t>(0, SizeOf(FinalPath(sha256))), true};
  return Presence{std::max<int64_t>(0, SizeOf(PartialPath(sha256))), false};
}

// --- damage ---

ArtifactStore::Seen ArtifactStore::SeenOf(const struct stat& info) {
  return {info.st_ino, info.st_size,
          int64_t{info.st_ctim.tv_sec} * 1'000'000'000 + info.st_ctim.tv_nsec};
}

absl::StatusOr<bool> ArtifactStore::IsWhole(const std::string& sha256) {
  const std::string path = FinalPath(sha256);
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.descriptor() < 0 && errno == ENOENT) return false;
  struct stat info = {};
  if (file.descriptor() < 0 || fstat(file.descriptor(), &info) != 0) {
    return FromErrno(errno, "can't open", path);
  }
  const Seen now = SeenOf(info);
  {
    MutexLock lock(mutex_);
    const auto seen = seen_.find(sha256);
    if (seen != seen_.end() && seen->second == now) return true;
  }
  Sha256 hash;
  int64_t position = 0;
  while (true) {
    NASCENT_ASSIGN_OR_RETURN(const auto bytes, ReadAt(file, position, kHashedAtOnce));
    if (bytes.empty()) break;
    hash.Update(bytes);
    position += static_cast<int64_t>(bytes.size());
  }
  if (std::string found = hash.Hex(); found != sha256) {
    NASCENT_RETURN_IF_ERROR(SetAside(sha256, file, std::move(found)));
    return false;
  }
  // A change within the same tick of the file system's clock would not show.
  timespec clock = {};
  clock_gettime(CLOCK_REALTIME, &clock);
  if (clock.tv_sec - info.st_ctim.tv_sec < 2) return true;
  MutexLock lock(mutex_);
  seen_[sha256] = now;
  return true;
}

absl::Status ArtifactStore::SetAside(const std::string& sha256, const File& file,
                                     std::string found) {
  const std::string path = FinalPath(sha256);
  const std::string aside = path + kDamaged;
  struct stat read = {};
  struct stat named = {};
  if (fstat(file.descriptor(), &read) != 0) return FromErrno(errno, "can't read", path);
  // Another thread may have set it aside, and the artifact may have been put again since.
  if (stat(path.c_str(), &named) != 0 || named.st_ino != read.st_ino) return absl::OkStatus();
  if (rename(path.c_str(), aside.c_str()) != 0) return FromErrno(errno, "can't rename", path);
  {
    MutexLock lock(mutex_);
    seen_.erase(sha256);
  }
  if (options_.on_damage != nullptr) {
    options_.on_damage({sha256, std::move(found), read.st_size, aside});
  }
  return absl::OkStatus();
}

// --- writing ---

ArtifactStore::Upload::Upload(ArtifactStore& store, std::string sha256, int64_t size)
    : store_(store), sha256_(std::move(sha256)), size_(size) {}

ArtifactStore::Upload::~Upload() {
  MutexLock lock(store_.mutex_);
  store_.uploading_.erase(sha256_);
}

absl::StatusOr<std::unique_ptr<ArtifactStore::Upload>> ArtifactStore::StartUpload(
    const std::string& sha256, int64_t size, int64_t offset) {
  NASCENT_RETURN_IF_ERROR(CheckName(sha256));
  if (size < 0 || offset < 0 || offset > size) {
    return absl::InvalidArgumentError(
        absl::StrCat("offset ", offset, " of ", size, " bytes: not 0 <= offset <= size"));
  }
  if (size > options_.largest) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "size: an artifact of ", size, " bytes is over the limit of ", options_.largest));
  }
  {
    MutexLock lock(mutex_);
    if (!uploading_.insert(sha256).second) {
      return absl::AbortedError(absl::StrCat("another upload of ", sha256, " is under way"));
    }
  }
  // Its destructor takes the name out of `uploading_` on every way out.
  std::unique_ptr<Upload> upload(new Upload(*this, sha256, size));
  NASCENT_ASSIGN_OR_RETURN(const auto here, Stat(sha256));
  if (here.complete) {
    upload->received_ = here.received;
    return upload;
  }
  if (here.received != offset) {
    return absl::AbortedError(
        absl::StrCat("offset: ", here.received, " bytes of ", sha256, " are here, not ", offset));
  }
  struct statvfs disk = {};
  if (statvfs(options_.directory.c_str(), &disk) == 0 &&
      static_cast<int64_t>(disk.f_bavail * disk.f_frsize) < size - offset) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the disk has no room for ", size - offset, " bytes"));
  }
  const std::string path = PartialPath(sha256);
  upload->file_ = std::make_unique<File>(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (upload->file_->descriptor() < 0) return FromErrno(errno, "can't open", path);
  while (upload->received_ < offset) {
    NASCENT_ASSIGN_OR_RETURN(const auto bytes,
                             ReadAt(*upload->file_, upload->received_, kHashedAtOnce));
    if (bytes.empty()) return absl::AbortedError(absl::StrCat(path, " became shorter"));
    upload->hash_.Update(bytes);
    upload->received_ += static_cast<int64_t>(bytes.size());
  }
  return upload;
}

absl::Status ArtifactStore::Upload::Append(std::string_view bytes) {
  if (file_ == nullptr) return absl::OkStatus();
  const std::string path = store_.PartialPath(sha256_);
  if (static_cast<int64_t>(bytes.size()) > size_ - received_) {
    unlink(path.c_str());
    return absl::InvalidArgumentError(
        absl::StrCat("more than the ", size_, " bytes that the header named"));
  }
  size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t put = pwrite(file_->descriptor(), bytes.data() + written, bytes.size() - written,
                               received_ + static_cast<int64_t>(written));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      const int error = errno;
      // The hash knows whole pieces only.
      if (ftruncate(file_->descriptor(), received_) != 0) unlink(path.c_str());
      return FromErrno(error, "can't write", path);
    }
    written += static_cast<size_t>(put);
  }
  hash_.Update(bytes);
  received_ += static_cast<int64_t>(bytes.size());
  return absl::OkStatus();
}

absl::StatusOr<Presence> ArtifactStore::Upload::Finish() {
  if (file_ == nullptr) return Presence{received_, true};
  if (received_ < size_) return Presence{received_, false};
  const std::string partial = store_.PartialPath(sha256_);
  if (const std::string hash = std::exchange(hash_, Sha256()).Hex(); hash != sha256_) {
    unlink(partial.c_str());
    return absl::InvalidArgumentError(
        absl::StrCat("the content has the hash ", hash, ", not ", sha256_));
  }
  const std::string path = store_.FinalPath(sha256_);
  const std::string directory = fs::path(path).parent_path();
  if (fsync(file_->descriptor()) != 0) return FromErrno(errno, "can't sync", partial);
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return FromErrno(errno, "can't make", directory);
  }
  if (rename(partial.c_str(), path.c_str()) != 0) return FromErrno(errno, "can't rename", partial);
  NASCENT_RETURN_IF_ERROR(Sync(directory));
  NASCENT_RETURN_IF_ERROR(Sync(store_.options_.directory));
  file_.reset();
  return Presence{received_, true};
}

// --- reading ---

absl::StatusOr<std::string> ArtifactStore::PathOf(const std::string& sha256) {
  NASCENT_ASSIGN_OR_RETURN(const auto here, Stat(sha256));
  if (!here.complete) {
    return absl::NotFoundError(
        absl::StrCat("no artifact ", sha256, " (", here.received, " bytes of it are here)"));
  }
  return FinalPath(sha256);
}

absl::StatusOr<std::unique_ptr<ArtifactStore::Reader>> ArtifactStore::Read(
    const std::string& sha256, int64_t offset) {
  NASCENT_RETURN_IF_ERROR(CheckName(sha256));
  const std::string path = FinalPath(sha256);
  auto file = std::make_unique<File>(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file->descriptor() < 0 && errno == ENOENT) {
    if (SizeOf(path + kDamaged) < 0)
      return absl::NotFoundError(absl::StrCat("no artifact ", sha256));
    return absl::DataLossError(absl::StrCat(
        "artifact ", sha256, " was damaged on the coordinator's disk and set aside: put it again"));
  }
  struct stat info = {};
  if (file->descriptor() < 0 || fstat(file->descriptor(), &info) != 0) {
    return FromErrno(errno, "can't open", path);
  }
  if (offset < 0 || offset > info.st_size) {
    return absl::InvalidArgumentError(
        absl::StrCat("offset: found ", offset, ", allowed [0, ", info.st_size, "]"));
  }
  std::unique_ptr<Reader> reader(new Reader(*this, sha256, std::move(file), info.st_size));
  while (reader->position_ < offset) {
    NASCENT_ASSIGN_OR_RETURN(
        const auto bytes,
        ReadAt(*reader->file_, reader->position_,
               std::min(kHashedAtOnce, static_cast<size_t>(offset - reader->position_))));
    if (bytes.empty()) break;  // it became shorter, which the end will show
    reader->hash_.Update(bytes);
    reader->position_ += static_cast<int64_t>(bytes.size());
  }
  return reader;
}

absl::StatusOr<std::string> ArtifactStore::Reader::Next(size_t most) {
  if (ended_) return "";
  const auto wanted = std::min(most, static_cast<size_t>(size_ - position_));
  NASCENT_ASSIGN_OR_RETURN(auto bytes, ReadAt(*file_, position_, wanted));
  hash_.Update(bytes);
  position_ += static_cast<int64_t>(bytes.size());
  if (position_ < size_ && bytes.size() == wanted) return bytes;
  ended_ = true;
  std::string found = hash_.Hex();
  if (found == sha256_) return bytes;
  NASCENT_RETURN_IF_ERROR(store_.SetAside(sha256_, *file_, std::move(found)));
  return absl::DataLossError(
      absl::StrCat("artifact ", sha256_, " was damaged on the coordinator's disk: put it again"));
}

// --- removing ---

absl::Status ArtifactStore::Remove(const std::string& sha256) {
  NASCENT_RETURN_IF_ERROR(CheckName(sha256));
  for (const std::string& path : {FinalPath(sha256), FinalPath(sha256) + kDamaged}) {
    if (unlink(path.c_str()) != 0 && errno != ENOENT) return FromErrno(errno, "can't remove", path);
  }
  MutexLock lock(mutex_);
  seen_.erase(sha256);
  return absl::OkStatus();
}

absl::StatusOr<int> ArtifactStore::RemoveStalePartials(absl::Duration age) {
  const auto newest = fs::file_time_type::clock::now() - absl::ToChronoNanoseconds(age);
  int removed = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(options_.directory + "/partial", error)) {
    const std::string name = entry.path().filename();
    const auto changed = entry.last_write_time(error);
    // What has another name is not ours.
    if (error || changed > newest || !IsSha256(name)) continue;
    MutexLock lock(mutex_);
    if (!uploading_.contains(name) && fs::remove(entry.path(), error)) ++removed;
  }
  if (error) return absl::InternalError(absl::StrCat("partial uploads: ", error.message()));
  return removed;
}

}  // namespace nascent::artifact
