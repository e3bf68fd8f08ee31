// A program that a test starts, signals and waits for.

#ifndef NASCENT_TESTS_SUPPORT_PROCESS_H_
#define NASCENT_TESTS_SUPPORT_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace nascent::testing {

// The end of a program that ran to its end.
struct Finished {
  int exit_code = 0;  // 128 + signal when a signal ended it
  std::string out;
  std::string err;
};

// Runs a program to its end, with `input` on its standard input.
Finished RunToEnd(const std::vector<std::string>& arguments, const std::string& input = "");

// A program in the background. It dies with the test; the destructor kills it. Its output goes to
// `log_path`, appended.
class Process {
 public:
  Process(const std::vector<std::string>& arguments, const std::string& log_path);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool Running();
  void Signal(int signal);
  // SIGKILL and reap.
  void Kill();
  // Waits for the end; the exit code, or 128 + signal.
  int Wait();
  // Direct children, from /proc.
  std::vector<pid_t> Children() const;

 private:
  pid_t pid_ = -1;
  bool reaped_ = false;
  int exit_code_ = 0;
};

// A TCP port of the loopback interface that was free a moment ago.
int FreePort();

// A new folder under /tmp, removed with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Folder of the programs under test.
std::string ProgramFolder();

}  // namespace nascent::testing

#endif  // NASCENT_TESTS_SUPPORT_PROCESS_H_
