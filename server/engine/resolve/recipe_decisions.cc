#include "server/engine/resolve/recipe_decisions.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/data/dataset.h"
#include "common/field_error.h"
#include "common/recipe/resolve_recipe.h"
#include "common/recipe/set_recipe_field.h"
#include "common/recipe/table_recipe.h"
#include "common/status_macros.h"

namespace nascent::engine {
namespace {

// The values that say for all of the domain whether it fits: those of a list, the ends of a range.
std::vector<space::OptionValue> Extremes(const space::Domain& domain) {
  if (domain.kind == space::Domain::Kind::kInteger) {
    return {static_cast<int64_t>(domain.minimum), static_cast<int64_t>(domain.maximum)};
  }
  if (domain.kind == space::Domain::Kind::kReal) return {domain.minimum, domain.maximum};
  return domain.options;
}

// Chooses the kinds below which `path` stands, where they are decided: recipe.optimizer is adam for
// recipe.optimizer.adam.beta1.
absl::Status ChooseKinds(v1::Recipe& recipe, const std::string& path,
                         const space::DecisionSpace& decisions) {
  for (size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1)) {
    const std::string parent = path.substr(0, dot);
    if (!decisions.Find(parent).has_value()) continue;
    const std::string kind = path.substr(dot + 1, path.find('.', dot + 1) - dot - 1);
    NASCENT_RETURN_IF_ERROR(recipe::SetRecipeField(recipe, parent, kind));
  }
  return absl::OkStatus();
}

absl::Status CheckValue(const v1::SearchSpec& spec, const std::string& path,
                        const space::OptionValue& value, const space::DecisionSpace& decisions,
                        const v1::DataRef& data) {
  v1::Recipe recipe = spec.recipe();
  absl::Status status = ChooseKinds(recipe, path, decisions);
  if (status.ok()) status = recipe::SetRecipeField(recipe, path, value);
  if (status.ok()) status = recipe::ResolveRecipe(recipe, "recipe").status();
  if (status.ok() && data::IsTable(data.dataset())) {
    status = recipe::CheckFitsTable(recipe, "recipe");
  }
  if (status.ok()) {
    status = recipe::CheckLossFits(recipe, data::IsRegression(data.dataset()), "recipe");
  }
  if (!status.ok() || !spec.final().has_recipe()) return status;
  recipe.MergeFrom(spec.final().recipe());
  return recipe::ResolveRecipe(std::move(recipe), "final.recipe").status();
}

absl::Status CheckDecision(const v1::SearchSpec& spec, const space::Decision& decision,
                           const space::DecisionSpace& decisions, const v1::DataRef& data) {
  const std::string& path = decision.label;
  if (path == "recipe.epochs") {
    return FieldError(absl::StrCat("decisions.", path), "a field of the fidelity",
                      "other fields of the recipe; epochs have a ladder");
  }
  absl::Status status = recipe::CheckKind(path, decision.domain);
  for (const space::OptionValue& value : Extremes(decision.domain)) {
    if (status.ok()) status = CheckValue(spec, path, value, decisions, data);
  }
  if (status.ok()) return status;
  // The path stands once.
  std::string message(status.message());
  if (message.starts_with(path + ": ")) message = message.substr(path.size() + 2);
  return absl::InvalidArgumentError(absl::StrCat("decisions.", path, ": ", message));
}

}  // namespace

absl::Status CheckRecipeDecisions(const v1::SearchSpec& spec, const space::DecisionSpace& decisions,
                                  const v1::DataRef& data) {
  for (const space::Decision& decision : decisions.decisions()) {
    const bool by_search = spec.decisions().contains(decision.label);
    if (!by_search && !decision.label.starts_with("recipe.")) continue;
    NASCENT_RETURN_IF_ERROR(CheckDecision(spec, decision, decisions, data));
  }
  return absl::OkStatus();
}

}  // namespace nascent::engine
