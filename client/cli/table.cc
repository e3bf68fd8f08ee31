#include "client/cli/table.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "absl/strings/str_split.h"

namespace nascent::cli {
namespace {

constexpr int kGap = 2;
constexpr int kBelowIndent = 4;
// Of a column `below` that stays in its row, where it does not ask for more.
constexpr int kNarrowestInRow = 28;
constexpr int kPipe = 160;

std::string Fit(const std::string& text, int width, bool right, bool last) {
  const std::string shortened = Shorten(text, width);
  if (right) return PadLeft(shortened, width);
  return last ? shortened : PadRight(shortened, width);
}

int Narrowest(const Table::Column& column) {
  return column.below ? std::max(column.narrowest, kNarrowestInRow) : column.narrowest;
}

int WidestWord(const std::string& title) {
  int widest = 0;
  for (const auto word : absl::StrSplit(title, ' ')) {
    widest = std::max(widest, DisplayWidth(std::string(word)));
  }
  return widest;
}

// The words of a title in lines of at most `width` columns.
std::vector<std::string> TitleLines(const std::string& title, int width) {
  std::vector<std::string> lines(1);
  for (const auto part : absl::StrSplit(title, ' ')) {
    const std::string word(part);
    const int wanted = DisplayWidth(lines.back()) + 1 + DisplayWidth(word);
    if (lines.back().empty()) {
      lines.back() = word;
    } else if (wanted <= width) {
      lines.back() += " " + word;
    } else {
      lines.push_back(word);
    }
  }
  return lines;
}

}  // namespace

struct Table::Layout {
  std::vector<size_t> shown;    // columns of a row
  std::vector<int> widths;      // of each column
  std::optional<size_t> below;  // the column under each row
  int Total() const {
    int total = kGap * std::max(0, static_cast<int>(shown.size()) - 1);
    for (const size_t column : shown) total += widths[column];
    return total;
  }
};

// A genotype is cut before a number, a name anywhere.
std::string Table::Shortened(size_t column, const std::string& text, int width) const {
  return columns_[column].below ? Clip(text, width) : Shorten(text, width);
}

int Table::WidestCell(size_t column) const {
  int widest = 0;
  for (const auto& row : rows_) widest = std::max(widest, DisplayWidth(row[column].text));
  return widest;
}

Table::Layout Table::LayOut(int width) const {
  Layout layout;
  layout.shown.resize(columns_.size());
  std::iota(layout.shown.begin(), layout.shown.end(), size_t{0});
  for (size_t c = 0; c < columns_.size(); ++c) {
    layout.widths.push_back(std::max(DisplayWidth(columns_[c].title), WidestCell(c)));
  }
  if (width <= 0) {
    int& last = layout.widths.back();
    const int room = kPipe - (layout.Total() - last);
    if (columns_.back().below) last = std::min(last, std::max(room, kNarrowestInRow));
    return layout;
  }
  if (layout.Total() <= width) return layout;
  for (size_t c = 0; c < columns_.size(); ++c) {
    layout.widths[c] = std::max(WidestWord(columns_[c].title), WidestCell(c));
  }
  // What a row is left with when all that may be shortened is as narrow as it can be.
  const auto least = [&] {
    int total = kGap * std::max(0, static_cast<int>(layout.shown.size()) - 1);
    for (const size_t c : layout.shown) {
      const Column& column = columns_[c];
      total += column.flexible || column.below ? std::min(layout.widths[c], Narrowest(column))
                                               : layout.widths[c];
    }
    return total;
  };
  if (least() > width && columns_.back().below) {
    layout.below = columns_.size() - 1;
    layout.shown.pop_back();
  }
  while (least() > width) {
    auto sparest = layout.shown.end();
    for (auto it = layout.shown.begin(); it != layout.shown.end(); ++it) {
      const int spare = columns_[*it].spare;
      if (spare > 0 && (sparest == layout.shown.end() || spare >= columns_[*sparest].spare)) {
        sparest = it;
      }
    }
    if (sparest == layout.shown.end()) break;
    layout.shown.erase(sparest);
  }
  // The widest of what may be shortened gives first.
  while (layout.Total() > width) {
    int* widest = nullptr;
    for (const size_t c : layout.shown) {
      const Column& column = columns_[c];
      if (!column.flexible && !column.below) continue;
      if (layout.widths[c] <= Narrowest(column)) continue;
      if (widest == nullptr || layout.widths[c] > *widest) widest = &layout.widths[c];
    }
    if (widest == nullptr) break;
    --*widest;
  }
  return layout;
}

std::vector<std::string> Table::Lines(int width, const Style& style) const {
  const Layout layout = LayOut(width);
  std::vector<std::string> lines;
  const std::string gap(kGap, ' ');
  std::vector<std::vector<std::string>> titles;
  size_t height = 1;
  for (const size_t c : layout.shown) {
    titles.push_back(TitleLines(columns_[c].title, layout.widths[c]));
    height = std::max(height, titles.back().size());
  }
  for (size_t line = 0; line < height; ++line) {
    std::string text;
    for (size_t i = 0; i < layout.shown.size(); ++i) {
      const Column& column = columns_[layout.shown[i]];
      // Titles stand directly above their column.
      const size_t first = height - titles[i].size();
      const std::string part = line < first ? "" : titles[i][line - first];
      if (i > 0) text += gap;
      text += Fit(part, layout.widths[layout.shown[i]], column.right, i + 1 == layout.shown.size());
    }
    while (text.ends_with(' ')) text.pop_back();
    lines.push_back(style.Paint(text, Ink::kDim));
  }
  for (const auto& row : rows_) {
    std::vector<std::vector<std::string>> cells;
    size_t tall = 1;
    for (const size_t c : layout.shown) {
      const int room = layout.widths[c];
      cells.push_back(columns_[c].wrap ? Wrap(row[c].text, room)
                                       : std::vector<std::string>{Shortened(c, row[c].text, room)});
      tall = std::max(tall, cells.back().size());
    }
    for (size_t part = 0; part < tall; ++part) {
      std::string line;
      for (size_t i = 0; i < layout.shown.size(); ++i) {
        const size_t c = layout.shown[i];
        const std::string text = part < cells[i].size() ? cells[i][part] : "";
        if (i > 0) line += gap;
        line += style.Paint(
            Fit(text, layout.widths[c], columns_[c].right, i + 1 == layout.shown.size()),
            row[c].ink);
      }
      if (!style.colours()) {
        while (line.ends_with(' ')) line.pop_back();
      }
      lines.push_back(std::move(line));
    }
    if (layout.below && !row[*layout.below].text.empty()) {
      const Cell& cell = row[*layout.below];
      const int room = width - kBelowIndent;
      const auto parts = columns_[*layout.below].wrap
                             ? Wrap(cell.text, room)
                             : std::vector<std::string>{Shortened(*layout.below, cell.text, room)};
      for (const std::string& part : parts) {
        lines.push_back(std::string(kBelowIndent, ' ') + style.Paint(part, cell.ink));
      }
    }
  }
  return lines;
}

}  // namespace nascent::cli
