#include "server/storage/postgres/json.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

namespace nascent::storage::postgres {
namespace {

constexpr size_t kMostCached = 256;

void AppendString(std::string_view text, std::string& json) {
  static constexpr char kDigits[] = "0123456789abcdef";
  json.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json.push_back('\\');
      json.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json.append("\\u00");
      json.push_back(kDigits[c >> 4]);
      json.push_back(kDigits[c & 15]);
    } else {
      json.push_back(c);
    }
  }
  json.push_back('"');
}

template <typename Number>
void AppendEntry(std::string_view name, Number value, std::string& json) {
  json.push_back(json.empty() ? '{' : ',');
  AppendString(name, json);
  json.push_back(':');
  char buffer[32];
  json.append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr);
}

std::string Closed(std::string json) {
  if (json.empty()) json.push_back('{');
  json.push_back('}');
  return json;
}

// Reads the flat objects that the server prints.
class Reader {
 public:
  explicit Reader(std::string_view json) : rest_(json) {}

  bool Skip(char c) {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool String(std::string& text) {
    if (!Skip('"')) return false;
    while (true) {
      const size_t plain = rest_.find_first_of("\"\\");
      if (plain == std::string_view::npos) return false;
      text.append(rest_.substr(0, plain));
      rest_.remove_prefix(plain);
      if (Take() == '"') return true;
      if (!Escape(text)) return false;
    }
  }

  bool Number(double& value) {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    // The server prints tiny numbers in full; from_chars still gets their nearest double.
    if (error != std::errc()) return false;
    rest_.remove_prefix(end - rest_.data());
    return true;
  }

  bool AtEnd() const { return rest_.empty(); }

 private:
  char Take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  // The server escapes only quotes, backslashes and control characters.
  bool Escape(std::string& text) {
    if (rest_.empty()) return false;
    const char c = Take();
    static constexpr std::string_view kNames = "\"\\/bfnrt";
    static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (const size_t i = kNames.find(c); i != std::string_view::npos) {
      text.push_back(kMeanings[i]);
      return true;
    }
    if (c != 'u' || rest_.size() < 4) return false;
    int code = 0;
    if (std::from_chars(rest_.data(), rest_.data() + 4, code, 16).ptr != rest_.data() + 4 ||
        code > 0x7F) {
      return false;
    }
    rest_.remove_prefix(4);
    text.push_back(static_cast<char>(code));
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::string MetricsJson(const std::map<std::string, double>& metrics) {
  std::string json;
  for (const auto& [name, value] : metrics) AppendEntry(name, value, json);
  return Closed(std::move(json));
}

std::string MetricsJson(const std::vector<v1::Measurement>& measurements) {
  // Of equal keys jsonb keeps the last.
  std::string json;
  for (const v1::Measurement& each : measurements) AppendEntry(each.metric(), each.value(), json);
  return Closed(std::move(json));
}

absl::StatusOr<std::map<std::string, double>> MetricsFromJson(std::string_view json) {
  std::map<std::string, double> metrics;
  Reader reader(json);
  bool good = reader.Skip('{');
  if (good && !reader.Skip('}')) {
    do {
      std::string name;
      double value = 0;
      good = reader.String(name) && reader.Skip(':') && reader.Number(value);
      metrics.emplace_hint(metrics.end(), std::move(name), value);
    } while (good && reader.Skip(','));
    good = good && reader.Skip('}');
  }
  if (good && reader.AtEnd()) return metrics;
  return absl::InternalError(
      absl::StrCat("metrics in the database are no object of numbers: ",
                   absl::string_view(json.data(), std::min<size_t>(json.size(), 200))));
}

std::string DecisionsJson(const v1::Genotype& genotype) {
  std::string json;
  for (const v1::DecisionValue& value : genotype.values()) {
    switch (value.value_case()) {
      case v1::DecisionValue::kOption:
        AppendEntry(value.label(), value.option(), json);
        break;
      case v1::DecisionValue::kInteger:
        AppendEntry(value.label(), value.integer(), json);
        break;
      case v1::DecisionValue::kReal:
        AppendEntry(value.label(), value.real(), json);
        break;
      case v1::DecisionValue::VALUE_NOT_SET:
        break;
    }
  }
  return Closed(std::move(json));
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
