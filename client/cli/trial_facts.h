// One trial with everything that is known of it.

#ifndef NASCENT_CLIENT_CLI_TRIAL_FACTS_H_
#define NASCENT_CLIENT_CLI_TRIAL_FACTS_H_

#include "client/cli/fact_list.h"
#include "nascent/v1/search.pb.h"
#include "nascent/v1/trial.pb.h"

namespace nascent::cli {

// Number, architecture, what was searched of the recipe, objectives, accuracies, size, time.
FactList TrialFacts(const v1::Search& search, const v1::Trial& trial);

// How it went: state, error, worker, attempt, why it was proposed, times. What is not known is left
// out.
FactList TrialHistory(const v1::Trial& trial);

// All metrics that the other two do not name.
FactList OtherMetrics(const v1::Search& search, const v1::Trial& trial);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_TRIAL_FACTS_H_
