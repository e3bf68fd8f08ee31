#include "common/recipe/set_recipe_field.h"

#include <cctype>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/field_error.h"
#include "common/status_macros.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace nascent::recipe {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;

absl::Status WrongType(std::string_view path, const space::OptionValue& found,
                       std::string_view type) {
  const bool is_text = std::holds_alternative<std::string>(found);
  return FieldError(
      path, absl::StrCat(is_text ? "\"" : "", space::OptionText(found), is_text ? "\"" : ""), type);
}

// The number that an option is, where it is one.
template <typename T>
absl::StatusOr<T> Number(const space::OptionValue& value, std::string_view path) {
  double number = 0;
  if (const auto* integer = std::get_if<int64_t>(&value)) {
    number = static_cast<double>(*integer);
  } else if (const auto* real = std::get_if<double>(&value)) {
    number = *real;
  } else {
    return WrongType(path, value, "a number");
  }
  if constexpr (std::is_integral_v<T>) {
    // The largest value of a 64-bit type is no double; the one above it is.
    if (number != std::floor(number) ||
        number < static_cast<double>(std::numeric_limits<T>::min()) ||
        number >= std::ldexp(1.0, std::numeric_limits<T>::digits)) {
      return WrongType(path, value, "a whole number that the field can hold");
    }
  }
  return static_cast<T>(number);
}

absl::Status SetEnum(Message& message, const FieldDescriptor& field, std::string_view path,
                     const space::OptionValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  std::string allowed;
  for (int i = 0; i < field.enum_type()->value_count(); ++i) {
    const auto* candidate = field.enum_type()->value(i);
    // PRECISION_FLOAT32 is written float32 in a search file.
    std::string name = candidate->name();
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const size_t cut = name.find('_');
    const std::string word = cut == std::string::npos ? name : name.substr(cut + 1);
    if (text != nullptr && (*text == word || *text == candidate->name())) {
      message.GetReflection()->SetEnum(&message, &field, candidate);
      return absl::OkStatus();
    }
    absl::StrAppend(&allowed, allowed.empty() ? "" : ", ", word);
  }
  return WrongType(path, value, allowed);
}

absl::Status SetScalar(Message& message, const FieldDescriptor& field, std::string_view path,
                       const space::OptionValue& value) {
  const auto& reflection = *message.GetReflection();
  const auto set = [&](auto number, auto setter) -> absl::Status {
    if (!number.ok()) return number.status();
    (reflection.*setter)(&message, &field, *number);
    return absl::OkStatus();
  };
  using Reflection = google::protobuf::Reflection;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return set(Number<int32_t>(value, path), &Reflection::SetInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return set(Number<int64_t>(value, path), &Reflection::SetInt64);
    case FieldDescriptor::CPPTYPE_UINT64:
      return set(Number<uint64_t>(value, path), &Reflection::SetUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return set(Number<double>(value, path), &Reflection::SetDouble);
    case FieldDescriptor::CPPTYPE_ENUM:
      return SetEnum(message, field, path, value);
    case FieldDescriptor::CPPTYPE_BOOL: {
      const auto* flag = std::get_if<bool>(&value);
      if (flag == nullptr) return WrongType(path, value, "true or false");
      reflection.SetBool(&message, &field, *flag);
      return absl::OkStatus();
    }
    default:
      return WrongType(path, value, "no value in a search");
  }
}

// The kinds of a message that has some.
const OneofDescriptor* KindsOf(const FieldDescriptor& field) {
  const auto* type = field.message_type();
  return type != nullptr && type->real_oneof_decl_count() == 1 ? type->oneof_decl(0) : nullptr;
}

absl::Status ChooseKind(Message& message, const OneofDescriptor& kinds, std::string_view path,
                        const space::OptionValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  std::vector<std::string> names;
  for (int i = 0; i < kinds.field_count(); ++i) {
    names.push_back(kinds.field(i)->name());
    if (text == nullptr || *text != names.back()) continue;
    message.GetReflection()->MutableMessage(&message, kinds.field(i));
    return absl::OkStatus();
  }
  return WrongType(path, value, absl::StrJoin(names, ", "));
}

// The fields that lead from the recipe to what `path` names.
absl::StatusOr<std::vector<const FieldDescriptor*>> WayTo(std::string_view path) {
  const std::vector<std::string> names =
      absl::StrSplit(absl::string_view(path.data(), path.size()), '.');
  if (names.size() < 2 || names[0] != "recipe") {
    return FieldError(path, "another start", "a path that starts with \"recipe.\"");
  }
  const auto wrong = [&](const std::string& what) {
    return absl::InvalidArgumentError(absl::StrCat(std::string(path), ": ", what));
  };
  std::vector<const FieldDescriptor*> way;
  const google::protobuf::Descriptor* type = v1::Recipe::descriptor();
  for (size_t i = 1; i < names.size(); ++i) {
    if (type == nullptr) return wrong(absl::StrCat(names[i - 1], " holds no further fields"));
    const FieldDescriptor* field = type->FindFieldByName(names[i]);
    if (field == nullptr || field->is_repeated()) {
      return wrong(absl::StrCat("the recipe has no field \"", names[i], "\" here"));
    }
    way.push_back(field);
    type = field->message_type();
  }
  if (type != nullptr && KindsOf(*way.back()) == nullptr) {
    return wrong(absl::StrCat(names.back(), " holds fields of its own; name one of them"));
  }
  return way;
}

}  // namespace

absl::Status SetRecipeField(v1::Recipe& recipe, std::string_view path,
                            const space::OptionValue& value) {
  NASCENT_ASSIGN_OR_RETURN(const auto way, WayTo(path));
  Message* message = &recipe;
  for (const FieldDescriptor* field : way) {
    if (field->message_type() == nullptr) return SetScalar(*message, *field, path, value);
    if (const auto* kinds = field->real_containing_oneof(); kinds != nullptr) {
      const auto* present = message->GetReflection()->GetOneofFieldDescriptor(*message, kinds);
      if (present != nullptr && present != field) {
        const std::string chosen(path.substr(0, path.find("." + field->name())));
        return absl::InvalidArgumentError(absl::StrCat(
            std::string(path), ": the recipe has ", present->name(), ", not ", field->name(),
            "; write ", field->name(), " there, or decide it too: ", chosen, ": {choice: [",
            present->name(), ", ", field->name(), "]}"));
      }
    }
    message = message->GetReflection()->MutableMessage(message, field);
  }
  return ChooseKind(*message, *KindsOf(*way.back()), path, value);
}

absl::Status CheckKind(std::string_view path, const space::Domain& domain) {
  NASCENT_ASSIGN_OR_RETURN(const auto way, WayTo(path));
  const FieldDescriptor& field = *way.back();
  const bool whole = field.cpp_type() == FieldDescriptor::CPPTYPE_INT32 ||
                     field.cpp_type() == FieldDescriptor::CPPTYPE_INT64 ||
                     field.cpp_type() == FieldDescriptor::CPPTYPE_UINT64;
  if (whole && domain.kind == space::Domain::Kind::kReal) {
    return FieldError(path, "a range of real numbers",
                      "whole numbers: integer, log_integer, ordered or choice");
  }
  return absl::OkStatus();
}

}  // namespace nascent::recipe
