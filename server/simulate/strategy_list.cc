#include "server/simulate/strategy_list.h"

#include "absl/strings/str_cat.h"
#include "common/spec/search_file.h"
#include "common/status_macros.h"
#include "server/strategy/registry.h"

namespace nascent::simulate {
namespace {

using google::protobuf::Value;

std::string Text(const Value& value) {
  switch (value.kind_case()) {
    case Value::kNumberValue:
      return absl::StrCat(value.number_value());
    case Value::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case Value::kStringValue:
      return value.string_value();
    case Value::kListValue: {
      std::string text;
      for (const Value& item : value.list_value().values()) {
        absl::StrAppend(&text, text.empty() ? "" : ", ", Text(item));
      }
      return "[" + text + "]";
    }
    case Value::kStructValue:
      return NameOf(value);
    default:
      return "";
  }
}

// The end of the first element of a list: its comma outside all brackets and quotes.
size_t EndOfElement(std::string_view text) {
  int depth = 0;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (c == ',' && depth == 0) {
      return i;
    }
  }
  return text.size();
}

}  // namespace

std::string NameOf(const Value& spec) {
  if (spec.kind_case() != Value::kStructValue || spec.struct_value().fields().empty()) {
    return spec.kind_case() == Value::kStringValue ? spec.string_value() : "auto";
  }
  const auto& [name, settings] = *spec.struct_value().fields().begin();
  std::vector<std::string> parts;
  const strategy::Entry* entry = strategy::FindStrategy(name);
  if (entry != nullptr && settings.kind_case() == Value::kStructValue) {
    for (const strategy::Setting& setting : entry->settings) {
      const auto found = settings.struct_value().fields().find(setting.name);
      if (found == settings.struct_value().fields().end()) continue;
      parts.push_back(absl::StrCat(setting.name, "=", Text(found->second)));
    }
  }
  std::string text = name;
  for (size_t i = 0; i < parts.size(); ++i) absl::StrAppend(&text, i == 0 ? "(" : ", ", parts[i]);
  return parts.empty() ? text : text + ")";
}

absl::StatusOr<std::vector<NamedStrategy>> ParseStrategies(std::string_view text) {
  std::vector<NamedStrategy> strategies;
  while (true) {
    const size_t end = EndOfElement(text);
    // A search file needs a space; this one is not looked at.
    NASCENT_ASSIGN_OR_RETURN(auto file,
                             spec::ParseSearchFile(absl::StrCat("space: {preset: any}\nstrategy: ",
                                                                std::string(text.substr(0, end))),
                                                   "--strategies"));
    auto resolved = strategy::ResolveStrategy(file.spec.strategy());
    if (!resolved.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--strategies: ", std::string(resolved.status().message())));
    }
    strategies.push_back({NameOf(file.spec.strategy()), file.spec.strategy()});
    if (end == text.size()) return strategies;
    text.remove_prefix(end + 1);
  }
}

}  // namespace nascent::simulate
