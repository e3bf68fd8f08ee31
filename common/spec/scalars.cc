#include "common/spec/scalars.h"

#include <cmath>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"

namespace nascent::spec {
namespace {

constexpr std::string_view kNumberLetters = "0123456789+-.eE";

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::optional<double> ParseReal(std::string_view text) {
  double value = 0;
  if (text.empty() || text.find_first_not_of(kNumberLetters) != std::string_view::npos ||
      !absl::SimpleAtod(View(text), &value) || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<int64_t> ParseInteger(std::string_view text) {
  int64_t value = 0;
  if (text.find_first_not_of(kNumberLetters) != std::string_view::npos) return std::nullopt;
  if (absl::SimpleAtoi(View(text), &value)) return value;
  const std::optional<double> real = ParseReal(text);
  constexpr double kLimit = 9007199254740992.0;  // 2^53, up to which doubles are exact
  if (!real || std::floor(*real) != *real || std::abs(*real) > kLimit) return std::nullopt;
  return static_cast<int64_t>(*real);
}

std::optional<uint64_t> ParseUnsigned(std::string_view text) {
  uint64_t value = 0;
  if (text.find_first_not_of(kNumberLetters) != std::string_view::npos) return std::nullopt;
  if (absl::SimpleAtoi(View(text), &value)) return value;
  const std::optional<int64_t> integer = ParseInteger(text);
  if (!integer || *integer < 0) return std::nullopt;
  return static_cast<uint64_t>(*integer);
}

std::optional<bool> ParseFlag(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

google::protobuf::Value ToValue(const DocumentNode& node) {
  google::protobuf::Value value;
  switch (node.kind) {
    case DocumentNode::Kind::kNull:
      value.set_null_value(google::protobuf::NULL_VALUE);
      break;
    case DocumentNode::Kind::kList:
      value.mutable_list_value();
      for (const DocumentNodePtr& item : node.items) {
        *value.mutable_list_value()->add_values() = ToValue(*item);
      }
      break;
    case DocumentNode::Kind::kMap:
      value.mutable_struct_value();
      for (const DocumentNode::Entry& entry : node.entries) {
        (*value.mutable_struct_value()->mutable_fields())[entry.key] = ToValue(*entry.value);
      }
      break;
    case DocumentNode::Kind::kScalar:
      if (const auto flag = ParseFlag(node.text); flag && !node.quoted) {
        value.set_bool_value(*flag);
      } else if (const auto real = ParseReal(node.text); real && !node.quoted) {
        value.set_number_value(*real);
      } else {
        value.set_string_value(node.text);
      }
      break;
  }
  return value;
}

}  // namespace nascent::spec
