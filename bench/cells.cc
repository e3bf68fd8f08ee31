#include "bench/cells.h"

#include <array>
#include <fstream>
#include <regex>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "common/random.h"

namespace nascent::bench {
namespace {

constexpr std::array<const char*, 5> kOperations = {"none", "skip_connect", "nor_conv_1x1",
                                                    "nor_conv_3x3", "avg_pool_3x3"};
constexpr int kNodes = 3;  // without the cell's input

// |OP~0|+|OP~0|OP~1|+|OP~0|OP~1|OP~2|
bool IsCell(const std::string& line) {
  std::string operations;
  for (const char* operation : kOperations) {
    absl::StrAppend(&operations, operations.empty() ? "" : "|", operation);
  }
  std::string pattern;
  for (int node = 0; node < kNodes; ++node) {
    absl::StrAppend(&pattern, node == 0 ? "\\|" : "\\+\\|");
    for (int source = 0; source <= node; ++source) {
      absl::StrAppend(&pattern, "(", operations, ")~", source, "\\|");
    }
  }
  return std::regex_match(line, std::regex(pattern));
}

}  // namespace

std::vector<std::string> RandomCells(int count, uint64_t seed) {
  RandomStream random(seed, 0);
  std::vector<std::string> cells;
  for (int i = 0; i < count; ++i) {
    std::string cell;
    for (int node = 0; node < kNodes; ++node) {
      absl::StrAppend(&cell, node == 0 ? "|" : "+|");
      for (int source = 0; source <= node; ++source) {
        absl::StrAppend(&cell, kOperations[random.Below(kOperations.size())], "~", source, "|");
      }
    }
    cells.push_back(std::move(cell));
  }
  return cells;
}

std::vector<std::string> ReadCells(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(absl::StrCat("--cells: can't read ", path));
  std::vector<std::string> cells;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.empty()) continue;
    if (!IsCell(line)) {
      throw std::runtime_error(absl::StrCat(path, ":", number, ": no NAS-Bench-201 cell: ", line));
    }
    cells.push_back(line);
  }
  return cells;
}

}  // namespace nascent::bench
