// Where a service on this machine keeps its things.

#ifndef NASCENT_CLIENT_LOCAL_DIRECTORIES_H_
#define NASCENT_CLIENT_LOCAL_DIRECTORIES_H_

#include <string>

#include "absl/status/status.h"
#include "client/local/process.h"

namespace nascent::local {

// NASCENT_DATA_DIR, else /var/lib/nascent for root and ~/.local/share/nascent for everybody else
// (XDG_DATA_HOME counts).
std::string DefaultDataDir();

struct Directories {
  std::string root;       // absolute
  std::string cluster;    // PostgreSQL's own
  std::string making;     // where that one is made
  std::string socket;     // of PostgreSQL
  std::string artifacts;  // the coordinator's
  std::string cache;      // the workers'
  std::string logs;
  std::string state;  // file, see state_file.h
  std::string lock;   // file, held while a supervisor runs
};

// A Unix socket's path has at most 107 bytes; where `data_dir` is too long for that the socket is
// in a folder under /tmp that only this user can have made.
Directories LayOut(const std::string& data_dir);

// Makes what is missing but the cluster, open to nobody else. Where PostgreSQL runs as `owner`, an
// account other than the present one, its socket's folder is given to it and it is let through
// `root`. FAILED_PRECONDITION: a folder above can't be entered by it, a folder belongs to somebody
// else or holds what we did not make, or others may write into `root`.
absl::Status MakeDirectories(const Directories& directories, const User& owner);
// For a service whose PostgreSQL runs elsewhere.
absl::Status MakeDirectories(const Directories& directories);

}  // namespace nascent::local

#endif  // NASCENT_CLIENT_LOCAL_DIRECTORIES_H_
