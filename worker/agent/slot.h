// One slot: leases tasks one after the other and carries each out in its child.

#ifndef NASCENT_WORKER_AGENT_SLOT_H_
#define NASCENT_WORKER_AGENT_SLOT_H_

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "common/sync.h"
#include "nascent/v1/worker_service.pb.h"
#include "worker/agent/artifact_cache.h"
#include "worker/agent/cancellation.h"
#include "worker/agent/coordinator.h"
#include "worker/agent/lease_keeper.h"
#include "worker/agent/registration.h"
#include "worker/agent/weights_uploader.h"
#include "worker/evaluate/slot_child.h"
#include "worker/evaluate/task_control.h"

namespace nascent::worker {

// What the slots of a worker share; outlives them.
struct SlotContext {
  Coordinator& coordinator;
  Registration& registration;
  ArtifactCache& cache;
  WeightsUploader& uploader;
  std::string scratch;  // a folder that exists
  SlotChildOptions child;
};

class Slot {
 public:
  // `index` and `device` ("cpu", "cuda:N") as registered. Works from now on.
  Slot(SlotContext& context, int index, std::string device, int threads);
  // Stop must have been called; waits for the end.
  ~Slot();
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  // Leases nothing more. A running task that will take at most `finish_within` ends by itself,
  // another one is asked for a checkpoint and given back; `grace` from now it is killed.
  void Stop(absl::Duration finish_within, absl::Duration grace);

  // Also gives up calls that wait for the coordinator.
  void Abandon();

  // Waits until it has ended. False: `timeout` came first.
  bool WaitFor(absl::Duration timeout);

 private:
  struct Leased {
    v1::LeaseResponse lease;
    // It may have been granted long before its answer came.
    bool old = false;
  };

  void Work();
  bool stopping() const;
  absl::StatusOr<Leased> Lease(Cancellation& cancellation, const v1::LeaseRequest& request);
  void GiveBackUnseen(v1::LeaseRequest request);
  void Execute(const Leased& leased);
  absl::Status Fetch(v1::Task& task, LeaseKeeper& keeper, Assignment& assignment,
                     std::vector<PinnedArtifact>& pinned);
  // Stores the checkpoint where the report will name it and returns its SHA-256; empty: none is
  // named. While the lease is kept: an upload may last longer than what is left of it.
  std::string StoreCheckpoint(const Assignment& assignment, const Result& result,
                              const TaskControl::Request& stop, LeaseKeeper& keeper);
  void Conclude(const v1::LeaseResponse& lease, const Assignment& assignment, const Result& result,
                const std::string& checkpoint, const LeaseKeeper::End& end,
                const TaskControl::Request& stop);
  // Reports what was measured before the task is given back: an attempt that goes on from the
  // checkpoint will not measure it again. False: the lease is lost.
  bool ReportRest(const v1::AttemptRef& attempt, double done,
                  const std::vector<v1::Measurement>& measurements);
  std::string WhyGivenBack(const LeaseKeeper::End& end) const;
  void Complete(const v1::LeaseResponse& lease, const Assignment& assignment, const Result& result,
                const std::string& checkpoint, const std::vector<v1::Measurement>& measurements);
  void Fail(const v1::AttemptRef& attempt, const Result& result,
            const std::vector<v1::Measurement>& measurements);
  void Release(const v1::LeaseResponse& lease, const std::string& checkpoint,
               const std::string& reason);
  // Makes a report with a request id and this worker's id; registers again where it is not known.
  template <typename Request, typename Response>
  absl::Status Send(grpc::Status (v1::WorkerService::Stub::*method)(grpc::ClientContext*,
                                                                    const Request&, Response*),
                    Request request, Response& response);

  SlotContext& context_;
  const int index_;
  const std::string device_;
  const int threads_;
  Cancellation leasing_;        // ends the wait for a task
  Cancellation reporting_;      // ends everything
  SlotChild* child_ = nullptr;  // of the slot's thread

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  // Of the running task; null: none.
  TaskControl* control_ ABSL_GUARDED_BY(mutex_) = nullptr;
  LeaseKeeper* keeper_ ABSL_GUARDED_BY(mutex_) = nullptr;

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_AGENT_SLOT_H_
