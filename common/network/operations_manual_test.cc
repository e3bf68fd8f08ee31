#include "common/network/operations_manual.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace nascent::network {
namespace {

TEST(OperationsManual, ThePageInTheManualIsTheTablesOwn) {
  const std::string path = NASCENT_SOURCE_DIR "/docs/operations.md";
  if (std::getenv("NASCENT_WRITE_DOCS") != nullptr) std::ofstream(path) << OperationsManual();
  std::ifstream file(path);
  ASSERT_TRUE(file.is_open()) << path;
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), OperationsManual()) << "Write it anew: see the page's first paragraph.";
}

}  // namespace
}  // namespace nascent::network
