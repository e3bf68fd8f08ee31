#include "client/cli/testing/golden.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "client/cli/style.h"

namespace nascent::cli {

void CompareWithGolden(const std::string& name,
                       const std::function<std::vector<std::string>(int width)>& draw) {
  std::string drawn;
  for (const int width : {40, 80, 120, 0}) {
    drawn += width > 0 ? "== " + std::to_string(width) + " columns ==\n" : "== a pipe ==\n";
    for (const std::string& line : draw(width)) {
      EXPECT_LE(DisplayWidth(line), width > 0 ? width : 1000) << name << ": " << line;
      drawn += line + "\n";
    }
  }
  const std::string path = std::string(NASCENT_GOLDEN_FOLDER) + "/" + name + ".txt";
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets any
  if (std::getenv("NASCENT_RENEW_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << drawn;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  std::stringstream stored;
  stored << file.rdbuf();
  EXPECT_EQ(drawn, stored.str()) << "This is not the screen in " << path
                                 << ". Renew it with\n  NASCENT_RENEW_GOLDEN=1 "
                                 << std::filesystem::read_symlink("/proc/self/exe").string()
                                 << "\nand look at the difference: git diff "
                                 << NASCENT_GOLDEN_FOLDER;
}

}  // namespace nascent::cli
