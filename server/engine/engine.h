// The life of searches, trials and attempts: takes commands in batches, checks them against what it
// holds in memory, stores what changes in one transaction, answers after the commit, and keeps
// every strategy fed.

#ifndef NASCENT_SERVER_ENGINE_ENGINE_H_
#define NASCENT_SERVER_ENGINE_ENGINE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "server/engine/active_search.h"
#include "server/engine/commands.h"
#include "server/engine/executor.h"
#include "server/engine/mailbox.h"
#include "server/engine/worker_table.h"
#include "server/storage/trial_store.h"

namespace nascent::engine {

struct EngineOptions {
  absl::Duration lease_duration = absl::Seconds(30);
  int max_attempts = 3;
  CandidateOptions candidates;
  // False: searches may name no data and any metric, for simulations.
  bool require_data = true;
  // Where answers are handed to their callers, who may write to sockets then; outlives the engine.
  // Null: by the thread that calls Step, before it returns.
  Executor* answers = nullptr;
  // Events after which a strategy is asked for a snapshot.
  int64_t snapshot_interval = 1000;
};

// Used by one thread at a time; no I/O but the store's, no time but the clock's. Holds everything
// that it needs of searches that have not ended; after an error of the store it is thrown away and
// a new one is loaded.
class Engine {
 public:
  // All pointers outlive the engine. `wake` is called from the executor's threads when Step has
  // something to do.
  Engine(const EngineOptions& options, storage::TrialStore* store, const Clock* clock,
         Executor* executor, std::function<void()> wake);
  // Answers everyone who waits with UNAVAILABLE.
  ~Engine();

  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Takes over under `term`: loads every search that has not ended and replays its strategy.
  absl::Status Load(int64_t term);

  // Carries out `commands` and whatever time and strategies brought. An error (UNAVAILABLE,
  // ABORTED, UNKNOWN) is the store's: the engine is of no use any more.
  absl::Status Step(std::vector<Command> commands);

  // Until something is due without a command; zero: at once.
  absl::Duration UntilNext();

  // For simulations and tests.
  const ActiveSearch* FindSearch(int64_t id) const;

 private:
  using Outcome = storage::Outcome;
  struct WaitingLease {
    Call<LeaseTask, LeaseGrant> call;
    absl::Duration expires;  // of the clock's Elapsed
  };
  // An evaluation that may be shared, by scope and identity.
  struct SharedEvaluation {
    std::shared_ptr<Trial> maker;  // while it is made
    ActiveSearch* search = nullptr;
    std::optional<storage::EvaluationRecord> finished;
    std::vector<std::pair<int64_t, int64_t>> joined;  // (search id, trial number)
  };

  // --- engine.cc: batches ---
  // Adds a transition to the batch; `done` is called with its outcome after the commit.
  void Plan(storage::Transition transition, std::function<void(const Outcome&)> done);
  absl::Status Commit();
  // Answers once everything of this step is committed.
  template <typename Response, typename Value>
  void Answer(const std::function<void(absl::StatusOr<Response>)>& reply, Value&& value) {
    replies_.push_back([reply, response = absl::StatusOr<Response>(std::forward<Value>(
                                   value))]() mutable { reply(std::move(response)); });
  }
  // Puts a command off to the next step, because what it concerns is in the batch.
  void Defer(Command command) { deferred_.push_back(std::move(command)); }
  void SendReplies();
  absl::Status Resynchronize();
  absl::Time Now() const { return base_time_ + (clock_->Elapsed() - base_elapsed_); }
  void TakeAnswers();

