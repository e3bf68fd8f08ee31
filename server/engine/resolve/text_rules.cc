#include "server/engine/resolve/text_rules.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "server/engine/resolve/field_error.h"

namespace nascent::engine {
namespace {

// Length of the UTF-8 sequence at the start of `text`, 0 where there is none (RFC 3629).
size_t SequenceLength(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, beyond the last code point.
  if (first == 0xE0 && at(1) < 0xA0) return 0;
  if (first == 0xED && at(1) > 0x9F) return 0;
  if (first == 0xF0 && at(1) < 0x90) return 0;
  if (first == 0xF4 && at(1) > 0x8F) return 0;
  return length;
}

bool IsPrintable(std::string_view text) {
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    if (length == 0) return false;
    const auto first = static_cast<unsigned char>(text[0]);
    if (length == 1 && (first < 0x20 || first == 0x7F)) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace

absl::Status CheckText(std::string_view path, std::string_view text, size_t minimum,
                       size_t maximum) {
  if (text.size() < minimum || text.size() > maximum) {
    return FieldError(path, absl::StrCat(text.size(), " bytes"),
                      absl::StrCat(minimum, " to ", maximum, " bytes"));
  }
  if (!IsPrintable(text)) {
    return FieldError(
        path,
        absl::StrCat("\"", absl::CHexEscape(absl::string_view(text.data(), text.size())), "\""),
        "UTF-8 without control characters");
  }
  return absl::OkStatus();
}

absl::Status CheckName(std::string_view path, std::string_view name) {
  if (absl::Status status = CheckText(path, name, 1, 128); !status.ok()) return status;
  if (std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return FieldError(path, absl::StrCat("\"", std::string(name), "\""),
                      "a name with more than digits, which would be an id");
  }
  return absl::OkStatus();
}

}  // namespace nascent::engine
