// Bytes from and to the artifact store, in chunks that resume where a connection broke.

#ifndef NASCENT_WORKER_AGENT_ARTIFACT_TRANSFER_H_
#define NASCENT_WORKER_AGENT_ARTIFACT_TRANSFER_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/agent/cancellation.h"
#include "worker/agent/coordinator.h"

namespace nascent::worker {

// Downloads into a new file at `path`; `on_bytes` hears of every chunk. Waits out a coordinator
// that is away. NOT_FOUND: there is no such artifact; DATA_LOSS: what came is not what the hash
// says (the file is removed); RESOURCE_EXHAUSTED: the disk is full.
absl::Status DownloadArtifact(Coordinator& coordinator, const std::string& sha256,
                              const std::string& path, Cancellation& cancellation,
                              const std::function<void()>& on_bytes);

// Uploads a file and gives its hash; `on_bytes` hears of every chunk. Costs nothing where the store
// has it already. Waits out a coordinator that is away.
absl::StatusOr<std::string> UploadArtifact(Coordinator& coordinator, const std::string& path,
                                           Cancellation& cancellation,
                                           const std::function<void()>& on_bytes);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_AGENT_ARTIFACT_TRANSFER_H_
