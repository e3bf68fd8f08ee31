// Defaults and ranges of a recipe, and its fields by path.

#ifndef NASCENT_SERVER_ENGINE_RESOLVE_RECIPE_RULES_H_
#define NASCENT_SERVER_ENGINE_RESOLVE_RECIPE_RULES_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/space/decisions/decision_space.h"
#include "nascent/v1/recipe.pb.h"

namespace nascent::engine {

// The recipe with every default of proto/nascent/v1/recipe.proto filled in. INVALID_ARGUMENT with
// the field's path, which starts with `path`, what was found and what is allowed. Idempotent.
absl::StatusOr<v1::Recipe> ResolveRecipe(v1::Recipe recipe, std::string_view path);

// Sets the field that `path` names, e.g. "recipe.optimizer.sgd.learning_rate". INVALID_ARGUMENT: no
// such field, a message, a value of another type, or a member of a oneof of which another is set.
absl::Status SetRecipeField(v1::Recipe& recipe, std::string_view path,
                            const space::OptionValue& value);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_RESOLVE_RECIPE_RULES_H_
