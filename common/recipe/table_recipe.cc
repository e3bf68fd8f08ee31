#include "common/recipe/table_recipe.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/field_error.h"

namespace nascent::recipe {

absl::Status CheckFitsTable(const v1::Recipe& recipe, std::string_view path) {
  const auto refuse = [&](const char* field, const auto& found, const char* allowed) {
    return FieldError(absl::StrCat(std::string(path), ".", field), found,
                      absl::StrCat(allowed, ", as the data are a table, no images"));
  };
  const v1::Augmentation& augmentation = recipe.augmentation();
  if (augmentation.flip()) return refuse("augmentation.flip", "true", "false");
  if (augmentation.crop_padding() != 0) {
    return refuse("augmentation.crop_padding", augmentation.crop_padding(), "0");
  }
  if (augmentation.cutout() != 0) return refuse("augmentation.cutout", augmentation.cutout(), "0");
  if (recipe.resolution() != 0) return refuse("resolution", recipe.resolution(), "0");
  if (recipe.loss() == v1::LOSS_PIXEL_CROSS_ENTROPY) {
    return refuse("loss", "pixel_cross_entropy", "cross_entropy");
  }
  return absl::OkStatus();
}

absl::Status CheckLossFits(const v1::Recipe& recipe, bool predicts_number, std::string_view path) {
  if ((recipe.loss() == v1::LOSS_SQUARED_ERROR) == predicts_number) return absl::OkStatus();
  const std::string field = absl::StrCat(std::string(path), ".loss");
  if (predicts_number) {
    return FieldError(field, "a loss for classes",
                      "squared_error (or nothing), as the data have a number to predict");
  }
  return FieldError(field, "squared_error",
                    "cross_entropy, pixel_cross_entropy, as the data have classes to predict");
}

}  // namespace nascent::recipe
