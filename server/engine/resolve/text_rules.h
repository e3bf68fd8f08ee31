// What names and free texts may hold.

#ifndef NASCENT_SERVER_ENGINE_RESOLVE_TEXT_RULES_H_
#define NASCENT_SERVER_ENGINE_RESOLVE_TEXT_RULES_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace nascent::engine {

// INVALID_ARGUMENT unless `text` is UTF-8 without control characters, and has `minimum` to
// `maximum` characters.
absl::Status CheckText(std::string_view path, std::string_view text, size_t minimum,
                       size_t maximum);

// As CheckText, and refuses names that would be taken for ids (digits only) or for options (-x).
absl::Status CheckName(std::string_view path, std::string_view name);

// In double quotes, for errors.
std::string Quoted(std::string_view text);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_RESOLVE_TEXT_RULES_H_
