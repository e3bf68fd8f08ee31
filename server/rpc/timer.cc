#include "server/rpc/timer.h"

#include <utility>

#include "common/clock.h"

namespace nascent::rpc {
namespace {

absl::Duration Elapsed() { return SystemClock().Elapsed(); }

}  // namespace

Timer::Timer() : thread_([this] { Run(); }) {}

Timer::~Timer() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void Timer::After(absl::Duration wait, std::function<void()> call) {
  MutexLock lock(mutex_);
  const auto place = calls_.emplace(Elapsed() + wait, std::move(call));
  if (place == calls_.begin()) changed_.NotifyOne();
}

void Timer::Run() {
  while (true) {
    std::function<void()> call;
    {
      MutexLock lock(mutex_);
      while (call == nullptr) {
        if (calls_.empty()) {
          if (ending_) return;
          changed_.Wait(mutex_);
          continue;
        }
        const absl::Duration left = calls_.begin()->first - Elapsed();
        if (left > absl::ZeroDuration() && !ending_) {
          changed_.WaitFor(mutex_, left);
          continue;
        }
        call = std::move(calls_.begin()->second);
        calls_.erase(calls_.begin());
      }
    }
    call();
  }
}

}  // namespace nascent::rpc
