// Bytes with a content hash, in a directory: data sets, checkpoints, weights.
//
//   DIR/ab/abcdef…      a whole artifact, named by its SHA-256
//   DIR/partial/abcd…   what has arrived of one
//
// A file gets its final name only when it is whole, its hash is right and the disk has it, so a
// crash at any point leaves artifacts that are right or none.

#ifndef NASCENT_SERVER_ARTIFACT_ARTIFACT_STORE_H_
#define NASCENT_SERVER_ARTIFACT_ARTIFACT_STORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/sha256.h"
#include "common/sync.h"

namespace nascent::artifact {

// What is here of an artifact.
struct Presence {
  int64_t received = 0;  // bytes
  bool complete = false;
};

// A file descriptor that is closed with its owner.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  const int descriptor_;
};

// Thread-safe; calls block on the disk. Codes common to all: INVALID_ARGUMENT for what is no
// SHA-256 in 64 lower-case hexadecimal digits; INTERNAL when the disk fails.
class ArtifactStore {
 public:
  struct Options {
    std::string directory;
    int64_t largest = int64_t{64} << 30;  // bytes of one artifact
  };

  // Makes the directory where it is missing. FAILED_PRECONDITION: it can't be made or written.
  static absl::StatusOr<std::unique_ptr<ArtifactStore>> Open(const Options& options);

  absl::StatusOr<Presence> Stat(const std::string& sha256) const;

  // Receives one artifact. One thread at a time. What has arrived stays when the upload is dropped.
  class Upload {
   public:
    ~Upload();
    // RESOURCE_EXHAUSTED: the disk is full; what was appended before stays. INVALID_ARGUMENT: more
    // than the size that was named; everything is thrown away.
    absl::Status Append(std::string_view bytes);
    // Makes the artifact whole when all bytes are here; else says how many are.
    // INVALID_ARGUMENT: they do not have the hash; they are thrown away.
    absl::StatusOr<Presence> Finish();

   private:
    friend class ArtifactStore;
    Upload(ArtifactStore& store, std::string sha256, int64_t size);

    ArtifactStore& store_;
    const std::string sha256_;
    const int64_t size_;
    std::unique_ptr<File> file_;  // null: the artifact was here already
    int64_t received_ = 0;
    Sha256 hash_;
  };

  // Continues at `offset`, which must be what Stat says (ABORTED with that number otherwise, or
  // when another upload of the same artifact is under way). Of an artifact that is whole, bytes are
  // ignored. RESOURCE_EXHAUSTED: `size` is over the limit or more than the disk has left.
  absl::StatusOr<std::unique_ptr<Upload>> StartUpload(const std::string& sha256, int64_t size,
                                                      int64_t offset);

  // Reads one artifact; lives on when the artifact is removed.
  class Reader {
   public:
    int64_t size() const { return size_; }
    // At most `most` bytes from `offset`; empty at the end.
    absl::StatusOr<std::string> Read(int64_t offset, size_t most) const;

   private:
    friend class ArtifactStore;
    Reader(std::unique_ptr<File> file, int64_t size) : file_(std::move(file)), size_(size) {}
    const std::unique_ptr<File> file_;
    const int64_t size_;
  };

  // NOT_FOUND: no such artifact, or not whole yet.
  absl::StatusOr<std::unique_ptr<Reader>> Read(const std::string& sha256) const;
  // Of the whole artifact's file, for programs that want one. NOT_FOUND as Read.
  absl::StatusOr<std::string> PathOf(const std::string& sha256) const;

  // No error when there is none.
  absl::Status Remove(const std::string& sha256);
  // Removes uploads that nobody has continued for so long. Gives their number.
  absl::StatusOr<int> RemoveStalePartials(absl::Duration age);

 private:
  explicit ArtifactStore(Options options) : options_(std::move(options)) {}

  std::string FinalPath(const std::string& sha256) const;
  std::string PartialPath(const std::string& sha256) const;

  const Options options_;
  Mutex mutex_;
  absl::flat_hash_set<std::string> uploading_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nascent::artifact

#endif  // NASCENT_SERVER_ARTIFACT_ARTIFACT_STORE_H_
