// Fields of a recipe by path, for recipes that are searched.

#ifndef NASCENT_COMMON_RECIPE_SET_RECIPE_FIELD_H_
#define NASCENT_COMMON_RECIPE_SET_RECIPE_FIELD_H_

#include <string_view>

#include "absl/status/status.h"
#include "common/space/decisions/domain.h"
#include "nascent/v1/recipe.pb.h"

namespace nascent::recipe {

// Sets the field that `path` names, such as "recipe.optimizer.sgd.learning_rate". A field with
// several kinds takes the name of one: "recipe.optimizer" takes adam, which then has what was set
// for adam before, or nothing. INVALID_ARGUMENT "PATH: …": no such field, one that holds fields and
// has no kinds, a value of another type, or a field of a kind that the recipe does not have.
absl::Status SetRecipeField(v1::Recipe& recipe, std::string_view path,
                            const space::OptionValue& value);

// INVALID_ARGUMENT where values of `domain` cannot be what the field holds, such as real numbers
// where it takes whole ones. The values themselves are not looked at.
absl::Status CheckKind(std::string_view path, const space::Domain& domain);

}  // namespace nascent::recipe

#endif  // NASCENT_COMMON_RECIPE_SET_RECIPE_FIELD_H_