  // --- engine_searches.cc: commands about searches, and what follows by itself ---
  void Handle(Call<SubmitSearch, v1::Search> call);
  void Handle(Call<ChangeSearch, v1::Search> call);
  void Handle(Call<DeleteSearch, Nothing> call);
  void Handle(Call<EnqueueGenotypes, std::vector<int64_t>> call);
  void Handle(Call<ViewSearch, SearchView> call);
  void Handle(Call<ListWorkers, std::vector<v1::Worker>> call);
  void Handle(Call<storage::PutArtifact, Nothing> call);
  void Handle(Call<storage::PutDataset, Nothing> call);
  absl::StatusOr<std::unique_ptr<ActiveSearch>> MakeActive(storage::SearchRecord record,
                                                           std::shared_ptr<CandidateMaker> maker);
  void PlanSearch(ActiveSearch& search);
  void PlanTrials(ActiveSearch& search);
  void PlanTrial(ActiveSearch& search, PlannedTrial planned);
  void OnTrialAdded(ActiveSearch& search, const std::shared_ptr<Trial>& trial, bool joined,
                    const std::string& evaluator_version, const Outcome& outcome);
  void CountEnqueued(ActiveSearch& search, int64_t number);
  void PlanEnd(ActiveSearch& search);
  void PlanFinal(ActiveSearch& search);
  void PlanCancelReady(ActiveSearch& search, const std::shared_ptr<Trial>& trial);
  void ChangeState(ActiveSearch& search, v1::SearchState to, const std::string& reason);
  void EndOpenTrials(ActiveSearch& search);
  // A transition that should have been possible was not: the search ends as FAILED.
  void OnRefused(int64_t search_id, const absl::Status& status);
  // The search is taken out of memory at the end of the step.
  void Drop(int64_t search_id);
  void EraseSearch(int64_t id);
  void CheckLimits(ActiveSearch& search);
  bool MayPropose(const ActiveSearch& search) const;
  void AskStrategy(ActiveSearch& search);
  int Slots(ActiveSearch& search);

  // --- engine_sharing.cc: evaluations that several trials refer to ---
  std::string Scope(const ActiveSearch& search, const std::string& identity) const;
  void OnEvaluationEnded(ActiveSearch& search, const std::shared_ptr<Trial>& trial);
  // Gives a joined trial its result, or without one a task of its own.
  void Resolve(int64_t search_id, int64_t number,
               const std::optional<storage::EvaluationRecord>& evaluation);
  void RememberFinished(const std::string& scope, storage::EvaluationRecord evaluation);

  // --- engine_attempts.cc: commands of workers ---
  void Handle(Call<v1::RegisterRequest, v1::RegisterResponse> call);
  void Handle(Call<LeaseTask, LeaseGrant> call);
  void Handle(Call<v1::RenewRequest, v1::RenewResponse> call);
  void Handle(Call<v1::CompleteRequest, v1::CompleteResponse> call);
  void Handle(Call<v1::FailRequest, v1::FailResponse> call);
  void Handle(Call<v1::ReleaseRequest, v1::ReleaseResponse> call);
  void Handle(Call<v1::SetWeightsRequest, v1::SetWeightsResponse> call);
  // The task whose current attempt this is; null: there is none.
  Task* Current(int64_t worker_id, const v1::AttemptRef& attempt);
  // Checks what requests about an attempt have in common.
  absl::Status CheckAttempt(int64_t worker_id, const std::string& request_id,
                            const v1::AttemptRef& attempt);
  Task& AddTask(ActiveSearch& search, const std::shared_ptr<Trial>& trial, v1::TaskKind kind,
                int64_t id);
  void MatchLeases();
  Task* PickTask(const WorkerEntry& worker, int slot);
  bool MayRun(const Task& task, const WorkerEntry& worker, int slot);
  void Grant(Task& task, WaitingLease waiting);
  LeaseGrant GrantOf(const Task& task) const;
  void OnGranted(Task& task, const v1::LeaseRequest& request, absl::Time deadline);
  WaitingLease TakeWaiting(int64_t arrival);
  void StopWaiting(int64_t arrival, absl::StatusOr<LeaseGrant> answer);
  void ExpireWaiting();
  // How long the final stage waits for a winner's weights.
  absl::Duration WeightsWait() const { return options_.lease_duration + absl::Seconds(60); }
  bool WantsWeights(ActiveSearch& search, const Trial& trial);
  void Sweep();
  // Ends the running attempt: the task is leased again, or its trial is given up.
  void PlanReturn(Task& task, storage::ReturnAttempt::How how, bool charged,
                  v1::FailureKind failure, const std::string& error, const std::string& request_id,
                  const std::string& checkpoint, std::function<void(const Outcome&)> done);
  // Ends the task's attempt and the task.
  void PlanFinish(Task& task, storage::FinishAttempt finish,
                  std::function<void(const Outcome&)> done);
  void OnLeaseEnded(Task& task);
  void EndTask(Task& task);
  void EndTrial(ActiveSearch& search, const std::shared_ptr<Trial>& trial, v1::TrialState state,
                v1::FailureKind failure, const std::string& error);
  void TakeMeasurements(Trial& trial, const std::vector<v1::Measurement>& measurements);
  std::vector<storage::EventRecord> MeasuredEvents(Task& task,
                                                   const std::vector<v1::Measurement>& measurements,
                                                   int before_epoch);
  storage::EventRecord FinishedEvent(ActiveSearch& search, const Trial& trial, v1::TrialState state,
                                     v1::FailureKind failure, const Metrics& metrics, int epoch,
                                     double seconds);
  // Hands committed events to the strategy's queue.
  void Observe(ActiveSearch& search, Trial& trial, const std::vector<storage::EventRecord>& events);
  void ForgetOvertakenWeights(ActiveSearch& search);

