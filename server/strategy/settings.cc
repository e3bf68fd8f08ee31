#include "server/strategy/settings.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"

namespace nascent::strategy {
namespace {

using google::protobuf::Value;

[[noreturn]] void Fail(std::string_view name, const char* what) {
  std::fprintf(stderr, "setting %.*s %s\n", static_cast<int>(name.size()), name.data(), what);
  std::abort();
}

const Value& Field(const google::protobuf::Struct& values, std::string_view name) {
  const auto found = values.fields().find(std::string(name));
  if (found == values.fields().end()) Fail(name, "is none of this strategy's");
  return found->second;
}

const Value& Field(const google::protobuf::Struct& values, std::string_view name,
                   Value::KindCase kind) {
  const Value& value = Field(values, name);
  if (value.kind_case() != kind) Fail(name, "has another type");
  return value;
}

Setting Make(std::string name, Setting::Type type, std::string description) {
  Setting setting;
  setting.name = std::move(name);
  setting.type = type;
  setting.description = std::move(description);
  return setting;
}

}  // namespace

int64_t Settings::Integer(std::string_view name) const { return std::llround(Real(name)); }
double Settings::Real(std::string_view name) const {
  return Field(values_, name, Value::kNumberValue).number_value();
}
bool Settings::Flag(std::string_view name) const {
  return Field(values_, name, Value::kBoolValue).bool_value();
}
std::string Settings::Text(std::string_view name) const {
  return Field(values_, name, Value::kStringValue).string_value();
}
const Value& Settings::Raw(std::string_view name) const { return Field(values_, name); }

Setting IntegerSetting(std::string name, int64_t minimum, int64_t maximum, int64_t default_value,
                       std::string description) {
  Setting setting = Make(std::move(name), Setting::Type::kInteger, std::move(description));
  setting.minimum = static_cast<double>(minimum);
  setting.maximum = static_cast<double>(maximum);
  setting.default_value.set_number_value(static_cast<double>(default_value));
  return setting;
}

Setting RealSetting(std::string name, double minimum, double maximum, double default_value,
                    std::string description) {
  Setting setting = Make(std::move(name), Setting::Type::kReal, std::move(description));
  setting.minimum = minimum;
  setting.maximum = maximum;
  setting.default_value.set_number_value(default_value);
  return setting;
}

Setting FlagSetting(std::string name, bool default_value, std::string description) {
  Setting setting = Make(std::move(name), Setting::Type::kFlag, std::move(description));
  setting.default_value.set_bool_value(default_value);
  return setting;
}

Setting TextSetting(std::string name, std::vector<std::string> allowed, std::string default_value,
                    std::string description) {
  Setting setting =
      FreeTextSetting(std::move(name), std::move(default_value), std::move(description));
  setting.allowed = std::move(allowed);
  return setting;
}

Setting FreeTextSetting(std::string name, std::string default_value, std::string description) {
  Setting setting = Make(std::move(name), Setting::Type::kText, std::move(description));
  setting.default_value.set_string_value(std::move(default_value));
  return setting;
}

Setting StrategySetting(std::string name, std::string default_value, std::string description) {
  Setting setting = Make(std::move(name), Setting::Type::kStrategy, std::move(description));
  setting.default_value.set_string_value(std::move(default_value));
  return setting;
}

Setting StrategiesSetting(std::string name, const std::vector<std::string>& default_value,
                          std::string description) {
  Setting setting = Make(std::move(name), Setting::Type::kStrategies, std::move(description));
  setting.default_value.mutable_list_value();
  for (const std::string& strategy : default_value) {
    setting.default_value.mutable_list_value()->add_values()->set_string_value(strategy);
  }
  return setting;
}

}  // namespace nascent::strategy
