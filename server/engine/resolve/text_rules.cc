#include "server/engine/resolve/text_rules.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "common/field_error.h"
#include "common/status_macros.h"
#include "common/text/utf8.h"

namespace nascent::engine {
namespace {

bool IsControl(char c) { return (c >= 0 && c < ' ') || c == 0x7F; }

}  // namespace

absl::Status CheckText(std::string_view path, std::string_view text, size_t minimum,
                       size_t maximum) {
  if (!text::IsUtf8(text) || std::any_of(text.begin(), text.end(), IsControl)) {
    constexpr size_t kMostShown = 256;
    const size_t shown = std::min(text.size(), kMostShown);
    return FieldError(
        path, absl::StrCat("\"", absl::CHexEscape(absl::string_view(text.data(), shown)), "\""),
        "UTF-8 without control characters");
  }
  const auto characters = static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  if (characters < minimum || characters > maximum) {
    return FieldError(path, absl::StrCat(characters, " characters"),
                      absl::StrCat(minimum, " to ", maximum, " characters"));
  }
  return absl::OkStatus();
}

absl::Status CheckName(std::string_view path, std::string_view name) {
  NASCENT_RETURN_IF_ERROR(CheckText(path, name, 1, 128));
  if (std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return FieldError(path, Quoted(name), "a name with more than digits, which would be an id");
  }
  if (name.front() == '-') {
    return FieldError(path, Quoted(name), "a name that does not begin as an option does");
  }
  return absl::OkStatus();
}

std::string Quoted(std::string_view text) { return absl::StrCat("\"", std::string(text), "\""); }

}  // namespace nascent::engine
