// Every search in examples/ is read without errors.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "common/spec/search_file.h"

namespace nascent::spec {
namespace {

TEST(Examples, AreAllReadable) {
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(NASCENT_EXAMPLES)) {
    // A template is no search.
    if (entry.path().extension() != ".yaml" || entry.path().stem() == "two-streams") continue;
    const auto file = ReadSearchFile(entry.path().string());
    EXPECT_TRUE(file.ok()) << file.status();
    ++count;
  }
  EXPECT_GE(count, 3);
}

}  // namespace
}  // namespace nascent::spec
