#include "server/strategy/settings_resolution.h"

#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status_macros.h"

namespace nascent::strategy {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

// Strategies within strategies within …; deeper than this is a mistake.
constexpr int kMaxDepth = 8;

absl::StatusOr<Value> Resolve(const Value& spec, const std::string& path, int depth);

std::string_view KindName(const Value& value) {
  switch (value.kind_case()) {
    case Value::kNumberValue:
      return "a number";
    case Value::kStringValue:
      return "a text";
    case Value::kBoolValue:
      return "true or false";
    case Value::kStructValue:
      return "a map";
    case Value::kListValue:
      return "a list";
    default:
      return "nothing";
  }
}

absl::Status Wrong(const std::string& path, std::string_view wanted, const Value& found) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": found ", std::string(KindName(found)),
                                                 ", expected ", std::string(wanted)));
}

absl::StatusOr<Value> ResolveNumber(const Setting& setting, const Value& value,
                                    const std::string& path) {
  const bool integer = setting.type == Setting::Type::kInteger;
  if (value.kind_case() != Value::kNumberValue) {
    return Wrong(path, integer ? "a whole number" : "a number", value);
  }
  const double number = value.number_value();
  // Written so that NaN is refused as well.
  if (!(number >= setting.minimum && number <= setting.maximum)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": found ", number, ", allowed are ",
                                                   setting.minimum, " to ", setting.maximum));
  }
  if (integer && number != std::floor(number)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": found ", number, ", expected a whole number"));
  }
  return value;
}

absl::StatusOr<Value> ResolveText(const Setting& setting, const Value& value,
                                  const std::string& path) {
  if (value.kind_case() != Value::kStringValue) return Wrong(path, "a text", value);
  if (setting.allowed.empty()) return value;
  for (const std::string& allowed : setting.allowed) {
    if (value.string_value() == allowed) return value;
  }
  return absl::InvalidArgumentError(absl::StrCat(path, ": found \"", value.string_value(),
                                                 "\", allowed are ",
                                                 absl::StrJoin(setting.allowed, ", ")));
}

absl::StatusOr<Value> ResolveSetting(const Setting& setting, const Value& value,
                                     const std::string& path, int depth) {
  switch (setting.type) {
    case Setting::Type::kInteger:
    case Setting::Type::kReal:
      return ResolveNumber(setting, value, path);
    case Setting::Type::kFlag:
      if (value.kind_case() != Value::kBoolValue) return Wrong(path, "true or false", value);
      return value;
    case Setting::Type::kText:
      return ResolveText(setting, value, path);
    case Setting::Type::kStrategy:
      return Resolve(value, path, depth + 1);
    case Setting::Type::kStrategies: {
      if (value.kind_case() != Value::kListValue) return Wrong(path, "a list of strategies", value);
      if (value.list_value().values().empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat(path, ": found an empty list, expected at least one strategy"));
      }
      Value list;
      list.mutable_list_value();
      for (int i = 0; i < value.list_value().values_size(); ++i) {
        NASCENT_ASSIGN_OR_RETURN(
            *list.mutable_list_value()->add_values(),
            Resolve(value.list_value().values(i), absl::StrCat(path, "[", i, "]"), depth + 1));
      }
      return list;
    }
  }
  return absl::InternalError(absl::StrCat(path, ": unknown type of setting"));
}

absl::StatusOr<Struct> ResolveSettings(const Entry& entry, const Struct& given,
                                       const std::string& path, int depth) {
  std::vector<std::string> names;
  for (const Setting& setting : entry.settings) names.push_back(setting.name);
  for (const auto& [name, value] : given.fields()) {
    bool known = false;
    for (const std::string& allowed : names) known = known || allowed == name;
    if (!known) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ".", name, ": no such setting; ",
                       names.empty() ? "this strategy has none"
                                     : absl::StrCat("allowed are ", absl::StrJoin(names, ", "))));
    }
  }
  Struct resolved;
  for (const Setting& setting : entry.settings) {
    const auto found = given.fields().find(setting.name);
    NASCENT_ASSIGN_OR_RETURN(
        (*resolved.mutable_fields())[setting.name],
        ResolveSetting(setting,
                       found == given.fields().end() ? setting.default_value : found->second,
                       absl::StrCat(path, ".", setting.name), depth));
  }
  if (entry.check != nullptr) {
    const absl::Status status = entry.check(Settings(resolved));
    if (!status.ok()) {
      return absl::Status(status.code(), absl::StrCat(path, ".", std::string(status.message())));
    }
  }
  return resolved;
}

absl::StatusOr<Value> Resolve(const Value& spec, const std::string& path, int depth) {
  if (depth > kMaxDepth) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": strategies nested deeper than ", kMaxDepth));
  }
  std::string name;
  Struct given;
  switch (spec.kind_case()) {
    case Value::KIND_NOT_SET:
    case Value::kNullValue:
      name = "auto";
      break;
    case Value::kStringValue:
      name = spec.string_value();
      break;
    case Value::kStructValue: {
      if (spec.struct_value().fields_size() != 1) {
        return absl::InvalidArgumentError(
            absl::StrCat(path, ": found ", spec.struct_value().fields_size(),
                         " entries, expected one {name: {setting: value}}"));
      }
      name = spec.struct_value().fields().begin()->first;
      const Value& settings = spec.struct_value().fields().begin()->second;
      if (settings.kind_case() == Value::kStructValue) {
        given = settings.struct_value();
      } else if (settings.kind_case() != Value::kNullValue) {
        return Wrong(absl::StrCat(path, ".", name), "a map of settings", settings);
      }
      break;
    }
    default:
      return Wrong(path, "a strategy's name or {name: {setting: value}}", spec);
  }
  NASCENT_ASSIGN_OR_RETURN(const Entry* entry, LookUp(name, path));
  NASCENT_ASSIGN_OR_RETURN(Struct settings,
                           ResolveSettings(*entry, given, absl::StrCat(path, ".", name), depth));
  Value resolved;
  *(*resolved.mutable_struct_value()->mutable_fields())[name].mutable_struct_value() =
      std::move(settings);
  return resolved;
}

}  // namespace

absl::StatusOr<const Entry*> LookUp(const std::string& name, const std::string& path) {
  const Entry* entry = FindStrategy(name);
  if (entry != nullptr) return entry;
  std::vector<std::string> names;
  for (const Entry& each : AllStrategies()) names.push_back(each.name);
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": no strategy \"", name, "\"; there are ", absl::StrJoin(names, ", ")));
}

absl::StatusOr<Value> ResolveAt(const Value& spec, const std::string& path) {
  return Resolve(spec, path, 0);
}

}  // namespace nascent::strategy
