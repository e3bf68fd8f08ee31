// Where one worker process keeps what its tasks write until it is reported.

#ifndef NASCENT_WORKER_AGENT_SCRATCH_FOLDER_H_
#define NASCENT_WORKER_AGENT_SCRATCH_FOLDER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace nascent::worker {

// A new folder below `parent`, removed with all its content in the end. Those of processes that
// were killed are removed when the next one is made: a lock tells whether its maker lives.
class ScratchFolder {
 public:
  static absl::StatusOr<std::unique_ptr<ScratchFolder>> Make(const std::string& parent);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  ScratchFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  const std::string path_;
  const int lock_;
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_AGENT_SCRATCH_FOLDER_H_
