// The rungs of a search: what part of the whole recipe and of the whole network a trial gets.

#ifndef NASCENT_SERVER_ENGINE_RESOLVE_FIDELITY_LADDER_H_
#define NASCENT_SERVER_ENGINE_RESOLVE_FIDELITY_LADDER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "nascent/v1/recipe.pb.h"
#include "nascent/v1/search.pb.h"
#include "nascent/v1/trial.pb.h"

namespace nascent::engine {

struct LadderRung {
  v1::Fidelity fidelity;  // only what differs from the whole recipe, and `rung`
  double epochs = 0;
  double share_of_full = 1;  // cost relative to the last rung: the product of all shares
};

// One rung per entry of `rungs` or of the lists, a single whole one without any. `recipe` is
// resolved, its resolution included.
// INVALID_ARGUMENT: both forms, lists of different lengths, entries out of range or that fall, a
// rung that is no larger than the one before it, a last rung that is not the whole recipe, a score
// that is unknown or not below all that trains, losers to send up that are too many or have no rung
// above.
absl::StatusOr<std::vector<LadderRung>> BuildLadder(const v1::FidelityLadder& ladder,
                                                    const v1::Recipe& recipe);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_RESOLVE_FIDELITY_LADDER_H_
