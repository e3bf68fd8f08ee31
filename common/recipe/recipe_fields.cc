#include "common/recipe/recipe_fields.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace nascent::recipe {
namespace {

double NesterovDefault(const v1::Recipe& recipe) {
  return recipe.optimizer().sgd().momentum() > 0 ? 1 : 0;
}
double Epochs(const v1::Recipe& recipe) { return recipe.epochs(); }

// clang-format off
constexpr RecipeField kFields[] = {
    {.path = "epochs", .default_value = 1, .minimum = 0, .maximum = 100'000},
    {.path = "batch", .default_value = 128, .minimum = 1, .maximum = 65'536},

    {.path = "optimizer.sgd.learning_rate", .default_value = 0.1, .maximum = 100, .above_minimum = true},
    {.path = "optimizer.sgd.momentum", .default_value = 0.9, .maximum = 1, .below_maximum = true},
    {.path = "optimizer.sgd.nesterov", .default_value = 1, .maximum = 1, .default_of = NesterovDefault},
    {.path = "optimizer.sgd.weight_decay", .default_value = 5e-4, .maximum = 1},

    {.path = "optimizer.adam.learning_rate", .default_value = 1e-3, .maximum = 100, .above_minimum = true},
    {.path = "optimizer.adam.beta1", .default_value = 0.9, .maximum = 1, .below_maximum = true},
    {.path = "optimizer.adam.beta2", .default_value = 0.999, .maximum = 1, .below_maximum = true},
    {.path = "optimizer.adam.epsilon", .default_value = 1e-8, .maximum = 1, .above_minimum = true},
    {.path = "optimizer.adam.weight_decay", .default_value = 0, .maximum = 1},

    {.path = "optimizer.adamw.learning_rate", .default_value = 1e-3, .maximum = 100, .above_minimum = true},
    {.path = "optimizer.adamw.beta1", .default_value = 0.9, .maximum = 1, .below_maximum = true},
    {.path = "optimizer.adamw.beta2", .default_value = 0.999, .maximum = 1, .below_maximum = true},
    {.path = "optimizer.adamw.epsilon", .default_value = 1e-8, .maximum = 1, .above_minimum = true},
    {.path = "optimizer.adamw.weight_decay", .default_value = 0.01, .maximum = 1},

    {.path = "optimizer.rmsprop.learning_rate", .default_value = 0.01, .maximum = 100, .above_minimum = true},
    {.path = "optimizer.rmsprop.momentum", .default_value = 0.9, .maximum = 1, .below_maximum = true},
    {.path = "optimizer.rmsprop.decay", .default_value = 0.9, .maximum = 1, .below_maximum = true},
    {.path = "optimizer.rmsprop.epsilon", .default_value = 1e-8, .maximum = 10, .above_minimum = true},
    {.path = "optimizer.rmsprop.weight_decay", .default_value = 0, .maximum = 1},

    {.path = "schedule.cosine.final_factor", .default_value = 0, .maximum = 1},
    {.path = "schedule.step.every_epochs", .default_value = 30, .minimum = 1},
    {.path = "schedule.step.factor", .default_value = 0.1, .maximum = 1, .above_minimum = true},
    {.path = "schedule.warmup_epochs", .default_value = 0, .maximum_of = Epochs, .maximum_name = "epochs"},
    {.path = "schedule.by_step", .default_value = 0, .maximum = 1},

    {.path = "augmentation.flip", .default_value = 0, .maximum = 1},
    {.path = "augmentation.crop_padding", .default_value = 0, .maximum = 64},
    {.path = "augmentation.cutout", .default_value = 0, .maximum = 4096},

    {.path = "label_smoothing", .default_value = 0, .maximum = 1, .below_maximum = true},
    {.path = "gradient_clip", .default_value = 0},
    {.path = "drop_path", .default_value = 0, .maximum = 1, .below_maximum = true},
    {.path = "auxiliary_weight", .default_value = 0, .maximum = 10},
    {.path = "resolution", .default_value = 0, .maximum = 4096},
    {.path = "seed", .default_value = 0},
    {.path = "precision", .default_value = v1::PRECISION_AUTO, .maximum = v1::Precision_MAX},
    {.path = "loss", .default_value = v1::LOSS_CROSS_ENTROPY, .maximum = v1::Loss_MAX},
};
// clang-format on

double Maximum(const RecipeField& field, const v1::Recipe& recipe) {
  return field.maximum_of == nullptr ? field.maximum : field.maximum_of(recipe);
}

}  // namespace

std::span<const RecipeField> RecipeFields() { return kFields; }

std::string RangeText(const RecipeField& field, const v1::Recipe& recipe) {
  const std::string minimum = absl::StrFormat("%.12g", field.minimum);
  const std::string maximum = absl::StrFormat("%.12g", Maximum(field, recipe));
  if (field.maximum_of != nullptr) {
    const std::string name(field.maximum_name);
    return absl::StrCat("[", minimum, ", ", name, "], ", name, " is ", maximum);
  }
  if (field.maximum == kNoLimit) return absl::StrCat("at least ", minimum);
  return absl::StrCat(field.above_minimum ? "(" : "[", minimum, ", ", maximum,
                      field.below_maximum ? ")" : "]");
}

// Written so that NaN is in no range.
bool IsInRange(const RecipeField& field, const v1::Recipe& recipe, double value) {
  const double maximum = Maximum(field, recipe);
  const bool low = field.above_minimum ? value > field.minimum : value >= field.minimum;
  const bool high = field.below_maximum ? value < maximum : value <= maximum;
  return low && high && value < kNoLimit;
}

}  // namespace nascent::recipe
