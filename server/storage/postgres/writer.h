// The writing half of PostgresStore: terms, and batches fenced by them.

#ifndef NASCENT_SERVER_STORAGE_POSTGRES_WRITER_H_
#define NASCENT_SERVER_STORAGE_POSTGRES_WRITER_H_

#include <string>
#include <vector>

#include "common/sync.h"
#include "server/storage/postgres/batch.h"
#include "server/storage/postgres/connection_pool.h"

namespace nascent::storage::postgres {

// Thread-safe.
class Writer {
 public:
  // `patience`: with a free session, and with one statement; a lock gets four fifths of it.
  Writer(const std::string& url, absl::Duration patience);

  // These three do what TrialStore says of them.
  absl::StatusOr<Term> AcquireTerm(const std::string& holder, absl::Duration duration);
  absl::Status ReleaseTerm(int64_t term);
  absl::StatusOr<std::vector<Outcome>> Apply(int64_t term,
                                             const std::vector<Transition>& transitions);

 private:
  // Carries out `items` in a transaction; `together`: with few statements, of which any may fail as
  // a whole, or else each behind a savepoint of its own. `batch_number` is set before anything
  // else.
  absl::Status Run(int64_t term, const std::vector<Transition>& transitions,
                   const std::vector<size_t>& items, bool together, std::vector<Outcome>& outcomes,
                   int64_t& batch_number) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Finds out whether a transaction whose commit got no answer took place.
  absl::StatusOr<bool> WasCommitted(int64_t term, int64_t batch_number);

  ConnectionPool batches_;  // one session, used under mutex_
  ConnectionPool terms_;
  // One batch at a time: the next one would lock the same row, and WasCommitted counts on it.
  Mutex mutex_;
  MessageJsonCache json_ ABSL_GUARDED_BY(mutex_);
  SeenWorkers seen_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nascent::storage::postgres

#endif  // NASCENT_SERVER_STORAGE_POSTGRES_WRITER_H_
