// Where proposals are computed: beside the engine in the service, in place in simulations and
// tests.

#ifndef NASCENT_SERVER_ENGINE_EXECUTOR_H_
#define NASCENT_SERVER_ENGINE_EXECUTOR_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "common/sync.h"

namespace nascent::engine {

class Executor {
 public:
  virtual ~Executor() = default;
  // Runs `work` now or later, once, on some thread. False: it is full or shuts down, and `work`
  // will not run.
  virtual bool Run(std::function<void()> work) = 0;
};

// Runs each piece of work before Run returns.
class InlineExecutor : public Executor {
 public:
  bool Run(std::function<void()> work) override {
    work();
    return true;
  }
};

// Threads of its own and a bounded queue. Thread-safe. The destructor finishes what was accepted.
class PoolExecutor : public Executor {
 public:
  PoolExecutor(int threads, size_t most_queued);
  ~PoolExecutor() override;

  bool Run(std::function<void()> work) override;

 private:
  void Work();

  const size_t most_queued_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // last: they use the fields above
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_EXECUTOR_H_
