// Recipes with every default filled in.

#ifndef NASCENT_COMMON_RECIPE_RESOLVE_RECIPE_H_
#define NASCENT_COMMON_RECIPE_RESOLVE_RECIPE_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nascent/v1/recipe.pb.h"

namespace nascent::recipe {

// Sets every field that is not set to its default. Idempotent.
void FillDefaults(v1::Recipe& recipe);
void FillDefaults(v1::Optimizer& optimizer);

// INVALID_ARGUMENT with the path of the first field that is out of its range, which starts with
// `path`, what was found and what is allowed. Fields that are not set are not looked at.
absl::Status CheckRanges(const v1::Recipe& recipe, std::string_view path);

// The recipe with its defaults, where all fields are in their ranges.
absl::StatusOr<v1::Recipe> ResolveRecipe(v1::Recipe recipe, std::string_view path);

// The resolved recipe as an evaluation's identity names it: without the fields that hold the 0
// which is their default, those of optimizers excepted. So a field that is added with the default 0
// leaves the identities of earlier evaluations as they were.
v1::Recipe ForIdentity(v1::Recipe recipe);

}  // namespace nascent::recipe

#endif  // NASCENT_COMMON_RECIPE_RESOLVE_RECIPE_H_
