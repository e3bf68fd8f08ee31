// The table of strategies: name, what it is, its settings with ranges, and how it is made.

#ifndef NASCENT_SERVER_STRATEGY_REGISTRY_H_
#define NASCENT_SERVER_STRATEGY_REGISTRY_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/struct.pb.h"
#include "server/strategy/strategy.h"

namespace nascent::strategy {

// One setting of a strategy in the search file.
struct Setting {
  std::string name;
  enum class Type { kInteger, kReal, kFlag, kText, kStrategy, kStrategies } type;
  double minimum = 0;  // of numbers, included
  double maximum = 0;
  google::protobuf::Value default_value;
  std::string description;
  std::vector<std::string> allowed;  // of kText
};

// Settings complete with defaults and within their ranges.
class Settings {
 public:
  explicit Settings(google::protobuf::Struct values) : values_(std::move(values)) {}
  int64_t Integer(std::string_view name) const;
  double Real(std::string_view name) const;
  bool Flag(std::string_view name) const;
  std::string Text(std::string_view name) const;
  const google::protobuf::Value& Raw(std::string_view name) const;

 private:
  google::protobuf::Struct values_;
};

struct Entry {
  std::string name;
  std::string description;
  std::string paper;
  std::vector<Setting> settings;
  absl::StatusOr<std::unique_ptr<Strategy>> (*make)(const Problem&, const Settings&);
};

std::span<const Entry> AllStrategies();

// From SearchSpec.strategy: a name, or {name: {setting: value}}. INVALID_ARGUMENT with the field path
// ("strategy.regularized_evolution.sample: …").
absl::StatusOr<std::unique_ptr<Strategy>> MakeStrategy(const google::protobuf::Value& spec,
                                                       const Problem& problem);

// The same value with the name and every default written out; the same errors. Needs no problem.
absl::StatusOr<google::protobuf::Value> ResolveStrategy(const google::protobuf::Value& spec);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_REGISTRY_H_
