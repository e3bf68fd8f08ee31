#include "common/space/testing/small_presets.h"

#include <gtest/gtest.h>

#include <map>

#include "common/space/presets.h"

namespace nascent::space::testing {
namespace {

using Constants = std::map<std::string, Constant, std::less<>>;
using List = std::vector<int64_t>;

const std::map<std::string, Constants>& SmallConstants() {
  static const auto* const kSmall = new std::map<std::string, Constants>{
      {"darts", {{"channels", int64_t{4}}, {"layers", int64_t{6}}}},
      {"enas-macro", {{"channels", int64_t{8}}}},
      {"mlp", {{"layers", int64_t{4}}, {"widest", int64_t{64}}}},
      {"nas-bench-101", {{"channels", int64_t{16}}, {"modules", int64_t{1}}}},
      {"nas-bench-201", {{"channels", int64_t{8}}, {"cells", int64_t{1}}}},
      {"nas-bench-macro", {{"channels", int64_t{8}}, {"features", int64_t{64}}}},
      {"nasnet", {{"channels", int64_t{4}}, {"layers", int64_t{3}}}},
      {"resnet-size", {{"channels", int64_t{8}}, {"depths", List{1, 2, 3}}}},
      {"resnet-tabular", {{"narrowest", int64_t{8}}, {"widest", int64_t{64}}}},
      {"unet", {{"channels", List{4, 8}}}},
  };
  return *kSmall;
}

}  // namespace

std::vector<std::string> PresetNames() {
  std::vector<std::string> names;
  for (const Preset& preset : Presets()) names.push_back(preset.name);
  return names;
}

std::shared_ptr<const Space> SmallSpace(const std::string& preset, const network::Shape& input) {
  SpaceOptions options;
  options.input = input;
  if (const auto found = SmallConstants().find(preset); found != SmallConstants().end()) {
    options.set = found->second;
  }
  const Preset* found = FindPreset(preset);
  EXPECT_NE(found, nullptr) << preset;
  if (found == nullptr) return nullptr;
  auto space = Space::Parse(found->text, preset, options);
  EXPECT_TRUE(space.ok()) << space.status();
  return space.ok() ? *space : nullptr;
}

}  // namespace nascent::space::testing
