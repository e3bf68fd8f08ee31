// Keeps a fixed set of programs running.

#ifndef NASCENT_CLIENT_LOCAL_SUPERVISOR_H_
#define NASCENT_CLIENT_LOCAL_SUPERVISOR_H_

#include <sys/types.h>

#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/local/process.h"
#include "client/local/state_file.h"

namespace nascent::local {

struct SupervisedProgram {
  std::string name;
  ProgramSpec program;
  int end_signal = SIGTERM;
  absl::Duration grace = absl::Seconds(30);  // until it is killed
};

// Restarts what dies: after 0.2 s, then twice as long after each quick death up to 10 s; a program
// that ran for 30 s begins anew. Single-threaded; the constructor blocks SIGCHLD, SIGTERM, SIGINT
// and SIGHUP, so make it before any thread.
class Supervisor {
 public:
  // `on_event` gets a line for each start after the first and each death.
  explicit Supervisor(std::function<void(const std::string&)> on_event);

  // Called after each start and end of a program with the processes as they are now.
  void OnChange(std::function<void(const std::map<std::string, ProcessId>&)> on_change) {
    on_change_ = std::move(on_change);
  }

  // Starts a program and keeps it running from now on.
  absl::Status Start(SupervisedProgram program);

  // Supervises until `done` gives OK; asks about ten times a second. What `done` answers with
  // UNAVAILABLE is asked again; any other error ends the wait with it. ABORTED: the program `name`
  // died while it was waited for, with the end of its log. DEADLINE_EXCEEDED: it took longer than
  // `timeout`. CANCELLED: a signal asked for the end.
  absl::Status RunUntil(const std::string& name, absl::Duration timeout,
                        const std::function<absl::Status()>& done);

  // Supervises until a signal asks for the end; gives its number.
  int Run();

  // Ends the programs in the reverse order of their start, those whose names differ only by a
  // number together.
  void Stop();

 private:
  struct Entry {
    SupervisedProgram program;
    ProcessId process;
    bool running = false;
    absl::Duration started;     // since the machine's monotonic clock began
    absl::Duration restart_at;  // as that
    absl::Duration wait;
    int deaths = 0;
  };

  Entry* FindEntry(const std::string& name);
  absl::Status StartEntry(Entry& entry);
  // Waits for the next signal or restart, at most `timeout`. Gives the signal that asks for the
  // end.
  std::optional<int> Step(absl::Duration timeout);
  void Reap();
  void Changed() const;

  const std::function<void(const std::string&)> on_event_;
  std::function<void(const std::map<std::string, ProcessId>&)> on_change_;
  sigset_t signals_{};
  std::vector<Entry> entries_;
};

}  // namespace nascent::local

#endif  // NASCENT_CLIENT_LOCAL_SUPERVISOR_H_
