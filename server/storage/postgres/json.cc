#include "server/storage/postgres/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "common/spec/json.h"
#include "google/protobuf/util/json_util.h"

namespace nascent::storage::postgres {
namespace {

constexpr size_t kMostCached = 256;

}  // namespace

std::string MetricsJson(const std::map<std::string, double>& metrics) {
  spec::Json json = spec::Json::Object();
  for (const auto& [name, value] : metrics) json.Set(name, value);
  return json.Print();
}

std::string MetricsJson(const std::vector<v1::Measurement>& measurements) {
  spec::Json json = spec::Json::Object();
  for (const v1::Measurement& each : measurements) json.Set(each.metric(), each.value());
  return json.Print();
}

absl::StatusOr<std::map<std::string, double>> MetricsFromJson(std::string_view json) {
  const auto parsed = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  std::map<std::string, double> metrics;
  bool good = parsed.is_object();
  for (auto entry = parsed.begin(); good && entry != parsed.end(); ++entry) {
    good = entry->is_number();
    if (good) metrics.emplace_hint(metrics.end(), entry.key(), entry->get<double>());
  }
  if (good) return metrics;
  return absl::InternalError(
      absl::StrCat("metrics in the database are no object of numbers: ",
                   absl::string_view(json.data(), std::min<size_t>(json.size(), 200))));
}

std::string DecisionsJson(const v1::Genotype& genotype) {
  spec::Json json = spec::Json::Object();
  for (const v1::DecisionValue& value : genotype.values()) {
    switch (value.value_case()) {
      case v1::DecisionValue::kOption:
        json.Set(value.label(), value.option());
        break;
      case v1::DecisionValue::kInteger:
        json.Set(value.label(), value.integer());
        break;
      case v1::DecisionValue::kReal:
        json.Set(value.label(), value.real());
        break;
      case v1::DecisionValue::VALUE_NOT_SET:
        break;
    }
  }
  return json.Print();
}

absl::StatusOr<std::string> MessageJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (status.ok()) return json;
  return absl::InvalidArgumentError(
      absl::StrCat(message.GetTypeName(), " has no JSON form: ", status.ToString()));
}

absl::Status MessageFromJson(std::string_view json, google::protobuf::Message& message) {
  google::protobuf::util::JsonParseOptions options;
  // Written by a newer version that was rolled back.
  options.ignore_unknown_fields = true;
  const auto status =
      google::protobuf::util::JsonStringToMessage({json.data(), json.size()}, &message, options);
  if (status.ok()) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("can't read ", message.GetTypeName(), ": ", status.ToString()));
}

absl::StatusOr<std::string> MessageJsonCache::Json(const google::protobuf::Message& message) {
  std::string bytes = message.SerializeAsString();
  // One cache holds messages of several types.
  bytes.append(message.GetTypeName());
  const auto found = by_bytes_.find(bytes);
  if (found != by_bytes_.end()) return found->second;
  auto json = MessageJson(message);
  if (!json.ok()) return json;
  if (by_bytes_.size() >= kMostCached) by_bytes_.clear();
  by_bytes_.emplace(std::move(bytes), *json);
  return json;
}

}  // namespace nascent::storage::postgres
