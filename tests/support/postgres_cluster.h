// A private PostgreSQL for one test or benchmark: a real cluster in a directory of its own, reached
// through a Unix socket, gone with the object (and with the process, however that ends).

#ifndef NASCENT_TESTS_SUPPORT_POSTGRES_CLUSTER_H_
#define NASCENT_TESTS_SUPPORT_POSTGRES_CLUSTER_H_

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace nascent::testing {

// Not thread-safe.
class PostgresCluster {
 public:
  struct Options {
    // False: commits are not forced to the disk; a crash of the processes still loses nothing.
    bool fsync = false;
    // More lines of postgresql.conf, e.g. {"max_connections", "200"}.
    std::map<std::string, std::string> settings;
    // Where the cluster's directory is made. Short: a socket's path has at most 107 bytes.
    std::string parent_directory = "/tmp";
  };

  // initdb (as user postgres when this process is root; PostgreSQL refuses root) and a running
  // server.
  static absl::StatusOr<std::unique_ptr<PostgresCluster>> Create(const Options& options);
  static absl::StatusOr<std::unique_ptr<PostgresCluster>> Create() { return Create(Options()); }
  ~PostgresCluster();
  PostgresCluster(const PostgresCluster&) = delete;
  PostgresCluster& operator=(const PostgresCluster&) = delete;

  // Of a superuser with a password, to an empty database.
  std::string url() const { return UrlOf("nascent", password_); }
  std::string UrlOf(const std::string& user, const std::string& password) const;

  // Of the first process of the server; 0 while it is stopped.
  pid_t pid() const { return pid_; }
  const std::string& directory() const { return directory_; }

  enum class Shutdown { kFast, kImmediate };  // as in pg_ctl stop -m; immediate is a crash
  // Returns when all its processes are gone.
  void Stop(Shutdown how);
  // Returns when it takes connections. Recovers first after an immediate shutdown.
  absl::Status Start();
  absl::Status CrashAndRestart() {
    Stop(Shutdown::kImmediate);
    return Start();
  }

 private:
  PostgresCluster(std::string directory, std::string password)
      : directory_(std::move(directory)), password_(std::move(password)) {}

  const std::string directory_;
  const std::string password_;
  pid_t pid_ = 0;
};

}  // namespace nascent::testing

#endif  // NASCENT_TESTS_SUPPORT_POSTGRES_CLUSTER_H_
