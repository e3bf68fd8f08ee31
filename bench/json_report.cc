#include "bench/json_report.h"

#include <google/protobuf/util/json_util.h>

#include <stdexcept>

namespace nascent::bench {

google::protobuf::Value ParseJson(const std::string& text) {
  google::protobuf::Value value;
  if (!google::protobuf::util::JsonStringToMessage(text, &value).ok()) {
    throw std::runtime_error("no JSON: " + text.substr(0, 200));
  }
  return value;
}

double NumberField(const google::protobuf::Value& value, const std::string& name) {
  const auto& fields = value.struct_value().fields();
  const auto found = fields.find(name);
  if (found == fields.end() || !found->second.has_number_value()) {
    throw std::runtime_error("no number \"" + name + "\" in " + value.ShortDebugString());
  }
  return found->second.number_value();
}

}  // namespace nascent::bench
