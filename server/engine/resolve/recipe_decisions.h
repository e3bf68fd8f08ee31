// Whether the recipe can hold what a search decides of it.

#ifndef NASCENT_SERVER_ENGINE_RESOLVE_RECIPE_DECISIONS_H_
#define NASCENT_SERVER_ENGINE_RESOLVE_RECIPE_DECISIONS_H_

#include "absl/status/status.h"
#include "common/space/decisions/decision_space.h"
#include "nascent/v1/data.pb.h"
#include "nascent/v1/search.pb.h"

namespace nascent::engine {

// Looks at each of `decisions` whose label is the path of a recipe's field, whether the search file
// or the template names it: INVALID_ARGUMENT "decisions.PATH: …" where there is no such field,
// where it belongs to a kind of optimizer or schedule that the recipe does not have and nothing
// decides, or where one of its values is not allowed in the recipe, or in that of the final
// training, or does not fit `data`. Of ranges both ends are tried. The recipe of
// `spec` is resolved.
absl::Status CheckRecipeDecisions(const v1::SearchSpec& spec, const space::DecisionSpace& decisions,
                                  const v1::DataRef& data);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_RESOLVE_RECIPE_DECISIONS_H_
