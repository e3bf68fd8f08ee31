#include "common/picture/gnuplot.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace nascent::picture {
namespace {

// Of one panel.
constexpr int kWidth = 900;
constexpr int kHeight = 560;

// Distinct for most readers with a colour weakness too (Okabe and Ito, without the yellow).
constexpr const char* kColours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                    "#56b4e9", "#e69f00", "#666666", "#000000"};

bool IsShare(std::string_view metric) {
  return metric.ends_with("accuracy") || metric.ends_with("mean_iou");
}

std::string Terminal(Format format, int panels) {
  const int width = panels == 1 ? kWidth : 760 * panels;
  switch (format) {
    case Format::kPng:
      return absl::StrFormat(
          "set terminal pngcairo noenhanced size %d,%d font 'sans,16' fontscale 0.9 linewidth "
          "1.5\n",
          width * 3 / 2, kHeight * 3 / 2);
    case Format::kSvg:
      return absl::StrFormat(
          "set terminal svg noenhanced size %d,%d font 'sans,14' background 'white'\n", width,
          kHeight);
    case Format::kPdf:
      return absl::StrFormat("set terminal pdfcairo noenhanced size %.2fin,%.2fin font 'sans,11'\n",
                             width / 110.0, kHeight / 110.0);
  }
  return "";
}

}  // namespace

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') out += '\\';
    out += static_cast<unsigned char>(letter) < ' ' ? ' ' : letter;
  }
  return out + "\"";
}

std::string AxisTitle(std::string_view metric) {
  std::string name(metric);
  std::replace(name.begin(), name.end(), '_', ' ');
  return IsShare(metric) ? name + " (%)" : name;
}

double AxisFactor(std::string_view metric) { return IsShare(metric) ? 100.0 : 1.0; }

std::string StyleScript(Format format, std::string_view title, int panels) {
  std::string script = Terminal(format, panels);
  script +=
      "set encoding utf8\n"
      "set border 3 linecolor '#666666'\n"
      "set xtics nomirror\nset ytics nomirror\nset tics textcolor '#333333'\n"
      "set grid linecolor '#e4e4e4' linetype 1\n"
      "set key above center horizontal Left reverse samplen 2\n";
  for (size_t i = 0; i < std::size(kColours); ++i) {
    absl::StrAppend(&script, "set linetype ", i + 1, " linecolor '", kColours[i], "'\n");
  }
  absl::StrAppend(&script, "set linetype cycle ", std::size(kColours), "\n");
  if (panels == 1) {
    absl::StrAppend(&script, "set title ", Quoted(title), "\n");
  } else {
    absl::StrAppend(&script, "set multiplot layout 1,", panels, " title ", Quoted(title), "\n");
  }
  return script;
}

}  // namespace nascent::picture
