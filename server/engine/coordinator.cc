#include "server/engine/coordinator.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "spdlog/spdlog.h"

namespace nascent::engine {
namespace {

void Refuse(Command& command, const absl::Status& status) {
  std::visit([&status](auto& call) { call.reply(status); }, command);
}

}  // namespace

Coordinator::Coordinator(Options options, storage::TrialStore* store, const Clock* clock,
                         Executor* executor)
    : options_(std::move(options)),
      store_(store),
      clock_(clock),
      executor_(executor),
      queue_(options_.most_queued, options_.most_queued_of_one) {
  run_ = std::thread([this] { Run(); });
  keep_ = std::thread([this] { KeepTerm(); });
  watch_ = std::thread([this] { WatchTerm(); });
}

Coordinator::~Coordinator() { Shutdown(); }

void Coordinator::Shutdown() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    queued_.NotifyAll();
    changed_.NotifyAll();
  }
  if (run_.joinable()) run_.join();
  if (keep_.joinable()) keep_.join();
  if (watch_.joinable()) watch_.join();
}

void Coordinator::Post(Command command, Caller caller) {
  absl::Status refused;
  {
    MutexLock lock(mutex_);
    if (!accepting_) {
      refused = absl::UnavailableError("this coordinator is not the active one");
    } else if (overdue_) {
      refused = absl::UnavailableError("the database does not answer");
    } else if (queue_.Push(command, std::move(caller))) {
      queued_.NotifyOne();
      return;
    } else {
      refused = absl::ResourceExhaustedError("too many requests wait; try again in 1 s");
    }
  }
  Refuse(command, refused);
}

std::vector<Command> Coordinator::TakeQueue(absl::Duration timeout) {
  CommandQueue::Batch batch;
  {
    MutexLock lock(mutex_);
    const absl::Duration until = clock_->Elapsed() + timeout;
    while (queue_.empty() && !woken_ && !stopping_ && !lost_) {
      const absl::Duration left = until - clock_->Elapsed();
      if (left <= absl::ZeroDuration()) break;
      queued_.WaitFor(mutex_, left);
    }
    woken_ = false;
    batch = queue_.Take(options_.batch);
  }
  for (Command& command : batch.unwanted) {
    Refuse(command, absl::CancelledError("the caller has gone away"));
  }
  return std::move(batch.wanted);
}

void Coordinator::RefuseQueue() {
  std::vector<Command> refused;
  {
    MutexLock lock(mutex_);
    accepting_ = false;
    refused = queue_.TakeAll();
  }
  for (Command& command : refused) {
    Refuse(command, absl::UnavailableError("this coordinator is not active any more"));
  }
}

void Coordinator::Pause(absl::Duration duration) {
  MutexLock lock(mutex_);
  const absl::Duration until = clock_->Elapsed() + duration;
  while (!stopping_) {
    const absl::Duration left = until - clock_->Elapsed();
    if (left <= absl::ZeroDuration()) return;
    changed_.WaitFor(mutex_, left);
  }
}

bool Coordinator::stopping() {
  MutexLock lock(mutex_);
  return stopping_;
}

void Coordinator::SetActive(bool active) {
  {
    MutexLock lock(mutex_);
    active_ = active;
    changed_.NotifyAll();
  }
  Announce();
}

void Coordinator::Announce() {
  MutexLock announcing(announcing_);
  bool serving = false;
  {
    MutexLock lock(mutex_);
    serving = active_ && !overdue_;
  }
  if (serving_.exchange(serving) != serving && options_.on_change != nullptr) {
    options_.on_change(serving);
  }
}

void Coordinator::Renewed(absl::Duration asked) {
  {
    MutexLock lock(mutex_);
    sure_until_ = asked + options_.term;
    overdue_ = false;
    changed_.NotifyAll();
  }
  Announce();
}

