// How attempts end, and the trials that end with them.

#ifndef NASCENT_SERVER_ENGINE_ATTEMPTS_H_
#define NASCENT_SERVER_ENGINE_ATTEMPTS_H_

#include <string>
#include <vector>

#include "server/engine/engine_parts.h"
#include "server/engine/search_events.h"

namespace nascent::engine {

// Plans the end of the task's running attempt and of the task.
void PlanFinish(EngineParts& parts, LiveTask& task, storage::FinishAttempt finish,
                Batch::Done done = nullptr);

// Plans the end of the task's running attempt: the task is leased again, or, after too many charged
// attempts, its trial is given up. `back` says all but which attempt.
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
