#include "server/engine/search_events.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "server/storage/trial_life.h"

namespace nascent::engine {
namespace {

// What is only measured within an epoch tells a strategy nothing.
bool ConcernsStrategy(const v1::SearchSpec& spec, const std::string& metric) {
  const auto same = [&metric](const auto& goal) { return goal.metric() == metric; };
  return metric.starts_with("validation_") ||
         std::any_of(spec.objectives().begin(), spec.objectives().end(), same) ||
         std::any_of(spec.constraints().begin(), spec.constraints().end(), same);
}

}  // namespace

std::vector<storage::EventRecord> MeasuredEvents(const LiveTask& task,
                                                 const std::vector<v1::Measurement>& measurements,
                                                 int before_epoch) {
  std::vector<storage::EventRecord> events;
  if (!storage::DecidesTrial(task.kind)) return events;
  std::map<int, std::pair<Metrics, bool>> epochs;
  for (const v1::Measurement& m : measurements) {
    // An attempt that starts again repeats epochs of which the strategy was told.
    if (m.epoch() <= task.trial->last_epoch || m.epoch() >= before_epoch) continue;
    auto& [metrics, wanted] = epochs[m.epoch()];
    metrics[m.metric()] = m.value();
    wanted = wanted || ConcernsStrategy(task.search->spec(), m.metric());
  }
  for (auto& [epoch, values] : epochs) {
    if (!values.second) continue;
    storage::EventRecord& event = events.emplace_back();
    event.sequence = ++task.search->queue.last_event;
    event.kind = storage::EventRecord::Kind::kMeasured;
    event.trial_number = task.trial->record.number;
    event.epoch = epoch;
    event.metrics = std::move(values.first);
  }
  return events;
}

storage::EventRecord FinishedEvent(ActiveSearch& search, const LiveTrial& trial, TrialEnd end) {
  storage::EventRecord event;
  event.sequence = ++search.queue.last_event;
  event.kind = storage::EventRecord::Kind::kFinished;
  event.trial_number = trial.record.number;
  event.epoch = end.epoch;
  event.state = end.state;
  event.failure = end.failure;
  event.metrics = std::move(end.metrics);
  event.seconds = end.seconds;
  return event;
}

}  // namespace nascent::engine
