#include "worker/agent/weights_uploader.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "common/rpc/request_id.h"
#include "common/status_macros.h"
#include "worker/agent/artifact_transfer.h"

namespace nascent::worker {

WeightsUploader::WeightsUploader(Coordinator& coordinator, Registration& registration)
    : coordinator_(coordinator), registration_(registration), thread_([this] { Work(); }) {}

WeightsUploader::~WeightsUploader() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void WeightsUploader::Add(const v1::AttemptRef& attempt, const std::string& path) {
  MutexLock lock(mutex_);
  items_.push_back({attempt, path});
  changed_.NotifyAll();
}

void WeightsUploader::Cancel() { cancellation_.Cancel(); }

void WeightsUploader::Work() {
  while (true) {
    Item item;
    {
      MutexLock lock(mutex_);
      while (items_.empty() && !ending_) changed_.Wait(mutex_);
      if (items_.empty()) return;
      item = std::move(items_.front());
      items_.pop_front();
    }
    const absl::Status status = Upload(item);
    if (status.ok()) {
      spdlog::info("trial {}: its weights are stored", item.attempt.trial_id());
    } else {
      spdlog::warn("trial {}: its weights are not stored: {}", item.attempt.trial_id(),
                   status.ToString());
    }
    unlink(item.path.c_str());
  }
}

absl::Status WeightsUploader::Upload(const Item& item) {
  NASCENT_ASSIGN_OR_RETURN(const auto sha256,
                           UploadArtifact(coordinator_, item.path, cancellation_, [] {}));
  v1::SetWeightsRequest request;
  request.set_request_id(rpc::NewRequestId());
  request.set_worker_id(registration_.terms().worker_id);
  request.set_trial_id(item.attempt.trial_id());
  request.set_attempt(item.attempt.attempt());
  request.set_sha256(sha256);
  v1::SetWeightsResponse response;
  return coordinator_.Call(absl::Seconds(10), cancellation_,
                           [&](Coordinator::Stubs& stubs, grpc::ClientContext& context) {
                             return stubs.artifacts->SetWeights(&context, request, &response);
                           });
}

}  // namespace nascent::worker
