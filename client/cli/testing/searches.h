// Searches and trials for tests of what is shown of them.

#ifndef NASCENT_CLIENT_CLI_TESTING_SEARCHES_H_
#define NASCENT_CLIENT_CLI_TESTING_SEARCHES_H_

#include <string>
#include <vector>

#include "nascent/v1/search.pb.h"

namespace nascent::cli {

// Of MakeSearch.
v1::Trial MakeTrial(int64_t number, v1::TrialState state, double accuracy, double parameters);

// A search on the preset nas-bench-201.
v1::Search MakeSearch();

// A search on a template of one's own, with long names, two objectives and searched training
// values.
v1::Search MakeOwnSearch();

// Its trial: `options` are the numbers of its four options, in order.
v1::Trial MakeOwnTrial(int64_t number, const std::vector<int64_t>& options, int64_t depth,
                       double learning_rate, double accuracy, double parameters);

// Some trials of MakeOwnSearch with parents and reasons; the first of them lead the search.
std::vector<v1::Trial> MakeOwnTrials();

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_TESTING_SEARCHES_H_
