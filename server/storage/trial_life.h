// The life of a trial, and the rules of its transitions.
//
//            AddTrial                                  AddTrial of a finished evaluation
//               │                                                     │
//               ▼     ResolveJoined: a twin's result                  ▼
//             READY ──────────────────────────────────────────────► SHARED
//             ▲   │ └───────────────► FAILED | CANCELLED
//             │   │  EndTrial: impossible, poison, its search ends
//             │   │ GrantLease
//             │   ▼
//             LEASED ───────────────► SUCCEEDED | STOPPED | FAILED | CANCELLED
//      ReturnAttempt   FinishAttempt
//
// The table `trials` keeps READY while an attempt runs; LEASED is what records and views make of
// its task. A trial that is READY waits for a worker: its train task can be leased. Which
// evaluation it is depends on the evaluator of the worker that gets it, and is settled by
// GrantLease; where that evaluation is finished already, ResolveJoined brings it instead. A trial
// of which no network can be made is added as `joined`: it has no task. ReturnAttempt is for
// attempts that expired, crashed or were released: they end, and the trial does not. RenewLease
// brings measurements and changes no state. A trial that has ended with a result (SUCCEEDED,
// STOPPED, SHARED) may get final tests: tasks that leave its state alone; its weights come with
// SetWeights.
//
// The in-memory store and the engine's model carry these functions out; what the SQL of the
// PostgreSQL store does is held to the same by trial_store_conformance.

#ifndef NASCENT_SERVER_STORAGE_TRIAL_LIFE_H_
#define NASCENT_SERVER_STORAGE_TRIAL_LIFE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/storage/records.h"
#include "server/storage/transitions.h"

namespace nascent::storage {

// Whether the trial's state follows that of such a task: it is leased, measured and ended with it.
bool DecidesTrial(v1::TaskKind kind);

// --- what a transition makes of a trial; each presumes that it was not refused ---

// A worker got the train task. The last values of a trial are those of its last attempt, so that
// the ones before are dropped.
void Lease(TrialRecord& trial, int attempt, const std::string& worker);
// The attempt ended and the trial did not.
void Return(TrialRecord& trial);
void End(TrialRecord& trial, v1::TrialState state, v1::FailureKind failure,
         const std::string& error, absl::Time now);
// Its result is this evaluation of its own making.
void MadeBy(TrialRecord& trial, const std::string& evaluator, const std::string& identity);
// It gets the result of a finished evaluation.
void Share(TrialRecord& trial, const EvaluationRecord& evaluation, absl::Time now);
// Takes over the last value of each metric.
void AddMeasurements(TrialRecord& trial, const std::vector<v1::Measurement>& measurements);

// --- why a transition can't be carried out; OK: it can ---

absl::Status RefuseLease(const TaskRecord& task, bool finished, int attempt);
absl::Status RefuseResolve(const TrialRecord& trial, const ResolveJoined& resolve);
absl::Status RefuseEnd(const TrialRecord& trial);
absl::Status RefuseFinalTask(const TrialRecord& trial);
// `task_id` is that of its train task, for the message.
absl::Status RefuseWeights(const TrialRecord& trial, int64_t task_id, const SetWeights& weights);

// --- what a trial is ---

// SUCCEEDED, FAILED, STOPPED, CANCELLED or SHARED.
bool HasEnded(v1::TrialState state);
// Returns whether it ended with a result: SUCCEEDED, STOPPED or SHARED.
bool HasResult(v1::TrialState state);
// Returns whether it ended with a result that is no failure, as that of a SHARED trial may be.
bool HasGoodResult(const TrialRecord& trial);
// Returns whether a budget of trials counts one that trains: it ended, and was not CANCELLED.
bool CountsForBudget(v1::TrialState state);
// Returns how many it counts of so many trials in each state.
int64_t CountForBudget(const std::map<v1::TrialState, int64_t>& counts);
// Returns whether the trial is judged by a score without training, which no budget of trials
// counts.
bool ExemptFromBudget(const TrialRecord& trial);
// Returns whether the end of its own training is an evaluation that other trials may use.
bool MakesEvaluation(v1::TrialState state, v1::FailureKind failure);
// Returns that evaluation.
EvaluationRecord EvaluationOf(const TrialRecord& trial);

}  // namespace nascent::storage

#endif  // NASCENT_SERVER_STORAGE_TRIAL_LIFE_H_
