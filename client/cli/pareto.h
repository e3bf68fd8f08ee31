// Which trials no other one beats.

#ifndef NASCENT_CLIENT_CLI_PARETO_H_
#define NASCENT_CLIENT_CLI_PARETO_H_

#include <vector>

#include "nascent/v1/search.pb.h"
#include "nascent/v1/trial.pb.h"

namespace nascent::cli {

// Whether the trial has a result within all constraints.
bool IsFeasible(const v1::Trial& trial, const v1::SearchSpec& spec);

// The feasible trials with a result that no other such trial is at least as good as in every
// objective and better in one; by the first objective, best first.
std::vector<const v1::Trial*> ParetoFront(const std::vector<v1::Trial>& trials,
                                          const v1::SearchSpec& spec);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_PARETO_H_
