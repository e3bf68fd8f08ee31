#include <algorithm>
#include <cmath>
#include <iterator>

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

double Place(const PlotAxis& axis, double value) {
  if (axis.high <= axis.low) return 0.5;
  if (axis.log) {
    return (std::log(value) - std::log(axis.low)) / (std::log(axis.high) - std::log(axis.low));
  }
  return (value - axis.low) / (axis.high - axis.low);
}

// What stands at an end of an axis: the outermost value that is there, not the margin's.
std::string EndText(const PlotData& data, bool x, bool high) {
  const PlotAxis& axis = x ? data.x : data.y;
  if (!axis.options.empty()) return high ? axis.options.back() : axis.options.front();
  double end = high ? -HUGE_VAL : HUGE_VAL;
  for (const PlotSeries& series : data.series) {
    for (const PlotPoint& point : series.points) {
      const double value = x ? point.x : point.y;
      end = high ? std::max(end, value) : std::min(end, value);
    }
  }
  return FormatMetric(axis.name, end);
}

// The same without margins, so that the ends of the axes are those of what is there.
PlotAxis Tight(const PlotData& data, bool x) {
  PlotAxis axis = x ? data.x : data.y;
  if (!axis.options.empty()) return axis;
  axis.low = HUGE_VAL;
  axis.high = -HUGE_VAL;
  for (const PlotSeries& series : data.series) {
    for (const PlotPoint& point : series.points) {
      axis.low = std::min(axis.low, x ? point.x : point.y);
      axis.high = std::max(axis.high, x ? point.x : point.y);
    }
  }
  return axis;
}

// Signs for the series of a comparison, used again from the start where there are more.
constexpr const char* kSigns[] = {"•", "×", "+", "o", "▪", "▴"};
constexpr Ink kInks[] = {Ink::kAccent, Ink::kBusy, Ink::kGood, Ink::kBad, Ink::kPlain, Ink::kDim};

struct LegendEntry {
  std::string sign;
  Ink ink;
  std::string text;
};

std::vector<LegendEntry> DrawPoints(const PlotData& data, const PlotAxis& x, const PlotAxis& y,
                                    Canvas& canvas) {
  std::vector<LegendEntry> legend;
  const auto put = [&](const std::vector<PlotPoint>& points, const char* sign, Ink ink) {
    for (const PlotPoint& point : points)
      canvas.Put(Place(x, point.x), Place(y, point.y), sign, ink);
  };
  if (data.kind == PlotData::Kind::kTrials && data.series.size() == 1) {
    const PlotSeries& series = data.series[0];
    legend.push_back({"•", Ink::kAccent, "trial"});
    put(series.points, "•", Ink::kAccent);
    if (std::any_of(series.points.begin(), series.points.end(),
                    [](const PlotPoint& point) { return !point.feasible; })) {
      legend.push_back({"·", Ink::kDim, "outside the constraints"});
      for (const PlotPoint& point : series.points) {
        if (!point.feasible) canvas.Put(Place(x, point.x), Place(y, point.y), "·", Ink::kDim);
      }
    }
    if (!series.front.empty()) {
      legend.push_back({"◆", Ink::kBusy, x.name == "number" ? "best so far" : "front"});
      put(series.front, "◆", Ink::kBusy);
    }
    if (!data.winner.empty()) legend.push_back({"★", Ink::kGood, "winner"});
    put(data.winner, "★", Ink::kGood);
    return legend;
  }
  if (data.kind == PlotData::Kind::kCurves) {
    for (const PlotSeries& series : data.series) put(series.points, "•", Ink::kAccent);
    legend.push_back({"•", Ink::kAccent, "trial"});
    if (data.winner.empty()) return legend;
    legend.push_back({"★", Ink::kGood, absl::StrCat("winner, #", data.winner[0].number)});
    for (const PlotSeries& series : data.series) {
      if (series.points[0].number == data.winner[0].number) put(series.points, "★", Ink::kGood);
    }
    return legend;
  }
  for (size_t i = 0; i < data.series.size(); ++i) {
    const PlotSeries& series = data.series[i];
    const char* sign = kSigns[i % std::size(kSigns)];
    const Ink ink = kInks[i % std::size(kInks)];
    legend.push_back({sign, ink, series.title});
    put(data.kind == PlotData::Kind::kProgress ? series.front : series.points, sign, ink);
  }
  return legend;
}

