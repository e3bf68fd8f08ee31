// Objectives and constraints of a search that is submitted.

#ifndef NASCENT_SERVER_ENGINE_RESOLVE_RESOLVE_GOALS_H_
#define NASCENT_SERVER_ENGINE_RESOLVE_RESOLVE_GOALS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/space/cost_bound.h"
#include "nascent/v1/search.pb.h"
#include "server/engine/resolve/resolve_search.h"

namespace nascent::engine {

// Fills in the objective that is not named and checks them all; puts constraints on costs into
// `bounds`, and into `warnings` what only some workers measure. INVALID_ARGUMENT with the field's
// path.
absl::Status ResolveGoals(v1::SearchSpec& spec, const Surroundings& surroundings,
                          std::vector<space::CostBound>& bounds,
                          std::vector<std::string>& warnings);

// Checks that all goals are known without training, for searches that train nothing.
absl::Status CheckUntrained(const v1::SearchSpec& spec);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_RESOLVE_RESOLVE_GOALS_H_
