// All that the engine knows: what is committed of searches that have not ended, who works for them,
// and what follows from the last commit.

#ifndef NASCENT_SERVER_ENGINE_MODEL_H_
#define NASCENT_SERVER_ENGINE_MODEL_H_

#include <cstdint>
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
#include "server/engine/active_search.h"
#include "server/engine/agenda.h"
#include "server/engine/engine_options.h"
#include "server/engine/evaluations.h"
#include "server/engine/ready_tasks.h"
#include "server/engine/store_clock.h"
#include "server/engine/worker_table.h"
#include "server/storage/transitions.h"
#include "server/storage/trial_store.h"

namespace nascent::engine {

// What has to be planned because of a commit.
struct FollowUps {
  std::vector<Resolution> resolutions;
  // Trials that are no winners any more and whose stored weights nobody needs.
  std::vector<std::shared_ptr<LiveTrial>> overtaken;
};

// What a committed transition changes in memory, the methods On say and nothing else does. Apply
// calls them for each transition of a commit, in order. Before the commit, commands and next steps
// mark what is on its way (`busy`, `changing`, the queue of a strategy, searches that are staged,
// dropped or to be woken) and note when a worker was seen; they leave the states of searches,
// trials and attempts alone. One On per transition makes this class as long as it is.
//
//     plan ──► store ──► Apply(transition, outcome) ──► answer
//                              │
//                              └──► FollowUps, Agenda: what is planned next
class Model {
 public:
  using Searches = std::map<int64_t, std::unique_ptr<ActiveSearch>>;
  using Deadlines = std::set<std::pair<absl::Time, int64_t>>;

  // Both outlive the model.
  Model(const EngineOptions& options, const StoreClock* clock);

  // Takes in what came of a transition. A refusal that should not have been possible ends the
  // search as FAILED, or makes the model inconsistent where the store must know something else.
  void Apply(const storage::Transition& transition, const storage::Outcome& outcome);
  void Follow(Resolution resolution) { follow_ups_.resolutions.push_back(std::move(resolution)); }
  FollowUps TakeFollowUps() { return std::exchange(follow_ups_, {}); }
  // Says why memory and store no longer agree, so that the engine has to be loaded again.
  const absl::Status& inconsistent() const { return inconsistent_; }

  // --- searches ---
  const Searches& searches() const { return searches_; }
  ActiveSearch* FindSearch(int64_t id) const;  // null: none that has not ended
  // Keeps a search until its CreateSearch is committed.
  void Stage(const std::string& request_id, std::unique_ptr<ActiveSearch> search);
  // Takes in a search that the store has.
  ActiveSearch& Adopt(int64_t id, std::unique_ptr<ActiveSearch> search);
  // Has the search taken out of memory at the end of the step.
  void Drop(int64_t search_id) { dropped_.push_back(search_id); }
  // Takes out what was dropped.
  std::vector<std::unique_ptr<ActiveSearch>> TakeDropped();
  // Takes a search out at once, with its tasks.
  std::unique_ptr<ActiveSearch> Remove(int64_t search_id);
  Agenda& agenda() { return agenda_; }

  // --- trials and tasks ---
  // Makes a trial known by its id: one that is open, or a winner that is to be tested.
  void Index(const LiveTrial& trial);
  std::shared_ptr<LiveTrial> FindTrial(int64_t trial_id) const;  // null: not indexed
  // Returns a trial that is shown as leading in its search; null: it is none.
  std::shared_ptr<LiveTrial> FindLeader(int64_t trial_id) const;
  LiveTask* FindTask(int64_t id) const;  // null: finished or unknown
  // Returns the task whose running attempt this is; null: there is none.
  LiveTask* FindRunning(int64_t worker_id, const v1::AttemptRef& attempt) const;
  LiveTask& AddTask(ActiveSearch& search, const std::shared_ptr<LiveTrial>& trial,
                    v1::TaskKind kind, int64_t id);
  // Marks a task as running, as its fields say.
  void StartLease(LiveTask& task);
  ReadyTasks& ready() { return ready_; }
  const Deadlines& deadlines() const { return deadlines_; }  // of running attempts

