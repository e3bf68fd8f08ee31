#include "server/engine/engine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace nascent::engine {
namespace {

// How often the clock is set by the store's.
constexpr absl::Duration kResynchronize = absl::Seconds(5);
// A worker that was not seen for so long, beyond a lease, is taken for gone.
constexpr absl::Duration kQuiet = absl::Seconds(60);

}  // namespace

Engine::Engine(const EngineOptions& options, storage::TrialStore* store, const Clock* clock,
               Executor* executor, std::function<void()> wake)
    : options_(options),
      store_(store),
      clock_(clock),
      executor_(executor),
      mailbox_(std::make_shared<Mailbox<std::pair<int64_t, StrategyAnswer>>>(std::move(wake))),
      workers_(options.lease_duration + kQuiet) {}

Engine::~Engine() {
  mailbox_->Close();
  const absl::Status gone = absl::UnavailableError("this coordinator is not active any more");
  SendReplies();
  for (auto& [arrival, waiting] : waiting_) waiting.call.reply(gone);
  for (Command& command : deferred_) {
    std::visit([&gone](auto& call) { call.reply(gone); }, command);
  }
  for (auto& [id, search] : searches_) {
    for (EnqueueRequest& request : search->enqueues) request.reply(gone);
    for (EnqueueRequest& request : search->numbered) request.reply(gone);
  }
}

void Engine::Plan(storage::Transition transition, std::function<void(const Outcome&)> done) {
  transitions_.push_back(std::move(transition));
  done_.push_back(std::move(done));
}

void Engine::SendReplies() {
  if (replies_.empty()) return;
  // Shared, since the executor's function is copied, and messages are long.
  const auto send = [replies = std::make_shared<decltype(replies_)>(std::exchange(replies_, {}))] {
    for (const auto& reply : *replies) reply();
  };
  if (options_.answers == nullptr || !options_.answers->Run(send)) send();
}

absl::Status Engine::Resynchronize() {
  auto now = store_->Now();
  if (!now.ok()) return now.status();
  base_time_ = *now;
  base_elapsed_ = clock_->Elapsed();
  return absl::OkStatus();
}

absl::Status Engine::Commit() {
  if (transitions_.empty()) return absl::OkStatus();
  auto outcomes = store_->Apply(term_, transitions_);
  const auto done = std::exchange(done_, {});
  transitions_.clear();
  for (size_t i = 0; i < done.size(); ++i) {
    if (outcomes.ok()) {
      done[i]((*outcomes)[i]);
      continue;
    }
    // Whether it was stored or not is found out by a retry with the same request id.
    Outcome outcome;
    outcome.status = absl::UnavailableError(
        absl::StrCat("not known to be stored, try again: ", outcomes.status().message()));
    done[i](outcome);
  }
  return outcomes.status();
}

void Engine::TakeAnswers() {
  for (auto& [search_id, answer] : mailbox_->Take()) {
    const auto it = searches_.find(search_id);
    if (it == searches_.end()) continue;
    ActiveSearch& search = *it->second;
    search.asking = false;
    search.dirty = true;
    search.waits = answer.waits;
    search.exhausted = search.exhausted || answer.exhausted;
    if (!answer.trouble.empty()) {
      search.trouble = answer.trouble;
      ++search.revision;
    }
    for (PlannedTrial& planned : answer.trials) search.planned.push_back(std::move(planned));
    for (int64_t number : answer.stops) {
      for (int64_t task_id : search.running_tasks) {
        Task& task = *tasks_.at(task_id);
        if (task.trial->record.number == number && task.kind == v1::TASK_KIND_TRAIN) {
          task.stop = v1::STOP_REASON_EARLY;
        }
      }
    }
    if (answer.snapshot.has_value()) {
      search.snapshot_at = answer.snapshot->after_event;
      // It holds proposals that are about to be committed with it.
      search.snapshot = *std::move(answer.snapshot);
    }
  }
}

absl::Status Engine::Step(std::vector<Command> commands) {
  if (clock_->Elapsed() - base_elapsed_ > kResynchronize) {
    if (absl::Status status = Resynchronize(); !status.ok()) {
      for (Command& command : commands) deferred_.push_back(std::move(command));
      return status;
    }
  }
  TakeAnswers();
  // What was put off comes before what is new.
  std::vector<Command> all = std::exchange(deferred_, {});
  std::move(commands.begin(), commands.end(), std::back_inserter(all));
  for (Command& command : all) {
    std::visit([this](auto& call) { Handle(std::move(call)); }, command);
  }
  Sweep();
  for (const Unresolved& joined : std::exchange(unresolved_, {})) {
    Resolve(joined.search_id, joined.number, joined.evaluation);
  }
  for (auto& [id, search] : searches_) {
    CheckLimits(*search);
    if (search->dirty || !search->weights_awaited.empty()) PlanSearch(*search);
  }
  MatchLeases();
  ExpireWaiting();
  if (absl::Status status = Commit(); !status.ok()) return status;
  if (!inconsistent_.ok()) return inconsistent_;
  for (auto& [id, search] : searches_) AskStrategy(*search);
  // Where strategies run in place, their word to stop goes out with the answers below.
  TakeAnswers();
  SendReplies();
  for (int64_t id : std::exchange(dropped_, {})) EraseSearch(id);
  return absl::OkStatus();
}

absl::Duration Engine::UntilNext() {
  if (!deferred_.empty() || !transitions_.empty() || !unresolved_.empty() || !mailbox_->Empty()) {
    return absl::ZeroDuration();
  }
  const absl::Duration elapsed = clock_->Elapsed();
  absl::Duration next = kResynchronize;
  if (!waiting_expiry_.empty()) next = std::min(next, waiting_expiry_.begin()->first - elapsed);
  if (!deadlines_.empty()) {
    const absl::Duration due = deadlines_.begin()->first - Now();
    next = std::min(next, std::max(due, sweep_from_ - elapsed));
  }
  for (const auto& [id, search] : searches_) {
    if (search->dirty) return absl::ZeroDuration();
  }
  return std::max(next, absl::ZeroDuration());
}

void Engine::EraseSearch(int64_t id) {
  const auto it = searches_.find(id);
  if (it == searches_.end()) return;
  for (auto task = tasks_.begin(); task != tasks_.end();) {
    if (task->second->search != it->second.get()) {
      ++task;
      continue;
    }
    tasks_.erase(task++);
  }
  for (auto* requests : {&it->second->enqueues, &it->second->numbered}) {
    for (EnqueueRequest& request : *requests) {
      request.reply(absl::FailedPreconditionError(absl::StrCat("search ", id, " has ended")));
    }
  }
  searches_.erase(it);
}

const ActiveSearch* Engine::FindSearch(int64_t id) const {
  const auto it = searches_.find(id);
  return it == searches_.end() ? nullptr : it->second.get();
}

}  // namespace nascent::engine
