#include "client/cli/style.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"

namespace nascent::cli {
namespace {

constexpr char kEscape = '\x1b';

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// Of "59.6k", "87.12 %" without the sign, "1e-05".
bool IsPartOfNumber(char byte) {
  return absl::ascii_isalnum(static_cast<unsigned char>(byte)) || byte == '.' || byte == '-';
}

// Between the words of a name or a path, but not within a number.
bool IsBetweenWords(std::string_view text, size_t place) {
  if (text[place] == '_') return true;
  return (text[place] == '.' || text[place] == '-') && place + 1 < text.size() &&
         absl::ascii_isalpha(static_cast<unsigned char>(text[place + 1]));
}

// Where to break a word of which `fit` bytes fit: after a mark of a notation, else between words,
// else where the line ends.
size_t EndOfPart(std::string_view word, size_t fit) {
  const size_t mark = word.substr(0, fit).find_last_of("|+,;:/");
  if (mark != std::string_view::npos && mark > 0) return mark + 1;
  for (size_t end = fit; end > 1; --end) {
    if (IsBetweenWords(word, end - 1)) return end;
  }
  return fit;
}

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
  bool word = false;     // within one
  size_t number = 0;     // where it began in `out`
  bool numeric = false;  // it is a number
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == kEscape) {
      const size_t end = std::min(line.find('m', i), line.size() - 1);
      out += line.substr(i, end - i + 1);
      coloured = true;
      i = end;
      continue;
    }
    const bool part = IsPartOfNumber(line[i]);
    if (!IsContinuation(line[i]) && ++columns == width) {
      if (part && word && numeric) out.resize(number);
      break;
    }
    if (part && !word) {
      number = out.size();
      numeric = !absl::ascii_isalpha(static_cast<unsigned char>(line[i]));
    }
    word = part;
    out += line[i];
  }
  out += "…";
  return coloured ? out + "\x1b[0m" : out;
}

std::vector<std::string> Wrap(std::string_view text, int width) {
  std::vector<std::string> lines;
  std::string rest(text);
  while (DisplayWidth(rest) > width && width > 0) {
    // The bytes that fit, and within them the last good place.
    size_t fit = 0;
    for (int columns = 0; fit < rest.size(); ++fit) {
      if (!IsContinuation(rest[fit]) && columns++ == width) break;
    }
    size_t end = rest[fit] == ' ' ? fit : rest.substr(0, fit).rfind(' ');
    if (end == std::string::npos || end == 0) {
      end = EndOfPart(rest, fit);
    }
    std::string line = rest.substr(0, end);
    while (line.ends_with(' ')) line.pop_back();
    lines.push_back(std::move(line));
    rest.erase(0, end);
    rest.erase(0, std::min(rest.find_first_not_of(' '), rest.size()));
  }
  if (!rest.empty() || lines.empty()) lines.push_back(std::move(rest));
  return lines;
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
