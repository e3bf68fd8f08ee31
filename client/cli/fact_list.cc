#include "client/cli/fact_list.h"

#include <algorithm>

namespace nascent::cli {

std::vector<std::string> FactList::Lines(int width, const Style& style) const {
  constexpr int kIndent = 2;
  constexpr int kBelowIndent = 4;
  constexpr int kNarrowest = 24;  // of the values' column, for one that has to be broken
  int names = 0;
  for (const Fact& fact : facts_) names = std::max(names, DisplayWidth(fact.name));
  const int column = kIndent + names + 2;
  std::vector<std::string> lines;
  for (const Fact& fact : facts_) {
    std::string name(kIndent, ' ');
    if (width > 0 && column + DisplayWidth(fact.value) > width && width - column < kNarrowest) {
      lines.push_back(name + style.Paint(fact.name, Ink::kDim));
      for (const std::string& part : Wrap(fact.value, width - kBelowIndent)) {
        lines.push_back(std::string(kBelowIndent, ' ') + style.Paint(part, fact.ink));
      }
      continue;
    }
    name += style.Paint(PadRight(fact.name, names + 2), Ink::kDim);
    for (const std::string& part : Wrap(fact.value, width > 0 ? width - column : 0)) {
      lines.push_back(name + style.Paint(part, fact.ink));
      name = std::string(static_cast<size_t>(column), ' ');
    }
  }
  return lines;
}

}  // namespace nascent::cli
