#include "server/engine/engine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/engine/attempts.h"
#include "server/engine/crash_notes.h"
#include "server/engine/handlers.h"
#include "server/engine/next_steps.h"
#include "spdlog/spdlog.h"

namespace nascent::engine {
namespace {

// How often the clock is set by the store's.
constexpr absl::Duration kResynchronize = absl::Seconds(5);
// Searches that a step takes up, some milliseconds each: whoever renews a lease waits for no more.
constexpr int kTakenUpInAStep = 2;

// The search that a command names; 0: none.
template <typename Request>
int64_t SearchOf(const Request&) {
  return 0;
}
int64_t SearchOf(const ChangeSearch& request) { return request.search_id; }
int64_t SearchOf(const DeleteSearch& request) { return request.search_id; }
int64_t SearchOf(const EnqueueGenotypes& request) { return request.search_id; }
int64_t SearchOf(const ViewSearch& request) { return request.search_id; }

template <typename Requests>
void AnswerAll(Requests& requests, const absl::Status& status) {
  for (EnqueueRequest& request : requests) request.reply(status);
}

}  // namespace

Engine::Engine(const EngineOptions& options, storage::TrialStore* store, const Clock* clock,
               Executor* executor, std::function<void()> wake)
    : options_(options),
      store_(store),
      clock_(store, clock),
      mailbox_(std::make_shared<StrategyMailbox>(std::move(wake))),
      model_(options_, &clock_),
      leases_(&model_.ready(), &model_.workers()),
      parts_{options_, *store, clock_, *executor, mailbox_, batch_, model_, leases_},
      loader_(&parts_) {}

Engine::~Engine() {
  mailbox_->Close();
  const absl::Status gone = absl::UnavailableError("this coordinator is not active any more");
  SendReplies();
  for (const LeaseDesk::Waiting& waiting : leases_.TakeAll()) waiting.call.reply(gone);
  for (Command& command : batch_.TakeDeferred()) {
    std::visit([&gone](auto& call) { call.reply(gone); }, command);
  }
  for (const auto& [id, search] : model_.searches()) {
    AnswerAll(search->queue.enqueues, gone);
    AnswerAll(search->queue.numbered, gone);
  }
}

absl::Status Engine::Load(int64_t term) {
  term_ = term;
  if (absl::Status status = clock_.Synchronize(); !status.ok()) return status;
  sweep_from_ = clock_.Elapsed() + options_.lease_duration;
  charged_from_ = clock_.Now() + options_.lease_duration;
  if (absl::Status status = loader_.Begin(); !status.ok()) return status;
  PlanFollowUps(parts_);
  return absl::OkStatus();
}

absl::Status Engine::Step(std::vector<Command> commands) {
  if (clock_.Age() > kResynchronize) {
    if (absl::Status status = clock_.Synchronize(); !status.ok()) {
      for (Command& command : commands) batch_.Defer(std::move(command));
      return status;
    }
  }
  absl::Status status = PlanStep(std::move(commands));
  if (status.ok()) status = Commit();
  if (!status.ok()) return status;
  if (!model_.inconsistent().ok()) return model_.inconsistent();
  // Strategies are asked of what was looked at and of what the commit changed.
  looked_at_.insert(model_.agenda().awake().begin(), model_.agenda().awake().end());
  for (const int64_t id : std::exchange(looked_at_, {})) {
    if (ActiveSearch* search = model_.FindSearch(id); search != nullptr) {
      AskStrategy(parts_, *search);
    }
  }
  // Where strategies run in place, their word to stop goes out with the answers below.
  TakeAnswers(parts_);
  SendReplies();
  DropEnded();
  return absl::OkStatus();
}

absl::Status Engine::PlanStep(std::vector<Command> commands) {
  TakeAnswers(parts_);
  // What was put off comes before what is new.
  std::vector<Command> all = batch_.TakeDeferred();
  std::move(commands.begin(), commands.end(), std::back_inserter(all));
  const bool some_waited = loader_.waiting() > 0;
  int to_take_up = kTakenUpInAStep;
  absl::Status status;
  for (Command& command : all) {
    const int64_t id = std::visit([](const auto& call) { return SearchOf(call.request); }, command);
    if (loader_.Waits(id) && status.ok() && to_take_up > 0) {
      status = loader_.TakeUp(id);
      --to_take_up;
    }
    if (!status.ok() || loader_.Waits(id)) {
      batch_.Defer(std::move(command));
      continue;
    }
    std::visit([this](auto& call) { Handle(parts_, std::move(call)); }, command);
  }
  if (status.ok()) status = loader_.TakeUpNext(to_take_up);
  if (!status.ok()) return status;
  if (some_waited) {
    if (loader_.waiting() == 0) spdlog::info("all searches are taken up");
    PlanFollowUps(parts_);
  }
  Sweep(parts_, sweep_from_, charged_from_);
  looked_at_ = model_.agenda().Take(clock_.Now());
  for (const int64_t id : looked_at_) {
    if (ActiveSearch* search = model_.FindSearch(id); search != nullptr) {
      const InCare care({id, search->record.created_at});
      PlanSearch(parts_, *search);
    }
  }
  ServeLeases(parts_);
  return absl::OkStatus();
}

absl::Status Engine::Commit() {
  const auto [transitions, done] = batch_.TakeTransitions();
  if (transitions.empty()) return absl::OkStatus();
  const auto outcomes = store_->Apply(term_, transitions);
  for (size_t i = 0; i < transitions.size(); ++i) {
    storage::Outcome outcome;
    if (outcomes.ok()) {
      outcome = (*outcomes)[i];
    } else {
      // Whether it was stored or not is found out by a retry with the same request id.
      outcome.status = absl::UnavailableError(
          absl::StrCat("not known to be stored, try again: ", outcomes.status().message()));
    }
    model_.Apply(transitions[i], outcome);
    if (done[i] != nullptr) done[i](outcome);
  }
  PlanFollowUps(parts_);
  return outcomes.status();
}

void Engine::SendReplies() {
  auto replies = batch_.TakeReplies();
  if (replies.empty()) return;
  // Shared, since the executor's function is copied, and messages are long.
  const auto send = [replies = std::make_shared<decltype(replies)>(std::move(replies))] {
    for (const auto& reply : *replies) reply();
  };
  if (options_.answers == nullptr || !options_.answers->Run(send)) send();
}

void Engine::DropEnded() {
  for (const auto& search : model_.TakeDropped()) {
    const absl::Status ended =
        absl::FailedPreconditionError(absl::StrCat("search ", search->record.id, " has ended"));
    AnswerAll(search->queue.enqueues, ended);
    AnswerAll(search->queue.numbered, ended);
  }
}

absl::Duration Engine::UntilNext() {
  if (batch_.HasWork() || !mailbox_->Empty() || !model_.agenda().awake().empty() ||
      loader_.waiting() > 0) {
    return absl::ZeroDuration();
  }
  const absl::Duration elapsed = clock_.Elapsed();
  absl::Duration next = std::min(kResynchronize, model_.agenda().NextDue() - clock_.Now());
  if (const auto expiry = leases_.NextExpiry(); expiry.has_value()) {
    next = std::min(next, *expiry - elapsed);
  }
  if (!model_.deadlines().empty()) {
    const absl::Duration due = model_.deadlines().begin()->first - clock_.Now();
    next = std::min(next, std::max(due, sweep_from_ - elapsed));
  }
  return std::max(next, absl::ZeroDuration());
}

}  // namespace nascent::engine
