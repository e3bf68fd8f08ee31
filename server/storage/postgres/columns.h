// Reading the columns of a row one after the other. Private to postgres/.

#ifndef NASCENT_SERVER_STORAGE_POSTGRES_COLUMNS_H_
#define NASCENT_SERVER_STORAGE_POSTGRES_COLUMNS_H_

#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "nascent/v1/recipe.pb.h"
#include "nascent/v1/trial.pb.h"
#include "server/storage/postgres/json.h"

namespace nascent::storage::postgres {

// Walks through the columns of a row.
class Columns {
 public:
  explicit Columns(const pqxx::row& row) : next_(row.begin()) {}

  std::string_view Text() {
    const std::string_view text(next_->c_str(), next_->size());
    ++next_;
    return text;
  }
  std::string String() { return std::string(Text()); }
  int64_t Integer() {
    const std::string_view text = Text();
    int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }
  int Int() { return static_cast<int>(Integer()); }
  double Real() {
    const std::string_view text = Text();
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }
  bool Flag() { return Text() == "t"; }
  // The beginning of absl::Time for NULL.
  absl::Time Time() {
    if (next_->is_null()) return ++next_, absl::Time();
    return absl::FromUnixMicros(Integer());
  }
  std::optional<absl::Time> OptionalTime() {
    if (next_->is_null()) return ++next_, std::nullopt;
    return Time();
  }
  v1::Costs Costs() {
    v1::Costs costs;
    costs.set_parameters(Integer());
    costs.set_multiply_accumulates(Integer());
    costs.set_published_parameters(Integer());
    costs.set_published_multiply_accumulates(Integer());
    costs.set_activation_bytes(Integer());
    costs.set_depth(Int());
    return costs;
  }
  // The readers' sessions print bytes as \x and hexadecimal digits.
  std::string Bytes() {
    const std::string_view text = Text();
    return absl::HexStringToBytes({text.data() + 2, text.size() - 2});
  }

 private:
  pqxx::const_row_iterator next_;
};

// Parses JSON columns and keeps the first thing that went wrong. Equal texts are parsed once.
class JsonColumns {
 public:
  template <typename Message>
  Message As(std::string_view json) {
    auto& cache = CacheOf<Message>();
    const auto found = cache.find(absl::string_view(json.data(), json.size()));
    if (found != cache.end()) return found->second;
    Message message;
    if (absl::Status status = MessageFromJson(json, message); !status.ok()) {
      status_.Update(status);
    }
    cache.emplace(std::string(json), message);
    return message;
  }
  std::map<std::string, double> Metrics(std::string_view json) {
    auto metrics = MetricsFromJson(json);
    status_.Update(metrics.status());
    return metrics.ok() ? *std::move(metrics) : std::map<std::string, double>();
  }
  const absl::Status& status() const { return status_; }

 private:
  template <typename Message>
  absl::flat_hash_map<std::string, Message>& CacheOf() {
    if constexpr (std::is_same_v<Message, v1::Recipe>) {
      return recipes_;
    } else {
      return fidelities_;
    }
  }

  absl::Status status_;
  absl::flat_hash_map<std::string, v1::Recipe> recipes_;
  absl::flat_hash_map<std::string, v1::Fidelity> fidelities_;
};

}  // namespace nascent::storage::postgres

#endif  // NASCENT_SERVER_STORAGE_POSTGRES_COLUMNS_H_
