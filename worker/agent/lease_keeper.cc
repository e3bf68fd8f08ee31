#include "worker/agent/lease_keeper.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/request_id.h"
#include "worker/agent/report_limits.h"

namespace nascent::worker {
LeaseKeeper::LeaseKeeper(Coordinator& coordinator, Registration& registration,
                         const v1::AttemptRef& attempt, bool old, absl::Duration stall_limit,
                         TaskControl& control)
    : coordinator_(coordinator),
      registration_(registration),
      attempt_(attempt),
      stall_limit_(stall_limit),
      started_(MonotonicNow()),
      old_(old),
      control_(control),
      kept_(started_),
      last_progress_(started_),
      thread_([this] { Keep(); }) {}

void LeaseKeeper::Report(double done, const std::vector<v1::Measurement>& measurements) {
  MutexLock lock(mutex_);
  done_ = std::clamp(done, 0.0, 1.0);
  last_progress_ = MonotonicNow();
  pending_.insert(pending_.end(), measurements.begin(), measurements.end());
}

void LeaseKeeper::Touch() {
  MutexLock lock(mutex_);
  last_progress_ = MonotonicNow();
}

LeaseKeeper::End LeaseKeeper::Finish() {
  finished_.Cancel();
  thread_.join();
  MutexLock lock(mutex_);
  return {std::move(pending_), done_, lost_, reason_};
}

absl::Duration LeaseKeeper::Remaining() const {
  MutexLock lock(mutex_);
  if (done_ <= 0) return absl::InfiniteDuration();
  return (MonotonicNow() - started_) * ((1 - done_) / done_);
}

bool LeaseKeeper::Progresses() const {
  MutexLock lock(mutex_);
  return MonotonicNow() - last_progress_ < stall_limit_;
}

void LeaseKeeper::Keep() {
  const Registration::Terms terms = registration_.terms();
  rpc::Backoff backoff = MakeBackoff(terms.renew_interval / 2);
  bool registered_again = false;
  absl::Duration wait = old_ ? absl::ZeroDuration() : terms.renew_interval;
  while (true) {
    absl::Time give_up;
    {
      MutexLock lock(mutex_);
      give_up = kept_ + terms.lease * 2 / 3;
    }
    if (finished_.WaitFor(std::min(wait, give_up - MonotonicNow()))) return;
    const absl::Time sent = MonotonicNow();
    if (sent >= give_up) {
      // Also after this process was stopped for a while and went on.
      return StandDown(absl::StrCat("no contact with the coordinator for ",
                                    absl::FormatDuration(terms.lease * 2 / 3)));
    }
    if (!Progresses()) {
      wait = terms.renew_interval;
      continue;
    }
    const int64_t worker_id = registration_.terms().worker_id;
    const absl::Status status =
        RenewOnce(worker_id, std::min({give_up - sent, terms.renew_interval, absl::Seconds(10)}));
    if (finished_.cancelled()) return;
    if (status.ok()) {
      MutexLock lock(mutex_);
      kept_ = sent;
      wait = terms.renew_interval - (MonotonicNow() - sent);
      backoff.Reset();
    } else if (IsTransient(status)) {
      wait = backoff.Next();
    } else if (absl::IsNotFound(status) && !registered_again) {
      // This worker is not known, or the trial is not: after a new registration it shows which.
      registered_again = true;
      (void)registration_.RegisterAgain(worker_id, finished_);
      wait = absl::ZeroDuration();
    } else {
      return Lose(std::string(status.message()));
    }
  }
}

void LeaseKeeper::StandDown(std::string reason) {
  spdlog::warn("trial {}, attempt {}: stopped: {}", attempt_.trial_id(), attempt_.attempt(),
               reason);
  {
    MutexLock lock(mutex_);
    reason_ = std::move(reason);
  }
  const absl::Duration rest = registration_.terms().lease / 3;
  control_.Stop(v1::STOP_REASON_PREEMPTED, std::min(rest, absl::Seconds(5)));
}

void LeaseKeeper::Lose(std::string reason) {
  spdlog::warn("trial {}, attempt {}: the lease is lost: {}", attempt_.trial_id(),
               attempt_.attempt(), reason);
  {
    MutexLock lock(mutex_);
    lost_ = true;
    reason_ = std::move(reason);
  }
  control_.Stop(v1::STOP_REASON_CANCELLED, absl::Seconds(2));
}

absl::Status LeaseKeeper::RenewOnce(int64_t worker_id, absl::Duration timeout) {
  v1::RenewRequest request;
  request.set_request_id(rpc::NewRequestId());
  request.set_worker_id(worker_id);
  *request.mutable_attempt() = attempt_;
  {
    MutexLock lock(mutex_);
    request.set_progress(done_);
    const size_t count = std::min(pending_.size(), kMaxMeasurements);
    for (size_t i = 0; i < count; ++i) *request.add_measurements() = pending_[i];
  }
  v1::RenewResponse response;
  const absl::Status status = coordinator_.Try(
      timeout, finished_, [&](Coordinator::Stubs& stubs, grpc::ClientContext& context) {
        return stubs.worker->Renew(&context, request, &response);
      });
  if (!status.ok()) return status;
  Acknowledge(static_cast<size_t>(request.measurements_size()));
  if (response.stop() != v1::STOP_REASON_UNSPECIFIED) {
    const bool early = response.stop() == v1::STOP_REASON_EARLY;
    control_.Stop(response.stop(), early ? absl::Seconds(30) : absl::Seconds(5));
  }
  return status;
}

void LeaseKeeper::Acknowledge(size_t count) {
  MutexLock lock(mutex_);
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<ptrdiff_t>(count));
}

}  // namespace nascent::worker
