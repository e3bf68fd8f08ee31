#include "server/strategy/manual_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "server/strategy/registry.h"

namespace nascent::strategy {
namespace {

std::string Read(const std::string& name) {
  std::ifstream file(std::string(NASCENT_SOURCE_DIR) + "/docs/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(StrategyManualTest, ThePageOfSettingsFollowsTheRegistry) {
  if (std::getenv("NASCENT_WRITE_DOCS") != nullptr) {
    std::ofstream(std::string(NASCENT_SOURCE_DIR) + "/docs/strategy-settings.md")
        << StrategyManual();
  }
  EXPECT_EQ(Read("strategy-settings.md"), StrategyManual());
}

TEST(StrategyManualTest, TheGuideNamesEveryStrategy) {
  const std::string guide = Read("strategies.md");
  for (const Entry& entry : AllStrategies()) {
    EXPECT_THAT(guide, ::testing::HasSubstr("`" + entry.name + "`"));
  }
}

}  // namespace
}  // namespace nascent::strategy
