#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "client/cli/numbers.h"
#include "client/cli/plot.h"
#include "client/cli/style.h"

namespace nascent::cli {
namespace {

// Characters of 2 × 4 dots each.
class Canvas {
 public:
  Canvas(int columns, int lines)
      : columns_(columns),
        lines_(lines),
        dots_(static_cast<size_t>(columns * lines)),
        ink_(static_cast<size_t>(columns * lines), Ink::kPlain) {}

  // x and y in [0, 1], y upwards. A later, stronger ink wins its character.
  void Dot(double x, double y, Ink ink) {
    const int px =
        std::clamp(static_cast<int>(std::lround(x * (columns_ * 2 - 1))), 0, columns_ * 2 - 1);
    const int py =
        std::clamp(static_cast<int>(std::lround((1 - y) * (lines_ * 4 - 1))), 0, lines_ * 4 - 1);
    constexpr unsigned kBits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    const auto cell = static_cast<size_t>((py / 4) * columns_ + px / 2);
    dots_[cell] |= kBits[py % 4][px % 2];
    ink_[cell] = ink;
  }

  void Mark(double x, double y, const char* sign) {
    const int column = std::clamp(static_cast<int>(x * columns_), 0, columns_ - 1);
    const int line = std::clamp(static_cast<int>((1 - y) * lines_), 0, lines_ - 1);
    mark_cell_ = line * columns_ + column;
    mark_ = sign;
  }

  std::string Line(int line, const Style& style) const {
    std::string out;
    for (int c = 0; c < columns_; ++c) {
      const int cell = line * columns_ + c;
      if (cell == mark_cell_) {
        out += style.Paint(mark_, Ink::kGood);
        continue;
      }
      const unsigned dots = dots_[static_cast<size_t>(cell)];
      if (dots == 0) {
        out += ' ';
        continue;
      }
      // U+2800 + dots in UTF-8.
      const std::string letter = {static_cast<char>(0xE2), static_cast<char>(0xA0 | (dots >> 6)),
                                  static_cast<char>(0x80 | (dots & 0x3F))};
      out += style.Paint(letter, ink_[static_cast<size_t>(cell)]);
    }
    return out;
  }

 private:
  const int columns_;
  const int lines_;
  std::vector<unsigned> dots_;
  std::vector<Ink> ink_;
  int mark_cell_ = -1;
  std::string mark_;
};

struct Axis {
  double low = 0;
  double high = 1;
  bool log = false;

  double Place(double value) const {
    if (high <= low) return 0.5;
    if (log) return (std::log(value) - std::log(low)) / (std::log(high) - std::log(low));
    return (value - low) / (high - low);
  }
};

}  // namespace

std::vector<std::string> DrawOnTerminal(const PlotData& data, int width, int height, bool colours) {
  const Style style(colours);
  Axis x{.log = data.x_log};
  Axis y;
  const auto by_x = [](const PlotPoint& a, const PlotPoint& b) { return a.x < b.x; };
  const auto by_y = [](const PlotPoint& a, const PlotPoint& b) { return a.y < b.y; };
  x.low = std::min_element(data.points.begin(), data.points.end(), by_x)->x;
  x.high = std::max_element(data.points.begin(), data.points.end(), by_x)->x;
  y.low = std::min_element(data.points.begin(), data.points.end(), by_y)->y;
  y.high = std::max_element(data.points.begin(), data.points.end(), by_y)->y;

  const std::string top = FormatMetric(data.y_metric, y.high);
  const std::string bottom = FormatMetric(data.y_metric, y.low);
  const int margin = std::max(DisplayWidth(top), DisplayWidth(bottom)) + 2;
  const int columns = std::max(10, width - margin - 1);
  const int lines = std::max(4, height - 3);
  Canvas canvas(columns, lines);
  for (const PlotPoint& point : data.points) {
    canvas.Dot(x.Place(point.x), y.Place(point.y), Ink::kAccent);
  }
  for (const PlotPoint& point : data.front) {
    canvas.Dot(x.Place(point.x), y.Place(point.y), Ink::kBusy);
  }
  for (const PlotPoint& point : data.winner) canvas.Mark(x.Place(point.x), y.Place(point.y), "★");

  std::vector<std::string> out;
  out.push_back(style.Paint(data.y_metric, Ink::kDim));
  for (int line = 0; line < lines; ++line) {
    const std::string label = line == 0 ? top : line == lines - 1 ? bottom : "";
    out.push_back(absl::StrCat(style.Paint(PadLeft(label, margin - 2), Ink::kDim),
                               style.Paint(" ┤", Ink::kDim), canvas.Line(line, style)));
  }
  std::string axis(static_cast<size_t>(margin - 1), ' ');
  axis += "└";
  for (int c = 0; c < columns; ++c) axis += "─";
  out.push_back(style.Paint(axis, Ink::kDim));
  const std::string left = FormatMetric(data.x_metric, x.low);
  const std::string right = FormatMetric(data.x_metric, x.high);
  const std::string name = absl::StrCat(data.x_metric, data.x_log ? " (log scale)" : "");
  const int room = columns - DisplayWidth(left) - DisplayWidth(right);
  const std::string middle =
      PadRight(PadLeft(name, (room + DisplayWidth(name)) / 2), std::max(0, room));
  out.push_back(style.Paint(
      absl::StrCat(std::string(static_cast<size_t>(margin), ' '), left, middle, right), Ink::kDim));
  return out;
}

}  // namespace nascent::cli
