// What a running service on this machine tells everybody: where it listens and which processes it
// is.

#ifndef NASCENT_CLIENT_LOCAL_STATE_FILE_H_
#define NASCENT_CLIENT_LOCAL_STATE_FILE_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/local/process.h"

namespace nascent::local {

struct ServiceState {
  ProcessId supervisor;
  bool ready = false;
  std::string server;                          // HOST:PORT
  std::string database_url;                    // of the coordinator
  std::string reader_url;                      // of the read-only role
  std::map<std::string, ProcessId> processes;  // "postgres", "nascentd", "worker-1", …
};

// The file appears whole or not at all.
absl::Status WriteState(const std::string& path, const ServiceState& state);

// NOT_FOUND: there is none. INVALID_ARGUMENT: it is not such a file.
absl::StatusOr<ServiceState> ReadState(const std::string& path);

}  // namespace nascent::local

#endif  // NASCENT_CLIENT_LOCAL_STATE_FILE_H_
