// From a search as its user wrote it to one with every default filled in, or an error about a
// field.

#ifndef NASCENT_SERVER_ENGINE_RESOLVE_RESOLVE_SEARCH_H_
#define NASCENT_SERVER_ENGINE_RESOLVE_RESOLVE_SEARCH_H_

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/space/cost_bound.h"
#include "common/space/space.h"
#include "nascent/v1/data.pb.h"
#include "nascent/v1/search.pb.h"
#include "nascent/v1/trial.pb.h"
#include "server/strategy/strategy.h"

namespace nascent::engine {

// One rung of the fidelity ladder: what a trial on it is given.
struct RungPlan {
  v1::Fidelity fidelity;                      // empty but for `rung` where the recipe is whole
  std::shared_ptr<const space::Space> space;  // with the rung's constants and input
  strategy::Rung rung;
  // Scores without training that a trial on it measures, sorted: the rung's own and those that the
  // search's goals name.
  std::vector<std::string> scores;
  // False: the trial ends with its scores.
  bool trains = true;
};

struct ResolvedSearch {
  v1::SearchSpec spec;
  v1::DataRef data;
  std::shared_ptr<const space::Space> space;  // of the last rung
  std::vector<RungPlan> rungs;                // at least one
  // Whether a rung may continue from the checkpoint of a lower one: only the epochs differ.
  bool rungs_continue = false;
  std::vector<space::CostBound> cost_bounds;  // the constraints on costs
  std::string space_size;                     // empty: infinite or not counted
  std::vector<std::string> warnings;
};

// What the service knows when a search is submitted.
struct Surroundings {
  std::vector<v1::Dataset> datasets;
  // Metrics that registered workers declare beyond those of the task kinds.
  std::set<std::string> worker_metrics;
  // False: a search without data is bound to images [3, 32, 32] of 10 classes, and any metric is
  // accepted, for simulations.
  bool require_data = true;
  // False: no network is tried out, neither for remarks nor to see that there is one.
  bool advise = true;
  // True: the search was accepted before, perhaps by an older version, and is taken up again. What
  // only newer versions refuse does not end it; its trials that cannot be trained fail.
  bool accepted_before = false;
};

// INVALID_ARGUMENT with the field path, what was found and what is allowed; FAILED_PRECONDITION:
// the data set is not registered. Idempotent: a resolved search resolves to itself.
absl::StatusOr<ResolvedSearch> ResolveSearch(const v1::SearchSpec& spec,
                                             const Surroundings& surroundings);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_RESOLVE_RESOLVE_SEARCH_H_
