#include "client/cli/style.h"

#include <algorithm>
#include <cmath>

namespace nascent::cli {
namespace {

constexpr char kEscape = '\x1b';

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

std::string Repeat(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

}  // namespace

std::string Style::Paint(std::string_view text, Ink ink) const {
  const char* code = "";
  switch (ink) {
    case Ink::kPlain:
      return std::string(text);
    case Ink::kBold:
      code = "1";
      break;
    case Ink::kDim:
      code = "2";
      break;
    case Ink::kGood:
      code = "32";
      break;
    case Ink::kBad:
      code = "31";
      break;
    case Ink::kBusy:
      code = "33";
      break;
    case Ink::kAccent:
      code = "36";
      break;
  }
  if (!colours_ || text.empty()) return std::string(text);
  return std::string("\x1b[") + code + "m" + std::string(text) + "\x1b[0m";
}

int DisplayWidth(std::string_view text) {
  int width = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == kEscape) {
      while (i < text.size() && text[i] != 'm') ++i;
      continue;
    }
    if (!IsContinuation(text[i])) ++width;
  }
  return width;
}

std::string Shorten(std::string_view text, int width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width <= 0) return "";
  size_t end = 0;
  int columns = 0;
  while (end < text.size()) {
    if (!IsContinuation(text[end]) && columns++ == width - 1) break;
    ++end;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string Clip(std::string_view line, int width) {
  if (DisplayWidth(line) <= width) return std::string(line);
  std::string out;
  int columns = 0;
  bool coloured = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == kEscape) {
      const size_t end = std::min(line.find('m', i), line.size() - 1);
      out += line.substr(i, end - i + 1);
      coloured = true;
      i = end;
      continue;
    }
    if (!IsContinuation(line[i]) && columns++ == width) break;
    out += line[i];
  }
  return coloured ? out + "\x1b[0m" : out;
}

std::string PadRight(std::string_view text, int width) {
  return std::string(text) +
         std::string(static_cast<size_t>(std::max(0, width - DisplayWidth(text))), ' ');
}

std::string PadLeft(std::string_view text, int width) {
  return std::string(static_cast<size_t>(std::max(0, width - DisplayWidth(text))), ' ') +
         std::string(text);
}

std::string Bar(double share, int width, const Style& style) {
  const double bounded = std::isfinite(share) ? std::clamp(share, 0.0, 1.0) : 0.0;
  const int halves = static_cast<int>(std::floor(bounded * width * 2 + 1e-9));
  const int full = halves / 2;
  const bool half = halves % 2 == 1;
  return style.Paint(Repeat("━", full) + (half ? "╸" : ""), Ink::kGood) +
         style.Paint(Repeat("─", width - full - (half ? 1 : 0)), Ink::kDim);
}

}  // namespace nascent::cli
