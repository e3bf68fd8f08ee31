#include "worker/evaluate/task_control.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace nascent::worker {

absl::Time MonotonicNow() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

TaskControl::TaskControl() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
TaskControl::~TaskControl() { close(event_); }

void TaskControl::Stop(v1::StopReason reason, absl::Duration grace) {
  MutexLock lock(mutex_);
  const auto rank = [](v1::StopReason value) {
    return value == v1::STOP_REASON_CANCELLED ? 3 : value == v1::STOP_REASON_PREEMPTED ? 2 : value;
  };
  if (rank(reason) > rank(request_.reason)) request_.reason = reason;
  Change(grace);
}

void TaskControl::KillIn(absl::Duration time) {
  MutexLock lock(mutex_);
  Change(time);
}

void TaskControl::Change(absl::Duration grace) {
  request_.kill_at = std::min(request_.kill_at, MonotonicNow() + grace);
  const uint64_t one = 1;
  (void)!write(event_, &one, sizeof(one));
}

TaskControl::Request TaskControl::request() const {
  MutexLock lock(mutex_);
  return request_;
}

}  // namespace nascent::worker
