// Ends the wait for a database server that says nothing any more.

#ifndef NASCENT_SERVER_STORAGE_POSTGRES_SILENCE_WATCH_H_
#define NASCENT_SERVER_STORAGE_POSTGRES_SILENCE_WATCH_H_

#include <map>
#include <thread>

#include "absl/time/time.h"
#include "common/sync.h"

namespace nascent::storage::postgres {

// A call of libpq's waits for its answer without end. This shuts the socket of one that has waited
// too long, so that the call returns as if the connection had broken. Thread-safe; has a thread of
// its own.
class SilenceWatch {
 public:
  SilenceWatch();
  ~SilenceWatch();

  // While it lives, an answer is due on one socket. Used by one thread; does not outlive the watch.
  class Guard {
   public:
    // `socket` stays open while the guard lives. An infinite `limit` never ends.
    Guard(SilenceWatch& watch, int socket, absl::Duration limit);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

    // A new question is asked: its answer is due after `limit` from now.
    void Asked();
    // Whether the socket was shut.
    bool silent();

   private:
    SilenceWatch& watch_;
    const int socket_;
    const absl::Duration limit_;
    int id_ = 0;
  };

 private:
  struct Wait {
    int socket = -1;
    absl::Duration due;  // of Elapsed()
    bool shut = false;
  };

  void Run();

  Mutex mutex_;
  CondVar changed_;
  std::map<int, Wait> waits_ ABSL_GUARDED_BY(mutex_);
  int last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the fields above
};

}  // namespace nascent::storage::postgres

#endif  // NASCENT_SERVER_STORAGE_POSTGRES_SILENCE_WATCH_H_
