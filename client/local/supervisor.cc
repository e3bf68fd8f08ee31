#include "client/local/supervisor.h"

#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/status_macros.h"

namespace nascent::local {
namespace {

constexpr absl::Duration kFirstWait = absl::Milliseconds(200);
constexpr absl::Duration kLongestWait = absl::Seconds(10);
constexpr absl::Duration kLongLife = absl::Seconds(30);
constexpr absl::Duration kPoll = absl::Milliseconds(100);
constexpr int kLogLines = 8;

absl::Duration Elapsed() { return SystemClock().Elapsed(); }

std::string HowItEnded(int status) {
  if (WIFEXITED(status)) return absl::StrCat("ended with exit status ", WEXITSTATUS(status));
  return absl::StrCat("was ended by signal ", WTERMSIG(status));
}

// "worker" of "worker-12".
std::string Family(const std::string& name) {
  return name.substr(0, name.find_last_not_of("0123456789") + 1);
}

}  // namespace

Supervisor::Supervisor(std::function<void(const std::string&)> on_event)
    : on_event_(std::move(on_event)) {
  sigemptyset(&signals_);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals_, signal);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

absl::Status Supervisor::Start(SupervisedProgram program) {
  Entry entry;
  entry.program = std::move(program);
  entry.wait = kFirstWait;
  entries_.push_back(std::move(entry));
  return StartEntry(entries_.back());
}

absl::Status Supervisor::StartEntry(Entry& entry) {
  NASCENT_ASSIGN_OR_RETURN(entry.process, Spawn(entry.program.program));
  entry.running = true;
  entry.started = Elapsed();
  Changed();
  return absl::OkStatus();
}

Supervisor::Entry* Supervisor::FindEntry(const std::string& name) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.program.name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

absl::Status Supervisor::RunUntil(const std::string& name, absl::Duration timeout,
                                  const std::function<absl::Status()>& done) {
  const absl::Duration until = Elapsed() + timeout;
  const Entry* entry = FindEntry(name);
  const int deaths = entry->deaths;
  while (true) {
    const absl::Status status = done();
    if (!status.ok() && !absl::IsUnavailable(status)) return status;
    if (Step(status.ok() ? absl::ZeroDuration() : kPoll))
      return absl::CancelledError("asked to end while starting");
    const std::string log = LastLines(entry->program.program.log, kLogLines);
    const std::string tail =
        log.empty() ? "" : absl::StrCat("; the end of ", entry->program.program.log, ":\n", log);
    if (entry->deaths > deaths) {
      return absl::AbortedError(absl::StrCat(name, " ended while it started", tail));
    }
    if (status.ok()) return status;
    if (Elapsed() > until) {
      return absl::DeadlineExceededError(absl::StrCat(name, " is not ready after ",
                                                      absl::FormatDuration(timeout), " (",
                                                      std::string(status.message()), ")", tail));
    }
  }
}

int Supervisor::Run() {
  while (true) {
    if (const std::optional<int> signal = Step(absl::Seconds(60))) return *signal;
  }
}

std::optional<int> Supervisor::Step(absl::Duration timeout) {
  const absl::Duration now = Elapsed();
  absl::Duration next = now + timeout;
  for (const Entry& entry : entries_) {
    if (!entry.running) next = std::min(next, entry.restart_at);
  }
  const timespec wait = absl::ToTimespec(std::max(next - now, absl::ZeroDuration()));
  const int signal = sigtimedwait(&signals_, nullptr, &wait);
  if (signal > 0 && signal != SIGCHLD) return signal;
  Reap();
  for (Entry& entry : entries_) {
    if (entry.running || Elapsed() < entry.restart_at) continue;
    const absl::Status status = StartEntry(entry);
    if (status.ok()) {
      on_event_(absl::StrCat(entry.program.name, " runs again (process ", entry.process.pid, ")"));
    } else {
      on_event_(absl::StrCat(entry.program.name, ": ", std::string(status.message())));
      entry.wait = std::min(entry.wait * 2, kLongestWait);
      entry.restart_at = Elapsed() + entry.wait;
    }
  }
  return std::nullopt;
}

void Supervisor::Reap() {
  for (Entry& entry : entries_) {
    int status = 0;
    if (!entry.running || waitpid(entry.process.pid, &status, WNOHANG) != entry.process.pid)
      continue;
    entry.running = false;
    ++entry.deaths;
    if (Elapsed() - entry.started > kLongLife) entry.wait = kFirstWait;
    entry.restart_at = Elapsed() + entry.wait;
    on_event_(absl::StrCat(entry.program.name, " (process ", entry.process.pid, ") ",
                           HowItEnded(status), ", starts again in ",
                           absl::FormatDuration(entry.wait)));
    entry.wait = std::min(entry.wait * 2, kLongestWait);
    Changed();
  }
}

void Supervisor::Stop() {
  for (size_t last = entries_.size(); last > 0;) {
    const std::string family = Family(entries_[last - 1].program.name);
    size_t first = last;
    while (first > 0 && Family(entries_[first - 1].program.name) == family) --first;
    for (size_t i = first; i < last; ++i) {
      if (entries_[i].running) kill(entries_[i].process.pid, entries_[i].program.end_signal);
    }
    for (size_t i = first; i < last; ++i) {
      Entry& entry = entries_[i];
      if (entry.running) AwaitEnd(entry.process, entry.program.grace);
      entry.running = false;
      entry.restart_at = absl::InfiniteDuration();
    }
    Changed();
    last = first;
  }
}

void Supervisor::Changed() const {
  if (!on_change_) return;
  std::map<std::string, ProcessId> processes;
  for (const Entry& entry : entries_) {
    if (entry.running) processes[entry.program.name] = entry.process;
  }
  on_change_(processes);
}

}  // namespace nascent::local
