// Searches and trials as messages.

#ifndef NASCENT_SERVER_ENGINE_VIEW_VIEWS_H_
#define NASCENT_SERVER_ENGINE_VIEW_VIEWS_H_

#include <cstdint>
#include <map>

#include "absl/time/time.h"
#include "nascent/v1/search.pb.h"
#include "nascent/v1/trial.pb.h"
#include "server/engine/active_search.h"
#include "server/engine/commands.h"
#include "server/storage/records.h"

namespace nascent::engine {

v1::Trial ViewOf(const storage::TrialRecord& record);

// All that a search decides, in its space's order.
std::vector<v1::SearchDecision> DecisionsOf(const ResolvedSearch& search);

// Says how many trials are in which state, and how many of them count against the budget.
void SetCounts(const std::map<v1::TrialState, int64_t>& counts, int64_t scored,
               v1::SearchProgress& progress);

// Without progress and leaders.
v1::Search ViewOf(const storage::SearchRecord& record);

// With progress and leaders, as of `now`.
v1::Search ViewOf(const ActiveSearch& search, absl::Time now);

// Adds the trials that changed after `since_revision`, at most 1,000, the newest, ascending by
// number, and the progress of running ones.
void AddTrials(const ActiveSearch& search, int64_t since_revision, SearchView& view);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_VIEW_VIEWS_H_
