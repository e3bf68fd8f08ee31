// Results of work that was done on other threads, on their way back to the engine.

#ifndef NASCENT_SERVER_ENGINE_MAILBOX_H_
#define NASCENT_SERVER_ENGINE_MAILBOX_H_

#include <functional>
#include <utility>
#include <vector>

#include "common/sync.h"

namespace nascent::engine {

// Thread-safe. Outlives its reader, so that late results of an engine that is gone do no harm.
template <typename T>
class Mailbox {
 public:
  // `wake` is called after each Put, until Close; it must not call back.
  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void Put(T item) {
    MutexLock lock(mutex_);
    if (closed_) return;
    items_.push_back(std::move(item));
    // Under the lock: after Close has returned, nobody calls it any more.
    if (wake_) wake_();
  }

  std::vector<T> Take() {
    MutexLock lock(mutex_);
    return std::exchange(items_, {});
  }

  bool Empty() {
    MutexLock lock(mutex_);
    return items_.empty();
  }

  // What is put afterwards is dropped.
  void Close() {
    MutexLock lock(mutex_);
    closed_ = true;
  }

 private:
  Mutex mutex_;
  const std::function<void()> wake_;
  std::vector<T> items_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_MAILBOX_H_
