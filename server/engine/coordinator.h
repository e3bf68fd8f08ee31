// The thread that owns the engine: becomes the active coordinator, feeds it, and gives way.

#ifndef NASCENT_SERVER_ENGINE_COORDINATOR_H_
#define NASCENT_SERVER_ENGINE_COORDINATOR_H_

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "common/clock.h"
#include "common/sync.h"
#include "server/engine/command_queue.h"
#include "server/engine/commands.h"
#include "server/engine/engine.h"
#include "server/engine/executor.h"
#include "server/storage/trial_store.h"

namespace nascent::engine {

// Thread-safe. While another coordinator holds the term, and while the store is away, commands are
// answered with UNAVAILABLE; what the last engine held is loaded again from the store. A store that
// has not renewed the term for as long as it lasts counts as away before it has said so: another
// coordinator may hold the term by then.
class Coordinator {
 public:
  struct Options {
    EngineOptions engine;
    std::string holder;  // who this is, unique among coordinators
    absl::Duration term = absl::Seconds(10);
    // Commands that wait for the engine, of all and of each kind of one client; more are answered
    // with RESOURCE_EXHAUSTED.
    size_t most_queued = 50000;
    size_t most_queued_of_one = 10000;
    // Commands that the engine takes at a time: whoever comes waits for no more than these.
    size_t batch = 2000;
    // Called, one call at a time, when it begins or ends to serve.
    std::function<void(bool active)> on_change;
    // Called while active, each time that `housekeeping_interval` has passed, by the thread that
    // renews the term: it must return long before `term` has passed.
    std::function<void(int64_t term)> housekeeping;
    absl::Duration housekeeping_interval = absl::Hours(1);
  };

  // Pointers outlive the coordinator. Starts its threads.
  Coordinator(Options options, storage::TrialStore* store, const Clock* clock, Executor* executor);
  ~Coordinator();

  // Every command gets an answer, this one too: CANCELLED where the caller is gone before its turn.
  void Post(Command command, Caller caller = {});

  // Whether commands are taken now.
  bool active() const { return serving_.load(); }

  // Answers everyone who waits with UNAVAILABLE, gives the term up and ends the threads.
  void Shutdown();

 private:
  void Run();
  // Serves as the active coordinator until the term or the store is lost.
  absl::Status Serve(int64_t term);
  void KeepTerm();
  // Stops serving while the term was not renewed in time.
  void WatchTerm();
  void Renewed(absl::Duration asked);
  void SetActive(bool active);
  // Says so when it begins or ends to serve.
  void Announce();
  // What is next in the queue, as soon as it holds something or `timeout` has passed.
  std::vector<Command> TakeQueue(absl::Duration timeout);
  void RefuseQueue();
  // Until `duration` has passed or a shutdown is asked for.
  void Pause(absl::Duration duration);
  bool stopping();

  const Options options_;
  storage::TrialStore* const store_;
  const Clock* const clock_;
  Executor* const executor_;
  std::atomic<bool> serving_ = false;

  Mutex mutex_;
  CondVar queued_;   // the engine's thread has something to do
  CondVar changed_;  // something else below is another
  CommandQueue queue_ ABSL_GUARDED_BY(mutex_);
  bool accepting_ ABSL_GUARDED_BY(mutex_) = false;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool holding_ ABSL_GUARDED_BY(mutex_) = false;  // the term, as far as is known
  int64_t term_ ABSL_GUARDED_BY(mutex_) = 0;
  bool lost_ ABSL_GUARDED_BY(mutex_) = false;
  bool active_ ABSL_GUARDED_BY(mutex_) = false;  // an engine is loaded and fed
  // Of the clock's Elapsed: until then the term is ours whatever happens.
  absl::Duration sure_until_ ABSL_GUARDED_BY(mutex_);
  bool overdue_ ABSL_GUARDED_BY(mutex_) = false;  // that moment has passed

  Mutex announcing_;  // taken before mutex_

  std::thread run_;
  std::thread keep_;
  std::thread watch_;
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_COORDINATOR_H_
