// The one answer to what UTF-8 is (RFC 3629): overlong forms, surrogates and what is above U+10FFFF
// are refused.

#ifndef NASCENT_COMMON_TEXT_UTF8_H_
#define NASCENT_COMMON_TEXT_UTF8_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace nascent::text {

// Says whether all of `text` is UTF-8. The empty text is.
bool IsUtf8(std::string_view text);

// Returns the longest beginning of `text` that is UTF-8.
std::string_view SoundUtf8(std::string_view text);

// Returns the longest beginning of `text` with at most `most` bytes that ends between two
// characters. `text` is UTF-8; of anything else it returns at most `most` bytes.
std::string_view CutUtf8(std::string_view text, size_t most);

// Returns `text` with `replacement` in the place of each malformed sequence, so that it is UTF-8.
std::string RepairUtf8(std::string_view text, char32_t replacement = U'\uFFFD');

}  // namespace nascent::text

#endif  // NASCENT_COMMON_TEXT_UTF8_H_
