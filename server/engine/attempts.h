// How attempts end, and the trials that end with them.

#ifndef NASCENT_SERVER_ENGINE_ATTEMPTS_H_
#define NASCENT_SERVER_ENGINE_ATTEMPTS_H_

#include <string>
#include <vector>

#include "server/engine/engine_parts.h"
#include "server/engine/search_events.h"

namespace nascent::engine {

// Plans the end of the task's running attempt, and with it that of the task, as `finish` says, of
// which `attempt` is filled in.
void PlanFinish(EngineParts& parts, LiveTask& task, storage::FinishAttempt finish,
                Batch::Done done = nullptr);

// Plans the end of the task's running attempt as `back` says, of which `attempt` is filled in. The
// task can then be leased again. After EngineOptions::max_attempts attempts that are charged it is
// given up instead: a trial that was to be trained ends as FAILED (POISON), a final test ends
// alone.
void PlanReturn(EngineParts& parts, LiveTask& task, storage::ReturnAttempt back,
                Batch::Done done = nullptr);

// Plans the end of a trial that no worker has.
void PlanEndTrial(EngineParts& parts, ActiveSearch& search, const LiveTrial& trial,
                  const TrialEnd& end, const std::string& error);

// Plans the end of attempts whose lease ran out or whose worker started again. `sweep_from`: no
// lease runs out before that time of the clock's Elapsed, so that workers get the time to renew
// after a takeover; `charged_from`: what ran out before it is not charged.
void Sweep(EngineParts& parts, absl::Duration sweep_from, absl::Time charged_from);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_ATTEMPTS_H_
