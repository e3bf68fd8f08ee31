// What a user says about a space beside its template, and what a template says of itself.

#ifndef NASCENT_COMMON_SPACE_SPACE_OPTIONS_H_
#define NASCENT_COMMON_SPACE_SPACE_OPTIONS_H_

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "common/network/network.h"
#include "common/space/decisions/domain.h"

namespace nascent::space {

// A constant's value as the user sets it.
using Constant = std::variant<int64_t, double, bool, std::string, std::vector<int64_t>>;

// What the output of a network must be for the data's classes.
enum class OutputRule {
  kAny,
  kPerExample,  // [classes]
  kPerPixel,    // [classes, height, width] of the input
  kEither,      // one of the two
};

struct SpaceOptions {
  std::map<std::string, Constant, std::less<>> set = {};
  network::Shape input = {3, 32, 32};
  int64_t classes = 10;
  OutputRule output = OutputRule::kAny;
  // Recipe fields that are searched with the architecture: path → domain. They follow the
  // template's own decisions, in the map's order. A path below an option of another decision, as
  // recipe.optimizer.adam.beta1 is below the option adam of recipe.optimizer, is active where that
  // option is chosen.
  std::map<std::string, Domain, std::less<>> recipe_decisions = {};
  // Build what exists only while training (auxiliary heads).
  bool training_parts = false;
};

struct KnownArchitecture {
  std::string name;      // "darts-v2"
  std::string notation;  // in the space's notation, or JSON
  std::map<std::string, Constant, std::less<>> set;
  std::string source;
};

// A constant of a template, with the value that counts.
struct ConstantInfo {
  std::string name;
  Constant value;
  std::string description;
};

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_SPACE_OPTIONS_H_
