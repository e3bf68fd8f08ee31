#include "server/engine/attempts.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/engine/worker_requests.h"
#include "server/storage/trial_life.h"

namespace nascent::engine {
namespace {

// Returns the seconds for which attempts of the task's trial held slots, the running one included.
double SecondsOf(const EngineParts& parts, const LiveTask& task) {
  return task.trial->seconds + absl::ToDoubleSeconds(parts.clock.Now() - task.leased_at);
}

Metrics MetricsWith(const LiveTrial& trial, const std::vector<v1::Measurement>& measurements) {
  Metrics metrics = trial.record.metrics;
  for (const v1::Measurement& m : measurements) metrics[m.metric()] = m.value();
  return metrics;
}

}  // namespace

void PlanFinish(EngineParts& parts, LiveTask& task, storage::FinishAttempt finish,
                Batch::Done done) {
  task.busy = true;
  finish.attempt = {task.id, task.attempt};
  if (storage::DecidesTrial(task.kind) && finish.state != v1::TRIAL_STATE_CANCELLED) {
    const int epoch = std::max(LastEpoch(finish.measurements), task.trial->last_epoch);
    finish.events = MeasuredEvents(task, finish.measurements, epoch);
    finish.events.push_back(
        FinishedEvent(*task.search, *task.trial,
                      {finish.state, finish.failure, MetricsWith(*task.trial, finish.measurements),
                       epoch, SecondsOf(parts, task)}));
  }
  parts.batch.Plan(std::move(finish), std::move(done));
}

void PlanReturn(EngineParts& parts, LiveTask& task, storage::ReturnAttempt back, Batch::Done done) {
  const bool give_up = back.charged && task.charged + 1 >= parts.options.max_attempts;
  const std::string verdict =
      absl::StrCat(parts.options.max_attempts, " attempts failed, the last: ", back.error);
  if (give_up && !storage::DecidesTrial(task.kind)) {
    storage::FinishAttempt finish;
    finish.request_id = back.request_id;
    finish.state = v1::TRIAL_STATE_FAILED;
    finish.failure = v1::FAILURE_KIND_POISON;
    finish.error = verdict;
    finish.measurements = std::move(back.measurements);
    return PlanFinish(parts, task, std::move(finish), std::move(done));
  }
  task.busy = true;
  back.attempt = {task.id, task.attempt};
  const TrialEnd end = {
      v1::TRIAL_STATE_FAILED, v1::FAILURE_KIND_POISON, MetricsWith(*task.trial, back.measurements),
      std::max(LastEpoch(back.measurements), task.trial->last_epoch), SecondsOf(parts, task)};
  parts.batch.Plan(std::move(back), std::move(done));
  if (give_up) PlanEndTrial(parts, *task.search, *task.trial, end, verdict);
}

void PlanEndTrial(EngineParts& parts, ActiveSearch& search, const LiveTrial& trial,
                  const TrialEnd& end, const std::string& error) {
  storage::EndTrial transition;
  transition.trial_id = trial.record.id;
  transition.state = end.state;
  transition.failure = end.failure;
  transition.error = error;
  // What is cancelled tells a strategy nothing.
  if (end.state != v1::TRIAL_STATE_CANCELLED) {
    transition.events.push_back(FinishedEvent(search, trial, end));
  }
  parts.batch.Plan(std::move(transition));
}

void Sweep(EngineParts& parts, absl::Duration sweep_from, absl::Time charged_from) {
  Model& model = parts.model;
  storage::ReturnAttempt back;
  back.failure = v1::FAILURE_KIND_CRASHED;
  for (const int64_t id : model.TakeOrphans()) {
    LiveTask* task = model.FindTask(id);
    if (task == nullptr || !task->leased) continue;
    if (task->busy) {
      model.PutOrphan(id);
      continue;
    }
    back.how = storage::ReturnAttempt::How::kCrashed;
    back.charged = true;
    back.error = "the worker started again";
    PlanReturn(parts, *task, back);
  }
  const Model::Deadlines& deadlines = model.deadlines();
  if (parts.clock.Elapsed() < sweep_from) return;
  if (deadlines.empty() || deadlines.begin()->first > parts.clock.Now()) return;
  // The store's clock has the last word; without it nobody loses a lease.
  if (!parts.clock.Synchronize().ok()) return;
  const absl::Time now = parts.clock.Now();
  for (const auto& [deadline, id] : deadlines) {
    if (deadline > now) break;
    LiveTask& task = *model.FindTask(id);
    if (task.busy) continue;
    back.how = storage::ReturnAttempt::How::kExpired;
    // A lease of before the outage that nobody renewed since may have been lost by it.
    back.charged = task.deadline >= charged_from;
    back.error = "the lease ran out";
    PlanReturn(parts, task, back);
  }
}

}  // namespace nascent::engine
