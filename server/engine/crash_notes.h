// Which search a coordinator worked for when it died: a crash in a strategy or a space comes back
// with every restart, until the search that brings it is set aside.

#ifndef NASCENT_SERVER_ENGINE_CRASH_NOTES_H_
#define NASCENT_SERVER_ENGINE_CRASH_NOTES_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace nascent::engine {

// A search's number and when it was made, to the minute: another database has the same numbers.
struct SearchName {
  int64_t id = 0;
  absl::Time created_at;
};

// One death of a coordinator.
struct CrashNote {
  SearchName search;  // it worked for
  int signal = 0;
};

// While it lives, its thread works for that search.
class InCare {
 public:
  explicit InCare(const SearchName& search);
  ~InCare();
  InCare(const InCare&) = delete;
  InCare& operator=(const InCare&) = delete;

 private:
  const int64_t outer_id_;
  const int64_t outer_created_us_;
};

// A file with one line for each death, which stay there for people to read:
//   search 7 created 1764300000000000 signal 11 at 1764300123
// The file may be shared by coordinators. Thread-safe.
class CrashNotes {
 public:
  // Makes the file where there is none.
  static absl::StatusOr<CrashNotes> Open(const std::string& path);

  // From now on a signal that ends the process (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) is noted
  // if it came while its thread was InCare, and ends the process as before. A thread whose stack is
  // full is noted, too; a process that is killed from outside (SIGKILL) is not. Once per process.
  void NoteCrashes() const;

  // All notes, oldest first. Lines that can't be read are passed over.
  std::vector<CrashNote> Read() const;

  const std::string& path() const { return path_; }

 private:
  CrashNotes(std::string path, int file) : path_(std::move(path)), file_(file) {}

  std::string path_;
  int file_;  // open until the process ends: the handler writes to it
};

// The signals that ended coordinators at work for `search`, in the order of `notes`.
std::vector<int> SignalsOf(const std::vector<CrashNote>& notes, const SearchName& search);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_CRASH_NOTES_H_
