// What SearchService reads from the store.

#ifndef NASCENT_SERVER_RPC_SEARCH_READS_H_
#define NASCENT_SERVER_RPC_SEARCH_READS_H_

#include "absl/status/statusor.h"
#include "nascent/v1/search_service.pb.h"
#include "server/storage/trial_store.h"

namespace nascent::rpc {

// NOT_FOUND: there is none; INVALID_ARGUMENT: neither id nor name.
absl::StatusOr<storage::SearchRecord> FindSearch(storage::TrialStore& store,
                                                 const v1::SearchRef& search);

// Pages end early where the message would become too large.
absl::StatusOr<v1::ListTrialsResponse> ListTrials(storage::TrialStore& store,
                                                  const v1::ListTrialsRequest& request);

absl::StatusOr<v1::ListMeasurementsResponse> ListMeasurements(
    storage::TrialStore& store, const v1::ListMeasurementsRequest& request);

}  // namespace nascent::rpc

#endif  // NASCENT_SERVER_RPC_SEARCH_READS_H_
