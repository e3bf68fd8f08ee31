#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "client/cli/numbers.h"
#include "client/cli/plot.h"
#include "client/cli/style.h"

namespace nascent::cli {
namespace {

// Signs at places in [0, 1] × [0, 1], y upwards; a later sign covers an earlier one.
class Canvas {
 public:
  Canvas(int columns, int lines)
      : columns_(columns), lines_(lines), signs_(static_cast<size_t>(columns * lines)) {}

  void Put(double x, double y, const char* sign, Ink ink) {
    const auto column = static_cast<int>(std::lround(x * (columns_ - 1)));
    const auto line = static_cast<int>(std::lround((1 - y) * (lines_ - 1)));
    const int cell =
        std::clamp(line, 0, lines_ - 1) * columns_ + std::clamp(column, 0, columns_ - 1);
    signs_[static_cast<size_t>(cell)] = {sign, ink};
  }

  std::string Line(int line, const Style& style) const {
    std::string out;
    for (int c = 0; c < columns_; ++c) {
      const auto& [sign, ink] = signs_[static_cast<size_t>(line * columns_ + c)];
      out += style.Paint(sign, ink);
    }
    return out;
  }

 private:
  struct Sign {
    const char* text = " ";
    Ink ink = Ink::kPlain;
  };

  const int columns_;
  const int lines_;
  std::vector<Sign> signs_;
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
    canvas.Put(x.Place(point.x), y.Place(point.y), "•", Ink::kAccent);
  }
  for (const PlotPoint& point : data.front) {
    canvas.Put(x.Place(point.x), y.Place(point.y), "◆", Ink::kBusy);
  }
  for (const PlotPoint& point : data.winner) {
    canvas.Put(x.Place(point.x), y.Place(point.y), "★", Ink::kGood);
  }

  std::vector<std::string> out;
  out.push_back(absl::StrCat(style.Paint(absl::StrCat(data.y_metric, "   "), Ink::kDim),
                             style.Paint("•", Ink::kAccent), style.Paint(" trial  ", Ink::kDim),
                             style.Paint("◆", Ink::kBusy), style.Paint(" front  ", Ink::kDim),
                             style.Paint("★", Ink::kGood), style.Paint(" winner", Ink::kDim)));
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
