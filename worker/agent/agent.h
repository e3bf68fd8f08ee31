// A worker: registers its slots with the coordinator and works until it is drained.

#ifndef NASCENT_WORKER_AGENT_AGENT_H_
#define NASCENT_WORKER_AGENT_AGENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/sync.h"
#include "nascent/v1/worker_service.pb.h"
#include "worker/agent/artifact_cache.h"
#include "worker/agent/coordinator.h"
#include "worker/agent/registration.h"
#include "worker/agent/scratch_folder.h"
#include "worker/agent/slot.h"
#include "worker/agent/slot_plan.h"
#include "worker/agent/weights_uploader.h"

namespace nascent::worker {

struct AgentOptions {
  std::vector<std::string> servers;  // HOST:PORT, at least one
  v1::RegisterRequest registration;  // all but request id and slots
  std::vector<PlannedSlot> slots;
  std::string cache_folder;
  int64_t cache_bytes = int64_t{20} << 30;
  SlotChildOptions child;
};

class Agent {
 public:
  // Makes the folders. UNAVAILABLE: they can't be written.
  static absl::StatusOr<std::unique_ptr<Agent>> Make(AgentOptions options);
  ~Agent();

  // Registers, waiting for the coordinator, and works until AskToStop; then leases nothing more and
  // finishes or gives back what runs, within `grace`. Called once. FAILED_PRECONDITION: the
  // coordinator does not speak this protocol.
  absl::Status Run(absl::Duration grace);

  // Thread-safe. Called again: nothing is finished any more, all is given back at once.
  void AskToStop();

 private:
  explicit Agent(AgentOptions options);

  void StartSlots();
  void Drain(absl::Duration grace);

  AgentOptions options_;
  Coordinator coordinator_;
  Registration registration_;
  Cancellation stop_;
  std::unique_ptr<ArtifactCache> cache_;
  std::unique_ptr<ScratchFolder> scratch_;
  std::unique_ptr<WeightsUploader> uploader_;
  std::unique_ptr<SlotContext> context_;

  Mutex mutex_;
  bool asked_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::unique_ptr<Slot>> slots_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_AGENT_AGENT_H_
