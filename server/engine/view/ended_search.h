// Searches that have ended, read from the store.

#ifndef NASCENT_SERVER_ENGINE_VIEW_ENDED_SEARCH_H_
#define NASCENT_SERVER_ENGINE_VIEW_ENDED_SEARCH_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nascent/v1/search.pb.h"
#include "server/storage/records.h"
#include "server/storage/trial_store.h"

namespace nascent::engine {

// The search with its counts; `leaders`: also its best trials, for which every trial is read.
absl::StatusOr<v1::Search> ReadSearch(storage::TrialStore& store,
                                      const storage::SearchRecord& record, bool leaders);

// Adds the best trials and the hypervolume to what ReadSearch gave without them.
absl::Status AddLeaders(storage::TrialStore& store, v1::Search& search);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_VIEW_ENDED_SEARCH_H_
