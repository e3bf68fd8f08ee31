#include "server/engine/executor.h"

#include <utility>

namespace nascent::engine {

PoolExecutor::PoolExecutor(int threads, size_t most_queued) : most_queued_(most_queued) {
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

bool PoolExecutor::Run(std::function<void()> work) {
  MutexLock lock(mutex_);
  if (closing_ || queue_.size() >= most_queued_) return false;
  queue_.push_back(std::move(work));
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
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace nascent::engine
