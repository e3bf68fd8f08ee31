// From what a user writes of a strategy to its settings, complete and checked.

#ifndef NASCENT_SERVER_STRATEGY_SETTINGS_RESOLUTION_H_
#define NASCENT_SERVER_STRATEGY_SETTINGS_RESOLUTION_H_

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/struct.pb.h"
#include "server/strategy/registry.h"

namespace nascent::strategy {

// Returns {name: {setting: value}} with every setting of the strategy, those that are strategies
// themselves included. `spec`: a name, {name: {setting: value}}, or null for "auto".
// INVALID_ARGUMENT names the field, which begins with `path`, what was found and what is allowed.
absl::StatusOr<google::protobuf::Value> ResolveAt(const google::protobuf::Value& spec,
                                                  const std::string& path);

// Returns the strategy of that name. INVALID_ARGUMENT lists those that there are.
absl::StatusOr<const Entry*> LookUp(const std::string& name, const std::string& path);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SETTINGS_RESOLUTION_H_
