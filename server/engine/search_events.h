// The events of a search's log, as strategies observe them.

#ifndef NASCENT_SERVER_ENGINE_SEARCH_EVENTS_H_
#define NASCENT_SERVER_ENGINE_SEARCH_EVENTS_H_

#include <vector>

#include "server/engine/active_search.h"
#include "server/storage/records.h"

namespace nascent::engine {

// How a trial ends.
struct TrialEnd {
  v1::TrialState state = v1::TRIAL_STATE_UNSPECIFIED;
  v1::FailureKind failure = v1::FAILURE_KIND_UNSPECIFIED;
  Metrics metrics;
  int epoch = 0;
  double seconds = 0;  // for which its attempts held slots
};

// Both count the search's events up, so that what they make must be planned in the same step.

// Makes an event for each epoch before `before_epoch` of which the strategy was not told yet and
// that has a value which concerns it. None for final tests.
std::vector<storage::EventRecord> MeasuredEvents(const LiveTask& task,
                                                 const std::vector<v1::Measurement>& measurements,
                                                 int before_epoch);

storage::EventRecord FinishedEvent(ActiveSearch& search, const LiveTrial& trial, TrialEnd end);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_SEARCH_EVENTS_H_
