// What follows by itself: proposals, new trials, the final stage, the end.

#ifndef NASCENT_SERVER_ENGINE_NEXT_STEPS_H_
#define NASCENT_SERVER_ENGINE_NEXT_STEPS_H_

#include "server/engine/engine_parts.h"

namespace nascent::engine {

// Takes in what strategies answered since the last call.
void TakeAnswers(EngineParts& parts);

// Plans what the search needs next, by its state: its proposals become trials, its end or its final
// tests are planned, and once it was cancelled what is open ends. Also notes when its limits are
// due.
void PlanSearch(EngineParts& parts, ActiveSearch& search);

// Plans what the last commit brought about; to be called after each.
void PlanFollowUps(EngineParts& parts);

// Plans that a trial which no worker has gets the result of a finished evaluation.
void PlanShare(EngineParts& parts, ActiveSearch& search, const LiveTrial& trial,
               const storage::EvaluationRecord& evaluation);

// Gives the strategy the events that were committed and asks it for as many proposals as there is
// room for. The answer comes by the mailbox.
void AskStrategy(EngineParts& parts, ActiveSearch& search);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_NEXT_STEPS_H_
