// A private PostgreSQL cluster: a folder, a Unix socket, and no network.
//
// Who may enter: the operating system tells who is at the other end of the socket (peer), and a map
// lets the present user act as each of the cluster's roles. There are no passwords and no trust.

#ifndef NASCENT_CLIENT_LOCAL_POSTGRES_CLUSTER_H_
#define NASCENT_CLIENT_LOCAL_POSTGRES_CLUSTER_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/local/directories.h"
#include "client/local/process.h"

namespace nascent::local {

class PostgresCluster {
 public:
  // Finds the newest PostgreSQL of this machine: NASCENT_POSTGRES_BIN, /usr/lib/postgresql/*/bin,
  // or the search path. NOT_FOUND: there is none of version 15 or newer.
  static absl::StatusOr<PostgresCluster> Find(const Directories& directories);

  // PostgreSQL refuses to run as root: then the account `postgres`, else the present one.
  const User& owner() const { return owner_; }

  // Makes the cluster where there is none yet: beside its place, so that what stands in its place
  // is whole. FAILED_PRECONDITION: it is of another version, or what stands there was not made
  // here; then nothing is touched.
  absl::Status Initialize() const;

  // How to start it. SIGINT ends it in order ("fast").
  ProgramSpec Program() const;

  // OK: it takes connections. UNAVAILABLE: not yet.
  absl::Status CheckReady() const;

  // Makes role and database of the service where they are missing. The cluster is ready.
  absl::Status CreateDatabase() const;

  // Lets the read-only role log in. After the migrations, which make it.
  absl::Status AdmitReader() const;

  // The postmaster that an earlier service left running on this folder.
  std::optional<ProcessId> FindRunning() const;

  std::string DatabaseUrl() const { return Url("nascent"); }
  std::string ReaderUrl() const { return Url("nascent_reader"); }

 private:
  PostgresCluster(Directories directories, std::string bin, User owner, User self)
      : directories_(std::move(directories)),
        bin_(std::move(bin)),
        owner_(std::move(owner)),
        self_(std::move(self)) {}

  // Whether Initialize made what stands in the cluster's place.
  bool IsOurs() const;
  absl::Status CheckVersion() const;
  // An empty folder of the owner's in which the cluster is made.
  absl::StatusOr<std::string> MakeWorkshop() const;
  absl::Status Make(const std::string& folder) const;
  std::string Url(const std::string& role) const;
  absl::Status RunSql(const std::string& script) const;

  Directories directories_;
  std::string bin_;
  User owner_;
  User self_;
};

}  // namespace nascent::local

#endif  // NASCENT_CLIENT_LOCAL_POSTGRES_CLUSTER_H_
