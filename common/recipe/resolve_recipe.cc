#include "common/recipe/resolve_recipe.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/field_error.h"
#include "common/recipe/recipe_fields.h"
#include "common/status_macros.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace nascent::recipe {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// A row of the table with the fields that lead to it, the last one its own.
struct Located {
  const RecipeField* field;
  std::vector<const FieldDescriptor*> way;
};

const std::vector<Located>& AllFields() {
  static const auto* const kLocated = [] {
    auto* located = new std::vector<Located>;
    for (const RecipeField& field : RecipeFields()) {
      Located& one = located->emplace_back(Located{&field, {}});
      const google::protobuf::Descriptor* type = v1::Recipe::descriptor();
      for (const auto name :
           absl::StrSplit(absl::string_view(field.path.data(), field.path.size()), '.')) {
        one.way.push_back(type->FindFieldByName(std::string(name)));
        type = one.way.back()->message_type();
      }
    }
    return located;
  }();
  return *kLocated;
}

// The message that holds the last field of the way; null where the recipe has another kind (of
// optimizer, of schedule).
Message* HolderOf(Message& recipe, const std::vector<const FieldDescriptor*>& way) {
  Message* message = &recipe;
  for (size_t i = 0; i + 1 < way.size(); ++i) {
    const auto& reflection = *message->GetReflection();
    const bool is_kind = way[i]->real_containing_oneof() != nullptr;
    if (is_kind && !reflection.HasField(*message, way[i])) return nullptr;
    message = reflection.MutableMessage(message, way[i]);
  }
  return message;
}

double NumberAt(const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.GetInt32(message, &field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return static_cast<double>(reflection.GetUInt64(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? 1 : 0;
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.GetEnumValue(message, &field);
    default:
      return reflection.GetDouble(message, &field);
  }
}

void SetNumber(Message& message, const FieldDescriptor& field, double value) {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.SetInt32(&message, &field, static_cast<int32_t>(value));
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.SetUInt64(&message, &field, static_cast<uint64_t>(value));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.SetBool(&message, &field, value != 0);
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.SetEnumValue(&message, &field, static_cast<int>(value));
    default:
      return reflection.SetDouble(&message, &field, value);
  }
}

// The words of an enumeration as a search file has them: "auto, float32, bfloat16".
std::string Words(const google::protobuf::EnumDescriptor& type) {
  std::string words;
  for (int i = 0; i < type.value_count(); ++i) {
    const std::string& name = type.value(i)->name();
    std::string word = name.substr(name.find('_') + 1);
    for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    absl::StrAppend(&words, words.empty() ? "" : ", ", word);
  }
  return words;
}

}  // namespace

void FillDefaults(v1::Recipe& recipe) {
  v1::Optimizer& optimizer = *recipe.mutable_optimizer();
  if (optimizer.kind_case() == v1::Optimizer::KIND_NOT_SET) optimizer.mutable_sgd();
  v1::Schedule& schedule = *recipe.mutable_schedule();
  if (schedule.kind_case() == v1::Schedule::KIND_NOT_SET) schedule.mutable_constant();
  for (const auto& [field, way] : AllFields()) {
    Message* holder = HolderOf(recipe, way);
    if (holder == nullptr || holder->GetReflection()->HasField(*holder, way.back())) continue;
    SetNumber(*holder, *way.back(),
              field->default_of == nullptr ? field->default_value : field->default_of(recipe));
  }
}

void FillDefaults(v1::Optimizer& optimizer) {
  v1::Recipe recipe;
  *recipe.mutable_optimizer() = std::move(optimizer);
  FillDefaults(recipe);
  optimizer = std::move(*recipe.mutable_optimizer());
}

absl::Status CheckRanges(const v1::Recipe& recipe, std::string_view path) {
  v1::Recipe looked_at = recipe;
  for (const auto& [field, way] : AllFields()) {
    const Message* holder = HolderOf(looked_at, way);
    if (holder == nullptr || !holder->GetReflection()->HasField(*holder, way.back())) continue;
    const double value = NumberAt(*holder, *way.back());
    if (IsInRange(*field, recipe, value)) continue;
    const auto* type = way.back()->enum_type();
    return FieldError(absl::StrCat(std::string(path), ".", std::string(field->path)), value,
                      type == nullptr ? RangeText(*field, recipe) : Words(*type));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Recipe> ResolveRecipe(v1::Recipe recipe, std::string_view path) {
  FillDefaults(recipe);
  NASCENT_RETURN_IF_ERROR(CheckRanges(recipe, path));
  return recipe;
}

v1::Recipe ForIdentity(v1::Recipe recipe) {
  for (const auto& [field, way] : AllFields()) {
    // Identities have named these from the first version on.
    if (field->path.starts_with("optimizer.")) continue;
    Message* holder = HolderOf(recipe, way);
    if (holder == nullptr || field->default_value != 0 || NumberAt(*holder, *way.back()) != 0) {
      continue;
    }
    holder->GetReflection()->ClearField(holder, way.back());
  }
  return recipe;
}

}  // namespace nascent::recipe
