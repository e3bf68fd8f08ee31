// Who does what would hold up its caller (proposals, reads of the store, artifacts): in the service
// the threads of a pool, in simulations and tests the caller itself, at once.

#ifndef NASCENT_SERVER_ENGINE_EXECUTOR_H_
#define NASCENT_SERVER_ENGINE_EXECUTOR_H_

#include <cstdint>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "common/sync.h"
#include "server/engine/fair_queue.h"

namespace nascent::engine {

class Executor {
 public:
  virtual ~Executor() = default;
  // Runs `work` now or later, once, on some thread. False: it is full or shuts down, and `work`
  // will not run.
  bool Run(std::function<void()> work) { return RunFor(0, std::move(work)); }
  // As Run, on behalf of a client, who waits in turn with others.
  virtual bool RunFor(uint64_t client, std::function<void()> work) = 0;
};

// Runs each piece of work before Run returns.
class InlineExecutor : public Executor {
 public:
  bool RunFor(uint64_t /*client*/, std::function<void()> work) override {
    work();
    return true;
  }
};

// Threads of its own and a bounded queue, of which one client may fill a tenth. Thread-safe. The
// destructor finishes what was accepted.
class PoolExecutor : public Executor {
 public:
  PoolExecutor(int threads, size_t most_queued);
  ~PoolExecutor() override;

  bool RunFor(uint64_t client, std::function<void()> work) override;

 private:
  void Work();

  Mutex mutex_;
  CondVar changed_;
  FairQueue<std::function<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // last: they use the fields above
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_EXECUTOR_H_
