#include "client/cli/table.h"

#include <algorithm>
#include <numeric>

namespace nascent::cli {
namespace {

constexpr int kGap = 2;
constexpr int kNarrowest = 8;  // of the flexible column

std::string Fit(const std::string& text, int width, bool right, bool last) {
  const std::string shortened = Shorten(text, width);
  if (right) return PadLeft(shortened, width);
  return last ? shortened : PadRight(shortened, width);
}

}  // namespace

std::vector<std::string> Table::Lines(int width, const Style& style) const {
  std::vector<int> widths;
  for (size_t c = 0; c < columns_.size(); ++c) {
    int widest = DisplayWidth(columns_[c].title);
    for (const auto& row : rows_) widest = std::max(widest, DisplayWidth(row[c].text));
    widths.push_back(widest);
  }
  const int gaps = kGap * (static_cast<int>(columns_.size()) - 1);
  const int total = std::accumulate(widths.begin(), widths.end(), gaps);
  if (width > 0 && total > width) {
    for (size_t c = 0; c < columns_.size(); ++c) {
      if (columns_[c].flexible) widths[c] = std::max(kNarrowest, widths[c] - (total - width));
    }
  }
  std::vector<std::string> lines;
  const std::string gap(kGap, ' ');
  std::string title;
  for (size_t c = 0; c < columns_.size(); ++c) {
    if (c > 0) title += gap;
    title += Fit(columns_[c].title, widths[c], columns_[c].right, c + 1 == columns_.size());
  }
  lines.push_back(style.Paint(title, Ink::kDim));
  for (const auto& row : rows_) {
    std::string line;
    for (size_t c = 0; c < columns_.size(); ++c) {
      if (c > 0) line += gap;
      line += style.Paint(Fit(row[c].text, widths[c], columns_[c].right, c + 1 == columns_.size()),
                          row[c].ink);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace nascent::cli
