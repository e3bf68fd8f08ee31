// Trials of a search, as commands look for them.

#ifndef NASCENT_CLIENT_CLI_SEARCH_TRIALS_H_
#define NASCENT_CLIENT_CLI_SEARCH_TRIALS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/nascent_client.h"

namespace nascent::cli {

struct SearchTrials {
  v1::Search search;
  std::vector<v1::Trial> trials;  // in the order of their numbers
};

// The search that `name` names, or the number in it, with its trials in `states`; empty: in any.
absl::StatusOr<SearchTrials> ReadSearchTrials(client::NascentClient& client,
                                              const std::string& name,
                                              const std::vector<v1::TrialState>& states = {});

// NOT_FOUND says how many there are.
absl::StatusOr<v1::Trial> FindTrial(client::NascentClient& client, const v1::Search& search,
                                    int64_t number);
// The same among trials that were read already.
absl::StatusOr<const v1::Trial*> FindTrial(const v1::Search& search,
                                           const std::vector<v1::Trial>& trials, int64_t number);

// A trial and all that it was made from, the youngest first. Empty: no such trial.
std::vector<const v1::Trial*> Ancestors(const std::vector<v1::Trial>& trials, int64_t number);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_SEARCH_TRIALS_H_
