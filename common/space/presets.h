// The templates that are compiled into the program.

#ifndef NASCENT_COMMON_SPACE_PRESETS_H_
#define NASCENT_COMMON_SPACE_PRESETS_H_

#include <string>
#include <string_view>
#include <vector>

namespace nascent::space {

struct Preset {
  std::string name;
  std::string text;  // the template file
};

// All presets, in the order of their names.
const std::vector<Preset>& Presets();
// Null: no preset is called so.
const Preset* FindPreset(std::string_view name);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_PRESETS_H_
