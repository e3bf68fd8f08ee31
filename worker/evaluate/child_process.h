// The operating system's side of a child: start it, hear what it prints, end it with all it
// started.

#ifndef NASCENT_WORKER_EVALUATE_CHILD_PROCESS_H_
#define NASCENT_WORKER_EVALUATE_CHILD_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace nascent::worker {

struct ChildProcessOptions {
  // The evaluator program, started as `program --fd N`.
  std::string program;
  // "NAME=value", added to this process's environment.
  std::vector<std::string> environment;
  // RLIMIT_DATA of the child; 0: none. Not for GPUs, whose driver reserves address space.
  int64_t memory_limit_bytes = 0;
};

// How a process ended.
struct ChildExit {
  int signal = 0;  // 0: it exited
  int status = 0;  // of an exit
  // E.g. "killed by signal 11 (Segmentation fault)".
  std::string Describe() const;
};

// A running child: exec'd in a process group of its own, without any descriptor of its parent but
// one end of a socket pair and a pipe for what it prints. Used by the thread that started it, which
// must live as long: the kernel kills the child when that thread ends.
class ChildProcess {
 public:
  // NOT_FOUND: there is no such program; UNAVAILABLE: the system is out of processes or
  // descriptors.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const ChildProcessOptions& options);
  // Kills the group.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // This end of the socket pair.
  int socket() const { return socket_; }
  // Readable when the child printed something.
  int output() const { return output_; }

  // Reads what the child printed so far without waiting. False: no more will come.
  bool ReadOutput();
  // The last 4 KiB printed since ForgetOutput.
  const std::string& output_tail() const { return tail_; }
  void ForgetOutput() { tail_.clear(); }

  // True: the process has ended (it is reaped).
  bool HasEnded();
  // Ends the whole group and waits. Where the child ended by itself before, gives that end.
  ChildExit Kill();
  // Waits for a child that is ending by itself (its socket is closed); kills it after two seconds.
  ChildExit AwaitEnd();

 private:
  ChildProcess(pid_t pid, int socket, int output) : pid_(pid), socket_(socket), output_(output) {}

  const pid_t pid_;
  const int socket_;
  const int output_;
  std::string tail_;
  bool ended_ = false;
  ChildExit exit_;
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_EVALUATE_CHILD_PROCESS_H_
