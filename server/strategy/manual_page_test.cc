#include "server/strategy/manual_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "common/text/testing/page_check.h"
#include "server/strategy/registry.h"

namespace nascent::strategy {
namespace {

std::string Read(const std::string& name) {
  std::ifstream file(std::string(NASCENT_SOURCE_DIR) + "/" + name);
  EXPECT_TRUE(file.is_open()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(StrategyManualTest, ThePageOfSettingsFollowsTheRegistry) {
  EXPECT_TRUE(text::testing::PageHolds(NASCENT_SOURCE_DIR "/docs/strategy-settings.md",
                                       StrategyManual(), "strategy_manual_test"));
}

TEST(StrategyManualTest, EveryEntryStandsInTheRegistry) {
  const std::string registry = Read("server/strategy/registry.cc");
  std::istringstream entries(Read("server/strategy/entries.h"));
  size_t count = 0;
  for (std::string line; std::getline(entries, line);) {
    if (!line.starts_with("Entry ")) continue;
    const std::string call = line.substr(6, line.find(')') - 5);
    EXPECT_THAT(registry, ::testing::HasSubstr("      " + call + ",\n"));
    ++count;
  }
  EXPECT_EQ(count, AllStrategies().size());
}

TEST(StrategyManualTest, TheGuideNamesEveryStrategy) {
  const std::string guide = Read("docs/strategies.md");
  for (const Entry& entry : AllStrategies()) {
    EXPECT_THAT(guide, ::testing::HasSubstr("`" + entry.name + "`"));
  }
}

TEST(StrategyManualTest, EveryStrategyHasACaseInASharedSuite) {
  std::string suites;
  for (const char* folder : {"", "learned/", "surrogate/"}) {
    suites += Read(std::string("server/strategy/") + folder + "conformance_test.cc");
  }
  for (const Entry& entry : AllStrategies()) {
    // What somebody outside proposes is not a pure function of the log.
    if (entry.outside) continue;
    EXPECT_THAT(suites, ::testing::HasSubstr("\"" + entry.name + "\""))
        << "name " << entry.name << " in a conformance_test.cc below server/strategy";
  }
}

}  // namespace
}  // namespace nascent::strategy
