// The whole service on one machine: `nascent up` and `nascent down`.

#ifndef NASCENT_CLIENT_LOCAL_UP_H_
#define NASCENT_CLIENT_LOCAL_UP_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/local/directories.h"
#include "client/local/state_file.h"

namespace nascent::local {

struct UpOptions {
  std::string data_dir;
  std::string database_url;  // of a PostgreSQL that runs elsewhere; empty: a private cluster
  std::string listen = "127.0.0.1:7301";
  int workers = 1;
  int slots = 0;  // per worker; 0: the worker's default
  double lease_seconds = 30;
  double term_seconds = 10;
  std::string programs;  // folder of nascentd and nascent-worker; empty: beside this program
};

using Say = std::function<void(const std::string&)>;

// The running service of `data_dir`; NOT_FOUND when none runs there.
absl::StatusOr<ServiceState> FindService(const Directories& directories);

// Where the coordinator of the folder listens, also when what supervised it was killed; empty:
// nothing runs.
std::string FindServer(const Directories& directories);

// Starts everything and supervises it until SIGTERM or SIGINT, then ends it in order. What an
// earlier service left running is ended first. `say` gets one line per event; `on_ready` is called
// once. ALREADY_EXISTS: a service runs on this folder.
absl::Status RunService(const UpOptions& options, const Say& say,
                        const std::function<void(const ServiceState&)>& on_ready);

// Starts `nascent up` again as a process of its own with `arguments`, and waits until that is ready
// or has failed; then its messages are the error.
absl::StatusOr<ServiceState> StartDetached(const UpOptions& options,
                                           const std::vector<std::string>& arguments);

// Ends the service of `data_dir` in order and waits for it. False: nothing ran there.
absl::StatusOr<bool> StopService(const Directories& directories, const Say& say);

// The folder of this program.
std::string ProgramFolder();

}  // namespace nascent::local

#endif  // NASCENT_CLIENT_LOCAL_UP_H_
