// Bytes with a content hash, in a directory: data sets, checkpoints, weights.
//
//   DIR/ab/abcdef…           a whole artifact, named by its SHA-256
//   DIR/ab/abcdef….damaged   what had that name and was found to have another hash
//   DIR/partial/abcd…        what has arrived of one
//
// A file gets its final name only when it is whole, its hash is right and the disk has it, so a
// crash at any point leaves artifacts that are right or none. A disk may change a file later:
// whoever reads one to its end learns it before the last bytes, and it is set aside, so that the
// artifact counts as missing and can be put again.

#ifndef NASCENT_SERVER_ARTIFACT_ARTIFACT_STORE_H_
#define NASCENT_SERVER_ARTIFACT_ARTIFACT_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/sha256.h"
#include "common/sync.h"

struct stat;

namespace nascent::artifact {

// What is here of an artifact.
struct Presence {
  int64_t received = 0;  // bytes
  bool complete = false;
};

// An artifact's file whose content had changed.
struct Damage {
  std::string sha256;  // that it should have
  std::string found;   // that it had
  int64_t size = 0;    // bytes that it had
  std::string path;    // where it is now
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
// SHA-256 in 64 lower-case hexadecimal digits; INTERNAL when the disk fails. Stat, StartUpload and
// PathOf read a file whole that this process has not looked at since it changed.
class ArtifactStore {
 public:
  struct Options {
    std::string directory;
    int64_t largest = int64_t{64} << 30;  // bytes of one artifact
    // Told of each file that is set aside, by the thread that found it; may be null.
    std::function<void(const Damage&)> on_damage = nullptr;
  };

  // Makes the directory where it is missing. FAILED_PRECONDITION: it can't be made or written.
  static absl::StatusOr<std::unique_ptr<ArtifactStore>> Open(const Options& options);

  absl::StatusOr<Presence> Stat(const std::string& sha256);

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

  // Reads one artifact to its end; lives on when the artifact is removed. One thread at a time.
  class Reader {
   public:
    int64_t size() const { return size_; }
    // At most `most` bytes more; empty at the end. DATA_LOSS in place of the last bytes: all of
    // them together do not have the artifact's hash, and it has been set aside.
    absl::StatusOr<std::string> Next(size_t most);

   private:
    friend class ArtifactStore;
    Reader(ArtifactStore& store, std::string sha256, std::unique_ptr<File> file, int64_t size)
        : store_(store), sha256_(std::move(sha256)), file_(std::move(file)), size_(size) {}

    ArtifactStore& store_;
    const std::string sha256_;
    const std::unique_ptr<File> file_;
    const int64_t size_;
    int64_t position_ = 0;
    Sha256 hash_;
    bool ended_ = false;
  };

  // From `offset` on, which is within it (INVALID_ARGUMENT otherwise); what lies before is read,
  // too, for the hash. NOT_FOUND: no such artifact, or not whole yet; DATA_LOSS: it was set aside.
  absl::StatusOr<std::unique_ptr<Reader>> Read(const std::string& sha256, int64_t offset = 0);
  // Of the whole artifact's file, for programs that want one. NOT_FOUND as Read.
  absl::StatusOr<std::string> PathOf(const std::string& sha256);

  // With what was set aside of it. No error when there is none.
  absl::Status Remove(const std::string& sha256);
  // Removes uploads that nobody has continued for so long. Gives their number.
  absl::StatusOr<int> RemoveStalePartials(absl::Duration age);

 private:
  explicit ArtifactStore(Options options) : options_(std::move(options)) {}

  std::string FinalPath(const std::string& sha256) const;
  std::string PartialPath(const std::string& sha256) const;

  // A file as it was when its content was last seen to be right.
  struct Seen {
    uint64_t inode = 0;
    int64_t size = 0;
    int64_t changed_ns = 0;  // its inode, which no program can set
    bool operator==(const Seen&) const = default;
  };
  static Seen SeenOf(const struct stat& info);

  // Whether the artifact is here and right; sets it aside where it is not right.
  absl::StatusOr<bool> IsWhole(const std::string& sha256);
  absl::Status SetAside(const std::string& sha256, const File& file, std::string found);

  const Options options_;
  Mutex mutex_;
  absl::flat_hash_set<std::string> uploading_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, Seen> seen_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nascent::artifact

#endif  // NASCENT_SERVER_ARTIFACT_ARTIFACT_STORE_H_
