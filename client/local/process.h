// Starting, recognising and ending processes.

#ifndef NASCENT_CLIENT_LOCAL_PROCESS_H_
#define NASCENT_CLIENT_LOCAL_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace nascent::local {

// A process that is meant and no other one: numbers are given again after a process has ended,
// start times are not.
struct ProcessId {
  pid_t pid = 0;
  int64_t start_time = 0;  // in clock ticks since the machine started

  bool operator==(const ProcessId&) const = default;
};

// The process with this number as it is now; nothing when there is none or it is a zombie.
std::optional<ProcessId> FindProcess(pid_t pid);
bool IsAlive(const ProcessId& process);

// An account of this machine.
struct User {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;
};
absl::StatusOr<User> FindUser(const std::string& name);
absl::StatusOr<User> CurrentUser();

struct ProgramSpec {
  std::vector<std::string> command;      // [0] is the path
  std::string log;                       // standard output and error are appended; empty: inherited
  std::string input;                     // small text for standard input; empty: /dev/null
  std::optional<User> user;              // runs as this account; only root can
  std::vector<std::string> environment;  // NAME=VALUE, beside the present one
  std::string
      without;  // variables whose names begin so are left out of the present one; empty: none
  bool session = true;  // of its own, so that the terminal's signals don't reach it
};

// Starts a program with all signals unblocked. NOT_FOUND when there is no such program.
absl::StatusOr<ProcessId> Spawn(const ProgramSpec& spec);

// Runs a program to its end. An exit status other than 0 is INTERNAL with the last lines that it
// wrote. `spec.log` and `session` are ignored.
absl::StatusOr<std::string> RunProgram(ProgramSpec spec);

// Waits until the process has ended, however that may be. False: the time ran out. A child is
// reaped.
bool WaitForEnd(const ProcessId& process, absl::Duration timeout);

// Waits, then kills the process's whole group if it is still there.
void AwaitEnd(const ProcessId& process, absl::Duration grace);

// Sends `signal`, then as AwaitEnd. Nothing happens when it is gone.
void EndProcess(const ProcessId& process, int signal, absl::Duration grace);

// The last `lines` lines of a text file, "" when it can't be read.
std::string LastLines(const std::string& path, int lines);

}  // namespace nascent::local

#endif  // NASCENT_CLIENT_LOCAL_PROCESS_H_
