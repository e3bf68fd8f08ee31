#include "bench/cells.h"

#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nascent::bench {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string Write(const std::string& text) {
  const std::string path = ::testing::TempDir() + "/cells.txt";
  std::ofstream(path) << text;
  return path;
}

std::string ErrorOf(const std::string& path) {
  try {
    ReadCells(path);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(CellsTest, RandomCellsRepeatWithTheirSeedAndCanBeReadBack) {
  const std::vector<std::string> cells = RandomCells(60, 1);
  EXPECT_THAT(cells, SizeIs(60));
  EXPECT_EQ(RandomCells(60, 1), cells);
  EXPECT_NE(RandomCells(60, 2), cells);
  EXPECT_GT(std::set<std::string>(cells.begin(), cells.end()).size(), 50);
  std::string text;
  for (const std::string& cell : cells) text += cell + "\n\n";
  EXPECT_EQ(ReadCells(Write(text)), cells);
}

TEST(CellsTest, WhatIsNoCellIsNamedWithItsLine) {
  const std::string cell = RandomCells(1, 1)[0];
  EXPECT_THAT(ErrorOf(Write(cell + "\n|nor_conv_5x5~0|\n")), HasSubstr("cells.txt:2: "));
  EXPECT_THAT(ErrorOf(Write(cell + " " + cell)), HasSubstr("cells.txt:1: "));
  EXPECT_THAT(ErrorOf("/nowhere"), HasSubstr("/nowhere"));
}

}  // namespace
}  // namespace nascent::bench
