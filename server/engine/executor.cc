#include "server/engine/executor.h"

#include <algorithm>
#include <utility>

namespace nascent::engine {

PoolExecutor::PoolExecutor(int threads, size_t most_queued)
    : queue_(most_queued, std::max<size_t>(most_queued / 10, 1)) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

PoolExecutor::~PoolExecutor() {
  {
    MutexLock lock(mutex_);
    closing_ = true;
    changed_.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

bool PoolExecutor::RunFor(uint64_t client, std::function<void()> work) {
  MutexLock lock(mutex_);
  if (closing_ || !queue_.Push(client, work)) return false;
  changed_.NotifyOne();
  return true;
}

void PoolExecutor::Work() {
  while (true) {
    std::function<void()> work;
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !closing_) changed_.Wait(mutex_);
      if (queue_.empty()) return;
      work = queue_.Pop();
    }
    work();
  }
}

}  // namespace nascent::engine
