// JSON as the tables hold it: metrics and decisions as flat objects, specifications as protobuf
// JSON.

#ifndef NASCENT_SERVER_STORAGE_POSTGRES_JSON_H_
#define NASCENT_SERVER_STORAGE_POSTGRES_JSON_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "nascent/v1/trial.pb.h"

namespace nascent::storage::postgres {

// Returns {"accuracy": 0.9, …}; numbers keep every bit.
std::string MetricsJson(const std::map<std::string, double>& metrics);
// As above, with the last value of each metric.
std::string MetricsJson(const std::vector<v1::Measurement>& measurements);
// Reads such an object. INTERNAL: it is none.
absl::StatusOr<std::map<std::string, double>> MetricsFromJson(std::string_view json);

// Returns {"node1": 3, …}: options, whole and real numbers by label.
std::string DecisionsJson(const v1::Genotype& genotype);

// Returns protobuf JSON with the field names of the .proto file. INVALID_ARGUMENT: a message that
// has none.
absl::StatusOr<std::string> MessageJson(const google::protobuf::Message& message);
absl::Status MessageFromJson(std::string_view json, google::protobuf::Message& message);

// MessageJson for messages that are often the same (the recipes of one search). Not thread-safe.
class MessageJsonCache {
 public:
  absl::StatusOr<std::string> Json(const google::protobuf::Message& message);

 private:
  absl::flat_hash_map<std::string, std::string> by_bytes_;
};

}  // namespace nascent::storage::postgres

#endif  // NASCENT_SERVER_STORAGE_POSTGRES_JSON_H_
