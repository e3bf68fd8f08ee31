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

// Settings complete with defaults and within their ranges. To ask for a name that the strategy's
// entry lacks, or for another type than it has there, is a programmer's error and ends the program.
class Settings {
 public:
  explicit Settings(google::protobuf::Struct values) : values_(std::move(values)) {}
  int64_t Integer(std::string_view name) const;
  double Real(std::string_view name) const;
  bool Flag(std::string_view name) const;
  std::string Text(std::string_view name) const;
  // As the user wrote it: of kStrategy a spec for MakeStrategy, of kStrategies a list of them.
  const google::protobuf::Value& Raw(std::string_view name) const;

 private:
  google::protobuf::Struct values_;
};

struct Entry {
  std::string name;
  std::string description;
  std::string paper;
  std::vector<Setting> settings;
  // Settings are complete, within their ranges and passed `check`.
  absl::StatusOr<std::unique_ptr<Strategy>> (*make)(const Problem&, const Settings&);
  // Refuses settings that contradict each other; null: any go together. The message starts with the
  // setting's name.
  absl::Status (*check)(const Settings&) = nullptr;
  // Whether the log alone does not tell what it will propose (manual, external).
  bool outside = false;
  // Whether it chooses the fidelity of each proposal itself.
  bool sets_rungs = false;
};

// Returns the table, in the order of the documentation.
std::span<const Entry> AllStrategies();
// Returns null when there is none of that name.
const Entry* FindStrategy(std::string_view name);

// Makes the strategy that SearchSpec.strategy asks for: a name, or {name: {setting: value}}; null
// means "auto".
// INVALID_ARGUMENT with the field path ("strategy.regularized_evolution.sample: …"). Every strategy
// says Exhausted after its first proposal where the space has one network only.
absl::StatusOr<std::unique_ptr<Strategy>> MakeStrategy(const google::protobuf::Value& spec,
                                                       const Problem& problem);

// Makes a strategy for one that wraps it. `spec` is Settings::Raw(setting), or an element of its
// list. Applies neither `unique` nor the rule for spaces with one network, which the outermost
// does.
absl::StatusOr<std::unique_ptr<Strategy>> MakeNested(const google::protobuf::Value& spec,
                                                     const Problem& problem,
                                                     const std::string& setting);

// Returns `spec` with the name and every default written out. It fails as MakeStrategy does, and
// needs no problem.
absl::StatusOr<google::protobuf::Value> ResolveStrategy(const google::protobuf::Value& spec);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_REGISTRY_H_
