#include "common/spec/json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace nascent::spec {
namespace {

// Readers that keep numbers as doubles, which are most, would round whole numbers beyond it.
constexpr int64_t kMostExact = int64_t{1} << 53;

// Whether a double is a whole number that an int64 holds exactly; -0 is not.
bool IsWhole(double value) {
  return std::abs(value) <= static_cast<double>(kMostExact) && value == std::trunc(value) &&
         !(value == 0 && std::signbit(value));
}

}  // namespace

Json::Json() : Json(nlohmann::ordered_json()) {}
Json::Json(bool value) : Json(nlohmann::ordered_json(value)) {}
Json::Json(int value) : Json(nlohmann::ordered_json(value)) {}
Json::Json(int64_t value) : Json(nlohmann::ordered_json(value)) {
  if (value < -kMostExact || value > kMostExact) *value_ = std::to_string(value);
}
Json::Json(uint64_t value) : Json(nlohmann::ordered_json(value)) {
  if (value > uint64_t{kMostExact}) *value_ = std::to_string(value);
}
Json::Json(double value) : Json() {
  if (IsWhole(value)) {
    *value_ = static_cast<int64_t>(value);  // 60 rather than 60.0
  } else {
    *value_ = value;
  }
}
Json::Json(std::string value) : Json(nlohmann::ordered_json(std::move(value))) {}
Json::Json(const char* value) : Json(std::string(value)) {}
Json::Json(nlohmann::ordered_json value)
    : value_(std::make_unique<nlohmann::ordered_json>(std::move(value))) {}

Json::Json(const Json& other) : Json(*other.value_) {}
Json::Json(Json&& other) noexcept = default;
Json& Json::operator=(Json other) noexcept {
  value_ = std::move(other.value_);
  return *this;
}
Json::~Json() = default;

Json Json::List() { return Json(nlohmann::ordered_json::array()); }
Json Json::Object() { return Json(nlohmann::ordered_json::object()); }

Json& Json::Set(const std::string& name, Json value) {
  (*value_)[name] = std::move(*value.value_);
  return *this;
}

Json& Json::Append(Json value) {
  value_->push_back(std::move(*value.value_));
  return *this;
}

std::vector<std::pair<std::string, Json>> Json::members() const {
  std::vector<std::pair<std::string, Json>> members;
  if (!value_->is_object()) return members;
  for (const auto& [name, value] : value_->items()) members.emplace_back(name, Json(value));
  return members;
}

const std::string* Json::text() const { return value_->get_ptr<const std::string*>(); }

std::string Json::Print(int indent) const {
  const std::string lines =
      value_->dump(indent, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace);
  if (indent > 0) return lines;
  // A line feed within a text is escaped, so those that are left stand between the parts.
  std::string line;
  for (const char letter : lines) {
    if (letter != '\n') {
      line += letter;
    } else if (line.back() == ',') {
      line += ' ';
    }
  }
  return line;
}

}  // namespace nascent::spec
