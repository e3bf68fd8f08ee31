#include "server/engine/resolve/space_options.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/field_error.h"
#include "common/sha256.h"
#include "common/space/decisions/genotype_proto.h"
#include "common/space/presets.h"
#include "common/status_macros.h"
#include "server/engine/resolve/shared_spaces.h"
#include "server/engine/resolve/stable_bytes.h"

namespace nascent::engine {
namespace {

using google::protobuf::Value;

// Doubles beyond this do not hold every whole number.
constexpr double kLargestWhole = 9007199254740992.0;

bool IsWhole(double number) {
  return number == std::floor(number) && std::abs(number) <= kLargestWhole;
}

// A share of a constant, at least 1 where the constant is.
absl::StatusOr<space::Constant> Scale(const space::Constant& constant, double factor,
                                      const std::string& path) {
  const auto scale = [factor](int64_t value) {
    const auto scaled = static_cast<int64_t>(std::llround(static_cast<double>(value) * factor));
    return value > 0 ? std::max<int64_t>(scaled, 1) : scaled;
  };
  if (const auto* integer = std::get_if<int64_t>(&constant)) return scale(*integer);
  if (const auto* real = std::get_if<double>(&constant)) return *real * factor;
  if (const auto* list = std::get_if<std::vector<int64_t>>(&constant)) {
    std::vector<int64_t> scaled = *list;
    for (int64_t& value : scaled) value = scale(value);
    return scaled;
  }
  return FieldError(path, "a constant that is no number", "constants that are numbers");
}

// The template's own value of a constant.
absl::StatusOr<space::Constant> DefaultConstant(const std::string& text,
                                                const std::string& file_name,
                                                const space::SpaceOptions& options,
                                                const std::string& name) {
  auto space = space::Space::Parse(text, file_name, options);
  if (!space.ok()) return space.status();
  std::string names;
  for (const space::ConstantInfo& constant : (*space)->constants()) {
    if (constant.name == name) return constant.value;
    absl::StrAppend(&names, names.empty() ? "" : ", ", constant.name);
  }
  return FieldError("fidelities.constants", absl::StrCat("\"", name, "\""), names);
}

}  // namespace

absl::StatusOr<space::Constant> ToConstant(const Value& value, const std::string& path) {
  switch (value.kind_case()) {
    case Value::kNumberValue:
      if (IsWhole(value.number_value())) return static_cast<int64_t>(value.number_value());
      if (std::isfinite(value.number_value())) return value.number_value();
      return FieldError(path, value.number_value(), "a finite number");
    case Value::kBoolValue:
      return value.bool_value();
    case Value::kStringValue:
      return value.string_value();
    case Value::kListValue: {
      std::vector<int64_t> list;
      for (const Value& item : value.list_value().values()) {
        if (item.kind_case() != Value::kNumberValue || !IsWhole(item.number_value())) {
          return FieldError(path, "a list with something else", "lists of whole numbers");
        }
        list.push_back(static_cast<int64_t>(item.number_value()));
      }
      return list;
    }
    default:
      return FieldError(path, "nothing or a mapping",
                        "a number, true or false, a text or a list of whole numbers");
  }
}

namespace {

bool HasTrainingParts(const v1::SearchSpec& spec) {
  return spec.recipe().auxiliary_weight() > 0 ||
         spec.decisions().contains("recipe.auxiliary_weight");
}

// All that ParseSpace looks at.
std::string KeyOf(const v1::SearchSpec& spec, const v1::Shape& input, int64_t classes,
                  const v1::Fidelity& fidelity, space::OutputRule output) {
  v1::SearchSpec part;
  *part.mutable_space() = spec.space();
  *part.mutable_decisions() = spec.decisions();
  v1::Fidelity rung = fidelity;
  rung.clear_rung();
  Sha256 hash;
  for (const std::string& bytes :
       {StableBytes(part), StableBytes(rung), StableBytes(input),
        absl::StrCat(classes, "/", static_cast<int>(output), "/", spec.recipe().resolution(), "/",
                     static_cast<int>(HasTrainingParts(spec)))}) {
    hash.Update(absl::StrCat(bytes.size(), ":", bytes));
  }
  return hash.Hex();
}

absl::StatusOr<std::shared_ptr<const space::Space>> ParseSpace(const v1::SearchSpec& spec,
                                                               const v1::Shape& input,
                                                               int64_t classes,
                                                               const v1::Fidelity& fidelity,
                                                               space::OutputRule output) {
  const v1::SpaceSpec& given = spec.space();
  if (!given.file().empty()) {
    return FieldError("space.file", given.file(),
                      "nothing: clients send the file's content as space.template");
  }
  if (given.preset().empty() == given.template_().empty()) {
    return FieldError("space", given.preset().empty() ? "neither" : "both",
                      "exactly one of preset and template");
  }
  std::string text = given.template_();
  std::string file_name = "space.template";
  if (!given.preset().empty()) {
    const space::Preset* preset = space::FindPreset(given.preset());
    if (preset == nullptr) {
      std::string names;
      for (const space::Preset& p : space::Presets()) {
        absl::StrAppend(&names, names.empty() ? "" : ", ", p.name);
      }
      return FieldError("space.preset", absl::StrCat("\"", given.preset(), "\""), names);
    }
    text = preset->text;
    file_name = preset->name;
  }

  space::SpaceOptions options;
  options.input.assign(input.dimensions().begin(), input.dimensions().end());
  options.classes = classes;
  options.output = output;
  const int resolution =
      fidelity.resolution() > 0 ? fidelity.resolution() : spec.recipe().resolution();
  if (resolution > 0 && options.input.size() == 3) {
    options.input[1] = resolution;
    options.input[2] = resolution;
  }
  options.training_parts = HasTrainingParts(spec);
  for (const auto& [name, value] : given.set()) {
    NASCENT_ASSIGN_OR_RETURN(auto constant, ToConstant(value, absl::StrCat("space.set.", name)));
    options.set.emplace(name, std::move(constant));
  }
  for (const auto& [name, factor] : fidelity.constants()) {
    const std::string path = absl::StrCat("fidelities.constants.", name);
    auto it = options.set.find(name);
    if (it == options.set.end()) {
      NASCENT_ASSIGN_OR_RETURN(auto fallback, DefaultConstant(text, file_name, options, name));
      it = options.set.emplace(name, std::move(fallback)).first;
    }
    NASCENT_ASSIGN_OR_RETURN(it->second, Scale(it->second, factor, path));
  }
  for (const auto& [path, message] : spec.decisions()) {
    auto domain = space::FromProto(message);
    if (!domain.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("decisions.", path, ": ", domain.status().message()));
    }
    if (path == "recipe.resolution" || path == "recipe.epochs") {
      return FieldError(absl::StrCat("decisions.", path), "a field of the fidelity",
                        "other fields of the recipe; resolution and epochs have a ladder");
    }
    options.recipe_decisions.emplace(path, *std::move(domain));
  }
  return space::Space::Parse(text, file_name, options);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const space::Space>> MakeSpace(const v1::SearchSpec& spec,
                                                              const v1::Shape& input,
                                                              int64_t classes,
                                                              const v1::Fidelity& fidelity,
                                                              space::OutputRule output) {
  static auto* const spaces = new SharedSpaces;
  return spaces->Get(KeyOf(spec, input, classes, fidelity, output),
                     [&] { return ParseSpace(spec, input, classes, fidelity, output); });
}

}  // namespace nascent::engine
