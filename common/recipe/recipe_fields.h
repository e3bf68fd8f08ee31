// The fields of a recipe with their ranges and defaults, in one table. What the coordinator checks,
// what a worker takes for a field that is not set and what docs/search-file.md says follow from it.

#ifndef NASCENT_COMMON_RECIPE_RECIPE_FIELDS_H_
#define NASCENT_COMMON_RECIPE_RECIPE_FIELDS_H_

#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "nascent/v1/recipe.pb.h"

namespace nascent::recipe {

inline constexpr double kNoLimit = std::numeric_limits<double>::infinity();

// A field that holds a number, a flag (0 or 1) or a name of an enumeration (its number).
struct RecipeField {
  // Where it stands below the recipe: "optimizer.sgd.learning_rate".
  std::string_view path;
  double default_value = 0;
  double minimum = 0;
  double maximum = kNoLimit;
  bool above_minimum = false;  // the minimum itself is not allowed
  bool below_maximum = false;  // nor the maximum
  // Where the default or the maximum depends on other fields; null: it does not. They get a recipe
  // in which the fields that stand before this one are set.
  double (*default_of)(const v1::Recipe&) = nullptr;
  double (*maximum_of)(const v1::Recipe&) = nullptr;
  std::string_view maximum_name = {};  // what the maximum is, for errors: "epochs"
};

// A field stands after those that its default or maximum depends on.
std::span<const RecipeField> RecipeFields();

// The range as errors write it: "(0, 100]", "at least 1", "[0, epochs], epochs is 3".
std::string RangeText(const RecipeField& field, const v1::Recipe& recipe);
bool IsInRange(const RecipeField& field, const v1::Recipe& recipe, double value);

}  // namespace nascent::recipe

#endif  // NASCENT_COMMON_RECIPE_RECIPE_FIELDS_H_
