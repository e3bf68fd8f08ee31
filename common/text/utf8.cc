#include "common/text/utf8.h"

#include <utf8.h>

#include <iterator>

namespace nascent::text {

bool IsUtf8(std::string_view text) { return utf8::is_valid(text.begin(), text.end()); }

std::string_view SoundUtf8(std::string_view text) {
  return text.substr(
      0, static_cast<size_t>(utf8::find_invalid(text.begin(), text.end()) - text.begin()));
}

std::string_view CutUtf8(std::string_view text, size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

std::string RepairUtf8(std::string_view text, char32_t replacement) {
  std::string repaired;
  repaired.reserve(text.size());
  utf8::replace_invalid(text.begin(), text.end(), std::back_inserter(repaired), replacement);
  return repaired;
}

}  // namespace nascent::text