void Coordinator::WatchTerm() {
  while (true) {
    std::vector<Command> refused;
    {
      MutexLock lock(mutex_);
      while (!stopping_) {
        if (!active_ || overdue_) {
          changed_.Wait(mutex_);
          continue;
        }
        const absl::Duration left = sure_until_ - clock_->Elapsed();
        if (left <= absl::ZeroDuration()) break;
        changed_.WaitFor(mutex_, left);
      }
      if (stopping_) return;
      overdue_ = true;
      refused = queue_.TakeAll();
    }
    spdlog::warn("the database has not answered for {:.1f} s: not serving",
                 absl::ToDoubleSeconds(options_.term));
    Announce();
    for (Command& command : refused) {
      Refuse(command, absl::UnavailableError("the database does not answer"));
    }
  }
}

absl::Status Coordinator::Serve(int64_t term) {
  Engine engine(options_.engine, store_, clock_, executor_, [this] {
    MutexLock lock(mutex_);
    woken_ = true;
    queued_.NotifyOne();
  });
  const absl::Duration begin = clock_->Elapsed();
  if (absl::Status status = engine.Load(term); !status.ok()) return status;
  spdlog::info("active with term {}, {} searches taken up within {:.2f} s, {} more follow", term,
               engine.held_searches(), absl::ToDoubleSeconds(clock_->Elapsed() - begin),
               engine.waiting_searches());
  {
    MutexLock lock(mutex_);
    accepting_ = true;
  }
  SetActive(true);
  absl::Status status;
  while (status.ok()) {
    {
      MutexLock lock(mutex_);
      if (stopping_) break;
      if (lost_) {
        status = absl::AbortedError("another coordinator took the term");
        break;
      }
    }
    status = engine.Step(TakeQueue(engine.UntilNext()));
  }
  SetActive(false);
  RefuseQueue();
  return status;
}

void Coordinator::Run() {
  // Standbys look this often; taking over needs no more than the rest of the term besides. At first
  // more often: one that was killed and started again finds its older self's session on its way
  // out.
  const absl::Duration look = std::min(options_.term / 4, absl::Seconds(1));
  const absl::Duration first_look = look / 50;
  absl::Duration next_look = first_look;
  std::string said;
  int64_t term = 0;
  while (!stopping()) {
    const absl::Duration asked = clock_->Elapsed();
    auto acquired = store_->AcquireTerm(options_.holder, options_.term);
    if (!acquired.ok()) {
      const std::string message(acquired.status().message());
      // The deadline in the message changes with each renewal: say it once per state.
      const std::string kind = absl::IsFailedPrecondition(acquired.status()) ? "standby" : message;
      if (kind != said) spdlog::info("waits: {}", message);
      said = kind;
      Pause(next_look);
      next_look = std::min(look, next_look * 2);
      continue;
    }
    said.clear();
    next_look = first_look;
    term = acquired->term;
    {
      MutexLock lock(mutex_);
      holding_ = true;
      term_ = term;
      lost_ = false;
    }
    Renewed(asked);
    const absl::Status status = Serve(term);
    {
      MutexLock lock(mutex_);
      holding_ = false;
    }
    if (!status.ok()) {
      spdlog::warn("not active any more: {}", std::string(status.ToString()));
      Pause(std::min(look, absl::Milliseconds(200)));
    }
  }
  if (term != 0) {
    const absl::Status status = store_->ReleaseTerm(term);
    if (!status.ok())
      spdlog::warn("term {} not given up: {}", term, std::string(status.ToString()));
  }
}

void Coordinator::KeepTerm() {
  absl::Duration tidied = clock_->Elapsed();
  while (true) {
    Pause(options_.term / 3);
    int64_t term = 0;
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      if (!holding_ || lost_) continue;
      term = term_;
    }
    if (options_.housekeeping != nullptr && active() &&
        clock_->Elapsed() - tidied >= options_.housekeeping_interval) {
      tidied = clock_->Elapsed();
      options_.housekeeping(term);
    }
    const absl::Duration asked = clock_->Elapsed();
    auto renewed = store_->AcquireTerm(options_.holder, options_.term);
    if (renewed.ok()) Renewed(asked);
    if (!absl::IsFailedPrecondition(renewed.status())) continue;
    MutexLock lock(mutex_);
    lost_ = holding_;
    queued_.NotifyAll();
  }
}

}  // namespace nascent::engine
