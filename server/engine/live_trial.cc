#include "server/engine/live_trial.h"

#include <utility>

namespace nascent::engine {

strategy::Event ToStrategyEvent(storage::EventRecord event, const LiveTrial& trial) {
  if (event.kind == storage::EventRecord::Kind::kMeasured) {
    return strategy::Measured{event.trial_number, event.epoch, std::move(event.metrics)};
  }
  strategy::Finished finished;
  finished.trial = event.trial_number;
  finished.state = event.state;
  finished.failure = event.failure;
  finished.metrics = std::move(event.metrics);
  finished.epochs = event.epoch;
  finished.seconds = event.seconds;
  finished.metrics.merge(trial.Costs());
  return finished;
}

Metrics LiveTrial::Costs() const {
  // A candidate that was built without its network has no costs, also not zero ones.
  return candidate != nullptr ? candidate->cost_values : CostValues(record.costs);
}

}  // namespace nascent::engine
