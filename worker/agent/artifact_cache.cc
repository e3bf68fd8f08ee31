#include "worker/agent/artifact_cache.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/request_id.h"
#include "common/sha256.h"
#include "worker/agent/coordinator.h"

namespace nascent::worker {
namespace {

namespace fs = std::filesystem;

// Waits that end on a cancellation, too, look at it this often.
constexpr absl::Duration kLook = absl::Milliseconds(200);

// Downloads that a worker did not live to end.
void RemoveLeftovers(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const bool part = entry.path().filename().string().find(".part.") != std::string::npos;
    const auto age = fs::file_time_type::clock::now() - entry.last_write_time(error);
    if (part && !error && age > std::chrono::hours(1)) fs::remove(entry.path(), error);
  }
}

}  // namespace

PinnedArtifact::~PinnedArtifact() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<std::unique_ptr<ArtifactCache>> ArtifactCache::Open(const std::string& folder,
                                                                   int64_t max_bytes,
                                                                   Download download) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error || access(folder.c_str(), W_OK | X_OK) != 0) {
    return absl::UnavailableError(absl::StrCat("can't write to the cache folder ", folder));
  }
  RemoveLeftovers(folder);
  return std::unique_ptr<ArtifactCache>(new ArtifactCache(folder, max_bytes, std::move(download)));
}

absl::StatusOr<PinnedArtifact> ArtifactCache::Get(const std::string& sha256,
                                                  Cancellation& cancellation,
                                                  const std::function<void()>& on_bytes) {
  if (!IsSha256(sha256)) {
    return absl::InvalidArgumentError(absl::StrCat("not a SHA-256: '", sha256, "'"));
  }
  {
    MutexLock lock(mutex_);
    while (busy_.count(sha256) != 0) {
      if (cancellation.cancelled()) return absl::CancelledError("given up");
      changed_.WaitFor(mutex_, kLook);
      on_bytes();  // whoever fetches it for all is at work
    }
    busy_.insert(sha256);
  }
  const auto done = absl::MakeCleanup([&] {
    MutexLock lock(mutex_);
    busy_.erase(sha256);
    changed_.NotifyAll();
  });
  return GetAlone(sha256, cancellation, on_bytes);
}

absl::StatusOr<PinnedArtifact> ArtifactCache::GetAlone(const std::string& sha256,
                                                       Cancellation& cancellation,
                                                       const std::function<void()>& on_bytes) {
  auto pinned = Pin(sha256);
  if (pinned.ok()) {
    {
      MutexLock lock(mutex_);
      if (checked_.count(sha256) != 0) return pinned;
    }
    if (Sha256OfFile(pinned->path()).value_or("") == sha256) {
      MutexLock lock(mutex_);
      checked_.insert(sha256);
      return pinned;
    }
    spdlog::warn("{} is damaged and is fetched again", pinned->path());
    unlink(pinned->path().c_str());
  }
  // A name of its own, as another worker may fetch the same artifact into this folder.
  const std::string part = absl::StrCat(folder_, "/", sha256, ".part.", rpc::NewRequestId());
  absl::Status status = download_(sha256, part, cancellation, on_bytes);
  // A second try: a byte may have changed on the way.
  if (absl::IsDataLoss(status)) status = download_(sha256, part, cancellation, on_bytes);
  if (!status.ok()) return status;
  if (rename(part.c_str(), absl::StrCat(folder_, "/", sha256).c_str()) != 0) {
    unlink(part.c_str());
    return absl::UnavailableError(absl::StrCat("can't rename ", part));
  }
  pinned = Pin(sha256);
  {
    MutexLock lock(mutex_);
    checked_.insert(sha256);
  }
  Evict();
  return pinned;
}

absl::StatusOr<PinnedArtifact> ArtifactCache::Pin(const std::string& sha256) {
  const std::string path = absl::StrCat(folder_, "/", sha256);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::NotFoundError(absl::StrCat("can't open ", path));
  PinnedArtifact pinned(path, fd);
  struct stat by_descriptor;
  struct stat by_name;
  if (flock(fd, LOCK_SH | LOCK_NB) != 0 || fstat(fd, &by_descriptor) != 0 ||
      stat(path.c_str(), &by_name) != 0 || by_descriptor.st_ino != by_name.st_ino) {
    return absl::NotFoundError(absl::StrCat(path, " is being evicted"));
  }
  futimens(fd, nullptr);  // its last use; eviction goes by it
  return pinned;
}

void ArtifactCache::Evict() {
  struct Entry {
    fs::file_time_type used;
    std::string path;
    int64_t size;
  };
  std::vector<Entry> entries;
  int64_t total = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    if (!IsSha256(entry.path().filename().string())) continue;
    const auto size = static_cast<int64_t>(entry.file_size(error));
    if (error) continue;
    entries.push_back({entry.last_write_time(error), entry.path().string(), size});
    total += size;
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.used < b.used; });
  for (const Entry& entry : entries) {
    if (total <= max_bytes_) return;
    const int fd = open(entry.path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    // Fails where a task of this or another worker uses the file.
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && unlink(entry.path.c_str()) == 0) total -= entry.size;
    close(fd);
  }
}

}  // namespace nascent::worker
