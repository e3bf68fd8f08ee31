// Connections to PostgreSQL, made when first needed and kept.

#ifndef NASCENT_SERVER_STORAGE_POSTGRES_CONNECTION_POOL_H_
#define NASCENT_SERVER_STORAGE_POSTGRES_CONNECTION_POOL_H_

#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/sync.h"
#include "server/storage/postgres/silence_watch.h"

namespace nascent::storage::postgres {

// A session with its settings and prepared statements. libpqxx would replace a broken session
// without a word, and both would be lost: `process` tells.
struct Connection {
  explicit Connection(const std::string& url);
  ~Connection();

  pqxx::connection session;
  int socket = -1;  // a second name of the session's, which stays this one's whatever libpqxx does
  // How long an answer of the server may take: what the server itself allows a statement, and a
  // second for the way.
  absl::Duration answer_limit = absl::InfiniteDuration();
  int process = 0;  // of the server, for this session
  absl::flat_hash_set<std::string> prepared;
};

// Thread-safe.
class ConnectionPool {
 public:
  struct Options {
    std::string url;  // as libpq takes it: postgresql://… or key=value …
    int size = 4;
    // How long Acquire waits for a free connection.
    absl::Duration patience = absl::Seconds(10);
    // Of one statement, unless the URL, the role or the database sets another; 0: none of ours.
    absl::Duration statement_timeout = absl::ZeroDuration();
    // As that, of a wait for a lock.
    absl::Duration lock_timeout = absl::ZeroDuration();
    // Run on each new session.
    std::string setup;
  };

  explicit ConnectionPool(Options options) : options_(std::move(options)) {}

  // A borrowed connection. It goes back when the lease is destroyed.
  class Lease {
   public:
    Lease(ConnectionPool* pool, std::unique_ptr<Connection> connection)
        : pool_(pool), connection_(std::move(connection)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }
    // Closes a connection that is broken, and the idle ones, which share its fate.
    void Discard();

   private:
    ConnectionPool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  // Lends an idle connection, or makes one. UNAVAILABLE: no connection could be made;
  // RESOURCE_EXHAUSTED: none came free in time; INVALID_ARGUMENT: the URL is none.
  absl::StatusOr<Lease> Acquire();

  SilenceWatch& silence() { return silence_; }

 private:
  void Return(std::unique_ptr<Connection> connection);
  void ForgetOne();
  absl::StatusOr<std::unique_ptr<Connection>> Connect();

  const Options options_;
  SilenceWatch silence_;
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mutex_);
  int count_ ABSL_GUARDED_BY(mutex_) = 0;  // idle and lent
};

}  // namespace nascent::storage::postgres

#endif  // NASCENT_SERVER_STORAGE_POSTGRES_CONNECTION_POOL_H_