  // Remembers that the attempt ends because its search was cancelled: its worker is told once more.
  void NoteCancelled(const LiveTask& task) { cancelled_tasks_[task.id] = task.attempt; }
  bool WasCancelled(const v1::AttemptRef& attempt) const;

  // --- workers and evaluations ---
  WorkerTable& workers() { return workers_; }
  // Notes that a worker was heard of.
  void See(WorkerEntry& worker);
  // Takes the ids of tasks whose workers started again and know nothing of them.
  std::vector<int64_t> TakeOrphans() { return std::exchange(orphans_, {}); }
  void PutOrphan(int64_t task_id) { orphans_.push_back(task_id); }
  SharedEvaluations& evaluations() { return evaluations_; }
  // Returns the name of the trial's subject, with who may share it: the search or its project.
  static std::string ScopeOf(const ActiveSearch& search, const LiveTrial& trial);
  // Returns the only evaluator that could make the search's evaluations now; nullopt: there is
  // none, or several.
  std::optional<std::string> OnlyEvaluator(const ActiveSearch& search);

 private:
  using Outcome = storage::Outcome;

  void On(const storage::CreateSearch& t, const Outcome& o);
  void On(const storage::ChangeSearchState& t, const Outcome& o);
  void On(const storage::AddTrial& t, const Outcome& o);
  void On(const storage::ResolveJoined& t, const Outcome& o);
  void On(const storage::AddFinalTask& t, const Outcome& o);
  void On(const storage::RegisterWorker& t, const Outcome& o);
  void On(const storage::GrantLease& t, const Outcome& o);
  void On(const storage::RenewLease& t, const Outcome& o);
  void On(const storage::FinishAttempt& t, const Outcome& o);
  void On(const storage::ReturnAttempt& t, const Outcome& o);
  void On(const storage::EndTrial& t, const Outcome& o);
  void On(const storage::SetWeights& t, const Outcome& o);
  // Of these nothing is held here. A transition that is named neither above nor here does not
  // compile.
  void On(const storage::DeleteSearch&, const Outcome&) {}
  void On(const storage::PutSnapshot&, const Outcome&) {}
  void On(const storage::PutArtifact&, const Outcome&) {}
  void On(const storage::RemoveArtifact&, const Outcome&) {}
  void On(const storage::PutDataset&, const Outcome&) {}
  void On(const storage::RemoveDataset&, const Outcome&) {}

  // Returns the task of an attempt whose transition is committed, no longer busy; null where the
  // attempt is not the running one or the store refused.
  LiveTask* TakeEffect(const storage::AttemptId& attempt, const Outcome& o);
  void Refused(ActiveSearch& search, const absl::Status& status);
  // The task's trial does not make its evaluation, for now.
  void StopEvaluation(const LiveTask& task);
  void EndLease(LiveTask& task);
  // The task's attempt lacked something: the next one is not tried at once.
  void PutOff(LiveTask& task, const std::string& error);
  void EndTask(LiveTask& task);
  // Takes in that a trial has ended, as its record says.
  void OnEnded(ActiveSearch& search, const std::shared_ptr<LiveTrial>& trial);
  // Has the weights given up of those whose place it took.
  void NoteOvertaken(ActiveSearch& search);
  // The trial is not among the open ones of its subject any more: others that wait may get its
  // evaluation at once.
  void SettleSubject(const ActiveSearch& search, const LiveTrial& trial);

  const StoreClock& clock_;

  Searches searches_;
  absl::flat_hash_map<std::string, std::unique_ptr<ActiveSearch>> staged_;  // by request id
  Agenda agenda_;
  std::vector<int64_t> dropped_;

  absl::flat_hash_map<int64_t, TrialRef> trials_;  // by id
  absl::flat_hash_map<int64_t, std::unique_ptr<LiveTask>> tasks_;
  ReadyTasks ready_;
  Deadlines deadlines_;
  std::map<int64_t, int> cancelled_tasks_;  // by id: the attempt

  WorkerTable workers_;
  std::vector<int64_t> orphans_;
  SharedEvaluations evaluations_;

  FollowUps follow_ups_;
  absl::Status inconsistent_;
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_MODEL_H_
