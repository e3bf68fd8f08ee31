#include "bench/live_network.h"

#include <stdexcept>

#include "bench/or_throw.h"
#include "common/space/presets.h"
#include "common/space/space.h"

namespace nascent::bench {

network::Network LiveNetwork(const network::Shape& input, int64_t channels, int64_t cells) {
  space::SpaceOptions options;
  options.set = {{"channels", channels}, {"cells", cells}};
  options.input = input;
  options.classes = 10;
  const space::Preset* preset = space::FindPreset("nas-bench-201");
  if (preset == nullptr) throw std::runtime_error("no preset nas-bench-201");
  const auto space = OrThrow(space::Space::Parse(preset->text, preset->name, options));
  return OrThrow(space->BuildArchitecture(OrThrow(space->Read(kCell)))).live;
}

}  // namespace nascent::bench
