#include "server/storage/postgres/silence_watch.h"

#include <sys/socket.h>

#include <algorithm>

#include "common/clock.h"

namespace nascent::storage::postgres {
namespace {

absl::Duration Elapsed() { return SystemClock().Elapsed(); }

}  // namespace

SilenceWatch::SilenceWatch() : thread_([this] { Run(); }) {}

SilenceWatch::~SilenceWatch() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

SilenceWatch::Guard::Guard(SilenceWatch& watch, int socket, absl::Duration limit)
    : watch_(watch), socket_(socket), limit_(limit) {
  if (limit_ == absl::InfiniteDuration()) return;
  MutexLock lock(watch_.mutex_);
  id_ = ++watch_.last_id_;
  watch_.waits_[id_] = {socket_, Elapsed() + limit_, false};
  watch_.changed_.NotifyOne();
}

SilenceWatch::Guard::~Guard() {
  MutexLock lock(watch_.mutex_);
  watch_.waits_.erase(id_);
}

void SilenceWatch::Guard::Asked() {
  if (id_ == 0) return;
  MutexLock lock(watch_.mutex_);
  watch_.waits_[id_].due = Elapsed() + limit_;
}

bool SilenceWatch::Guard::silent() {
  if (id_ == 0) return false;
  MutexLock lock(watch_.mutex_);
  return watch_.waits_[id_].shut;
}

void SilenceWatch::Run() {
  MutexLock lock(mutex_);
  while (!ending_) {
    absl::Duration next = absl::InfiniteDuration();
    const absl::Duration now = Elapsed();
    for (auto& [id, wait] : waits_) {
      if (wait.shut) continue;
      if (wait.due <= now) {
        shutdown(wait.socket, SHUT_RDWR);
        wait.shut = true;
      } else {
        next = std::min(next, wait.due - now);
      }
    }
    // With nothing to watch a new guard wakes it; moved dues are found when the old ones pass.
    if (next == absl::InfiniteDuration()) {
      changed_.Wait(mutex_);
    } else {
      changed_.WaitFor(mutex_, next);
    }
  }
}

}  // namespace nascent::storage::postgres