  // --- engine_load.cc ---
  absl::Status LoadSearch(storage::SearchRecord record, const Surroundings& surroundings);
  absl::Status Replay(ActiveSearch& search);
  // Replay reads of each trial what strategies see; those that stay in memory are read whole.
  // `first_run`: the first trial that ran and ended, 0 without one.
  absl::Status CompleteKept(ActiveSearch& search, int64_t first_run);
  void TakeLoadedEvent(ActiveSearch& search, const std::shared_ptr<Trial>& trial,
                       storage::EventRecord event, bool observe);
  absl::Status LoadTasks(ActiveSearch& search);
  void ResolveLoaded();

  const EngineOptions options_;
  storage::TrialStore* const store_;
  const Clock* const clock_;
  Executor* const executor_;
  const std::shared_ptr<Mailbox<std::pair<int64_t, StrategyAnswer>>> mailbox_;

  int64_t term_ = 0;
  absl::Time base_time_;
  absl::Duration base_elapsed_;
  // Sweeps pause for a lease after a takeover, so that workers get the time to renew; what runs out
  // although it was renewed since is charged.
  absl::Duration sweep_from_;
  absl::Time charged_from_;

  std::map<int64_t, std::unique_ptr<ActiveSearch>> searches_;
  absl::flat_hash_map<int64_t, std::unique_ptr<Task>> tasks_;
  std::set<std::pair<absl::Time, int64_t>> deadlines_;  // of running attempts
  // Tasks whose search was cancelled while they ran, by id: their workers are told once more.
  std::map<int64_t, int> cancelled_tasks_;
  absl::flat_hash_map<std::string, SharedEvaluation> evaluations_;
  std::deque<std::string> finished_scopes_;
  WorkerTable workers_;
  std::map<int64_t, WaitingLease> waiting_;  // by arrival
  std::set<std::pair<absl::Duration, int64_t>> waiting_expiry_;
  std::map<std::pair<int64_t, int>, int64_t> waiting_slots_;  // (worker, slot) → arrival
  std::vector<int64_t> orphans_;                              // tasks of workers that started again
  int64_t arrivals_ = 0;
  int64_t served_ = 0;

  // The batch that is being built.
  std::vector<storage::Transition> transitions_;
  std::vector<std::function<void(const Outcome&)>> done_;
  std::vector<Command> deferred_;
  std::vector<std::function<void()>> replies_;
  struct Unresolved {
    int64_t search_id;
    int64_t number;
    std::optional<storage::EvaluationRecord> evaluation;
  };
  std::vector<Unresolved> unresolved_;  // joined trials without an id yet
  std::vector<int64_t> dropped_;        // searches that ended in this step
  // Why memory and store no longer agree; the engine has to be loaded again.
  absl::Status inconsistent_;
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_ENGINE_H_
