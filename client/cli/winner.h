// The result of a search that a command works on: its winner or another trial, and its weights.

#ifndef NASCENT_CLIENT_CLI_WINNER_H_
#define NASCENT_CLIENT_CLI_WINNER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/nascent_client.h"

namespace nascent::cli {

// The trial of this number; 0: the winner, with several objectives the best on the first one.
// NOT_FOUND says why there is none.
absl::StatusOr<v1::Trial> FindResult(client::NascentClient& client, const v1::Search& search,
                                     int64_t number);

// Writes a trial's stored weights to a file. NOT_FOUND names the trials that have some.
absl::Status FetchWeights(client::NascentClient& client, const v1::Search& search,
                          const v1::Trial& trial, const std::string& path);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_WINNER_H_
