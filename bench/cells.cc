#include "bench/cells.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/random.h"

namespace nascent::bench {
namespace {

constexpr std::array<const char*, 5> kOperations = {"none", "skip_connect", "nor_conv_1x1",
                                                    "nor_conv_3x3", "avg_pool_3x3"};
constexpr int kNodes = 3;  // without the cell's input

// |OP~0|+|OP~0|OP~1|+|OP~0|OP~1|OP~2|
bool IsCell(const std::string& line) {
  const std::vector<std::string> nodes = absl::StrSplit(line, '+');
  if (nodes.size() != kNodes) return false;
  for (int node = 0; node < kNodes; ++node) {
    const std::vector<std::string> edges = absl::StrSplit(nodes[node], '|');
    const size_t last = static_cast<size_t>(node) + 2;
    if (edges.size() != last + 1 || !edges[0].empty() || !edges[last].empty()) return false;
    for (int source = 0; source <= node; ++source) {
      const std::string& edge = edges[static_cast<size_t>(source) + 1];
      const bool known = std::any_of(
          kOperations.begin(), kOperations.end(),
          [&](const char* operation) { return edge == absl::StrCat(operation, "~", source); });
      if (!known) return false;
    }
  }
  return true;
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
