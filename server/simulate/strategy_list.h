// The strategies that a comparison names, and what they are called in its output.

#ifndef NASCENT_SERVER_SIMULATE_STRATEGY_LIST_H_
#define NASCENT_SERVER_SIMULATE_STRATEGY_LIST_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/struct.pb.h"

namespace nascent::simulate {

struct NamedStrategy {
  std::string name;  // as the user wrote it
  google::protobuf::Value spec;
};

// "random,{regularized_evolution: {population: 50, sample: 10}}": what stands in a search file
// under `strategy`, with commas between. INVALID_ARGUMENT as the registry says, or when it can't be
// read.
absl::StatusOr<std::vector<NamedStrategy>> ParseStrategies(std::string_view text);

// The name of one strategy for people: "regularized_evolution(population=50, sample=10)".
std::string NameOf(const google::protobuf::Value& spec);

}  // namespace nascent::simulate

#endif  // NASCENT_SERVER_SIMULATE_STRATEGY_LIST_H_
