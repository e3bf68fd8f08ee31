// Artifacts on this machine's disk: fetched once, shared by all slots and by workers that use the
// same folder.

#ifndef NASCENT_WORKER_AGENT_ARTIFACT_CACHE_H_
#define NASCENT_WORKER_AGENT_ARTIFACT_CACHE_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/sync.h"
#include "worker/agent/cancellation.h"

namespace nascent::worker {

// A file of the cache that is not evicted while this object lives.
class PinnedArtifact {
 public:
  PinnedArtifact(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  ~PinnedArtifact();
  PinnedArtifact(PinnedArtifact&& other) noexcept
      : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
  PinnedArtifact& operator=(PinnedArtifact&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(fd_, other.fd_);
    return *this;
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int fd_;  // holds a shared lock on the file
};

// Thread-safe.
class ArtifactCache {
 public:
  // Writes an artifact into a new file; errors as DownloadArtifact.
  using Download =
      std::function<absl::Status(const std::string& sha256, const std::string& path, Cancellation&,
                                 const std::function<void()>& on_bytes)>;

  // Keeps at most `max_bytes` beside what is in use: what was not used for longest goes first.
  // Makes the folder. UNAVAILABLE: it can't be written.
  static absl::StatusOr<std::unique_ptr<ArtifactCache>> Open(const std::string& folder,
                                                             int64_t max_bytes, Download download);

  // The artifact's file, downloaded where it is not here. The content of a file is checked against
  // its hash when this process first uses it; one that does not match is fetched again. Errors as
  // Download; INVALID_ARGUMENT: no hash.
  absl::StatusOr<PinnedArtifact> Get(const std::string& sha256, Cancellation& cancellation,
                                     const std::function<void()>& on_bytes);

 private:
  ArtifactCache(std::string folder, int64_t max_bytes, Download download)
      : folder_(std::move(folder)), max_bytes_(max_bytes), download_(std::move(download)) {}

  absl::StatusOr<PinnedArtifact> GetAlone(const std::string& sha256, Cancellation& cancellation,
                                          const std::function<void()>& on_bytes);
  absl::StatusOr<PinnedArtifact> Pin(const std::string& sha256);
  void Evict();

  const std::string folder_;
  const int64_t max_bytes_;
  const Download download_;
  Mutex mutex_;
  CondVar changed_;
  // Those that one slot is fetching or checking; others wait for it.
  std::set<std::string> busy_ ABSL_GUARDED_BY(mutex_);
  // Those whose content this process has checked.
  std::set<std::string> checked_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_AGENT_ARTIFACT_CACHE_H_