// The options' names below their places, those that have room.
std::string OptionLine(const PlotAxis& axis, int columns) {
  std::string line;
  for (size_t i = 0; i < axis.options.size(); ++i) {
    const std::string& name = axis.options[i];
    const double middle = Place(axis, static_cast<double>(i)) * (columns - 1);
    const int begin = std::max(0, static_cast<int>(std::lround(middle)) - DisplayWidth(name) / 2);
    if (i > 0 && begin <= DisplayWidth(line)) continue;
    if (begin + DisplayWidth(name) > columns) continue;
    line = PadRight(line, begin) + name;
  }
  return line;
}

// As many entries a line as fit.
std::vector<std::string> LegendLines(const std::string& title,
                                     const std::vector<LegendEntry>& legend, int width,
                                     const Style& style) {
  std::vector<std::string> lines = {style.Paint(Shorten(title, width), Ink::kDim)};
  for (const LegendEntry& entry : legend) {
    const std::string text = Shorten(entry.text, width - 2);
    const std::string painted =
        absl::StrCat(style.Paint(entry.sign, entry.ink), " ", style.Paint(text, Ink::kDim));
    if (DisplayWidth(lines.back()) + 5 + DisplayWidth(text) <= width) {
      absl::StrAppend(&lines.back(), "   ", painted);
    } else {
      lines.push_back(painted);
    }
  }
  return lines;
}

}  // namespace

std::vector<std::string> DrawOnTerminal(const PlotData& data, int width, int height, bool colours) {
  const Style style(colours);
  const PlotAxis x = Tight(data, true);
  const PlotAxis y = Tight(data, false);
  const std::string top = Shorten(EndText(data, false, true), width / 3);
  const std::string bottom = Shorten(EndText(data, false, false), width / 3);
  const int margin = std::max(DisplayWidth(top), DisplayWidth(bottom)) + 2;
  const int columns = std::max(10, width - margin - 1);

  // Options leave no room for the name of what they belong to.
  const std::string title = absl::StrCat(
      Words(data.y.name), x.options.empty() ? "" : absl::StrCat(" by ", Words(data.x.name)));
  // Where the legend ends is known only when all is drawn.
  Canvas sketch(1, 1);
  std::vector<std::string> out = LegendLines(title, DrawPoints(data, x, y, sketch), width, style);
  const int lines = std::max(4, height - 2 - static_cast<int>(out.size()));
  Canvas canvas(columns, lines);
  DrawPoints(data, x, y, canvas);
  for (int line = 0; line < lines; ++line) {
    const std::string label = line == 0 ? top : line == lines - 1 ? bottom : "";
    out.push_back(absl::StrCat(style.Paint(PadLeft(label, margin - 2), Ink::kDim),
                               style.Paint(" ┤", Ink::kDim), canvas.Line(line, style)));
  }
  std::string axis(static_cast<size_t>(margin - 1), ' ');
  axis += "└";
  for (int c = 0; c < columns; ++c) axis += "─";
  out.push_back(style.Paint(axis, Ink::kDim));
  if (!x.options.empty()) {
    out.push_back(style.Paint(
        std::string(static_cast<size_t>(margin), ' ') + OptionLine(x, columns), Ink::kDim));
    return out;
  }
  const std::string left = Shorten(EndText(data, true, false), columns / 3);
  const std::string right = Shorten(EndText(data, true, true), columns / 3);
  const int room = columns - DisplayWidth(left) - DisplayWidth(right);
  const std::string name =
      Shorten(absl::StrCat(data.x.name == "number" ? "trial" : Words(data.x.name),
                           data.x.log ? " (log scale)" : ""),
              std::max(0, room - 2));
  const std::string middle =
      PadRight(PadLeft(name, (room + DisplayWidth(name)) / 2), std::max(0, room));
  out.push_back(style.Paint(
      absl::StrCat(std::string(static_cast<size_t>(margin), ' '), left, middle, right), Ink::kDim));
  return out;
}

}  // namespace nascent::cli
