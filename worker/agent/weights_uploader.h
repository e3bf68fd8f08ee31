// Stores the weights of winners beside the work, so that no slot waits for an upload.

#ifndef NASCENT_WORKER_AGENT_WEIGHTS_UPLOADER_H_
#define NASCENT_WORKER_AGENT_WEIGHTS_UPLOADER_H_

#include <deque>
#include <string>
#include <thread>

#include "common/sync.h"
#include "nascent/v1/worker_service.pb.h"
#include "worker/agent/cancellation.h"
#include "worker/agent/coordinator.h"
#include "worker/agent/registration.h"

namespace nascent::worker {

// Thread-safe.
class WeightsUploader {
 public:
  WeightsUploader(Coordinator& coordinator, Registration& registration);
  // Uploads what is left, unless Cancel was called.
  ~WeightsUploader();

  // Uploads the file, names it as the trial's weights, and removes it.
  void Add(const v1::AttemptRef& attempt, const std::string& path);

  // Gives up what is not uploaded yet; the coordinator has a winner without weights trained again.
  void Cancel();

 private:
  struct Item {
    v1::AttemptRef attempt;
    std::string path;
  };

  void Work();
  absl::Status Upload(const Item& item);

  Coordinator& coordinator_;
  Registration& registration_;
  Cancellation cancellation_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Item> items_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_AGENT_WEIGHTS_UPLOADER_H_
