// Which recipes fit which data: what is done with images cannot be done with rows, and numbers are
// not predicted as classes are.

#ifndef NASCENT_COMMON_RECIPE_TABLE_RECIPE_H_
#define NASCENT_COMMON_RECIPE_TABLE_RECIPE_H_

#include <string_view>

#include "absl/status/status.h"
#include "nascent/v1/recipe.pb.h"

namespace nascent::recipe {

// INVALID_ARGUMENT with the path of the first field that only images have, which starts with
// `path`.
absl::Status CheckFitsTable(const v1::Recipe& recipe, std::string_view path);

// INVALID_ARGUMENT where the squared error is to be learned and no number is to be predicted, or
// the other way round.
absl::Status CheckLossFits(const v1::Recipe& recipe, bool predicts_number, std::string_view path);

}  // namespace nascent::recipe

#endif  // NASCENT_COMMON_RECIPE_TABLE_RECIPE_H_
