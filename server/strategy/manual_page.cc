#include "server/strategy/manual_page.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/strategy/registry.h"

namespace nascent::strategy {
namespace {

constexpr char kHead[] =
    R"(# Strategies and their settings

What may stand under `strategy` in a search file: a name, or `{name: {setting: value}}`. Which to take
when is said in [strategies.md](strategies.md). This page is made from the registry in
server/strategy/; `NASCENT_WRITE_DOCS=1 build/release/bin/strategy_manual_test` writes it anew.
)";

std::string Text(const google::protobuf::Value& value) {
  using google::protobuf::Value;
  switch (value.kind_case()) {
    case Value::kNumberValue:
      return absl::StrCat(value.number_value());
    case Value::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case Value::kStringValue:
      return value.string_value().empty() ? "empty" : value.string_value();
    case Value::kListValue: {
      std::vector<std::string> items;
      for (const Value& item : value.list_value().values()) items.push_back(Text(item));
      return absl::StrCat("[", absl::StrJoin(items, ", "), "]");
    }
    default:
      return "none";
  }
}

std::string Allowed(const Setting& setting) {
  switch (setting.type) {
    case Setting::Type::kInteger:
      return absl::StrCat("whole number, ", static_cast<int64_t>(setting.minimum), " to ",
                          static_cast<int64_t>(setting.maximum));
    case Setting::Type::kReal:
      return absl::StrCat("number, ", setting.minimum, " to ", setting.maximum);
    case Setting::Type::kFlag:
      return "true or false";
    case Setting::Type::kText:
      return setting.allowed.empty() ? "text" : absl::StrJoin(setting.allowed, ", ");
    case Setting::Type::kStrategy:
      return "a strategy";
    case Setting::Type::kStrategies:
      return "a list of strategies";
  }
  return "";
}

}  // namespace

std::string StrategyManual() {
  std::string page = kHead;
  for (const Entry& entry : AllStrategies()) {
    absl::StrAppend(&page, "\n## ", entry.name, "\n\n", entry.description, ".");
    if (!entry.paper.empty()) absl::StrAppend(&page, "\n\nPaper: ", entry.paper, ".");
    absl::StrAppend(&page, "\n");
    if (!entry.settings.empty()) absl::StrAppend(&page, "\n");
    for (const Setting& setting : entry.settings) {
      absl::StrAppend(&page, "* `", setting.name, "` (", Allowed(setting), "; default ",
                      Text(setting.default_value), "): ", setting.description, "\n");
    }
  }
  return page;
}

}  // namespace nascent::strategy
