#include "server/engine/crash_notes.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace nascent::engine {
namespace {

constexpr std::array kDeadly = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
// A coordinator's own idea of when it made a search is the database's but for their clocks.
constexpr absl::Duration kSameSearch = absl::Minutes(1);
constexpr char kLine[] = "search %lld created %lld signal %d at %lld";

thread_local int64_t care_id = 0;  // 0: of no search
thread_local int64_t care_created_us = 0;

int notes_file = -1;
std::array<struct sigaction, kDeadly.size()> before = {};

// A stack for the handler where the thread's own is full; it lasts as long as the thread.
class SignalStack {
 public:
  SignalStack() {
    stack_t present = {};
    if (sigaltstack(nullptr, &present) != 0 || (present.ss_flags & SS_DISABLE) == 0) return;
    stack_t own = {};
    own.ss_sp = bytes_.data();
    own.ss_size = bytes_.size();
    ours_ = sigaltstack(&own, nullptr) == 0;
  }
  ~SignalStack() {
    if (!ours_) return;
    stack_t none = {};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
  }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  std::vector<char> bytes_ = std::vector<char>(64 << 10);
  bool ours_ = false;
};

// What a handler may do: no allocation, no locks, no stdio.
class Line {
 public:
  Line& Add(const char* text) {
    while (*text != '\0') Put(*text++);
    return *this;
  }
  Line& Add(int64_t number) {
    std::array<char, 20> digits;
    size_t count = 0;
    uint64_t rest = number < 0 ? -static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
    do digits[count++] = static_cast<char>('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (number < 0) Put('-');
    while (count > 0) Put(digits[--count]);
    return *this;
  }
  void WriteTo(int file) const {
    // One write: lines of several coordinators don't mix.
    if (write(file, text_.data(), size_) < 0) return;  // there is nobody to tell
  }

 private:
  void Put(char letter) {
    if (size_ < text_.size()) text_[size_++] = letter;
  }

  std::array<char, 128> text_;
  size_t size_ = 0;
};

void Note(int signal) {
  if (care_id == 0) return;
  Line()
      .Add("search ")
      .Add(care_id)
      .Add(" created ")
      .Add(care_created_us)
      .Add(" signal ")
      .Add(signal)
      .Add(" at ")
      .Add(static_cast<int64_t>(std::time(nullptr)))
      .Add("\n")
      .WriteTo(notes_file);
}

void OnDeadlySignal(int signal) {
  const int error = errno;
  Note(signal);
  errno = error;
  // Then as if nothing had been there: it comes again as soon as the handler has returned.
  for (size_t i = 0; i < kDeadly.size(); ++i) {
    if (kDeadly[i] == signal) sigaction(signal, &before[i], nullptr);
  }
  raise(signal);
}

}  // namespace

InCare::InCare(const SearchName& search) : outer_id_(care_id), outer_created_us_(care_created_us) {
  thread_local const SignalStack stack;
  care_created_us = absl::ToUnixMicros(search.created_at);
  care_id = search.id;
}

InCare::~InCare() {
  care_id = outer_id_;
  care_created_us = outer_created_us_;
}

absl::StatusOr<CrashNotes> CrashNotes::Open(const std::string& path) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("can't write ", path));
  }
  return CrashNotes(path, file);
}

void CrashNotes::NoteCrashes() const {
  notes_file = file_;
  struct sigaction handler = {};
  handler.sa_handler = OnDeadlySignal;
  handler.sa_flags = SA_ONSTACK;
  for (size_t i = 0; i < kDeadly.size(); ++i) sigaction(kDeadly[i], &handler, &before[i]);
}

std::vector<CrashNote> CrashNotes::Read() const {
  std::vector<CrashNote> notes;
  std::ifstream file(path_);
  for (std::string line; std::getline(file, line);) {
    long long id = 0;
    long long created_us = 0;
    long long at = 0;
    int signal = 0;
    if (std::sscanf(line.c_str(), kLine, &id, &created_us, &signal, &at) != 4) continue;
    notes.push_back({{id, absl::FromUnixMicros(created_us)}, signal});
  }
  return notes;
}

std::vector<int> SignalsOf(const std::vector<CrashNote>& notes, const SearchName& search) {
  std::vector<int> signals;
  for (const CrashNote& note : notes) {
    const absl::Duration apart = note.search.created_at - search.created_at;
    if (note.search.id == search.id && absl::AbsDuration(apart) < kSameSearch) {
      signals.push_back(note.signal);
    }
  }
  return signals;
}

}  // namespace nascent::engine
