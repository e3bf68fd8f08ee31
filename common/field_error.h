// Errors about a field of a specification: which one, what was found, what is allowed.

#ifndef NASCENT_COMMON_FIELD_ERROR_H_
#define NASCENT_COMMON_FIELD_ERROR_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace nascent {

// A number as it was written: 1048576, not 1.04858e+06.
inline std::string Written(double number) { return absl::StrFormat("%.12g", number); }
template <typename Found>
const Found& Written(const Found& found) {
  return found;
}

// INVALID_ARGUMENT "path: found FOUND, allowed ALLOWED".
template <typename Found>
absl::Status FieldError(std::string_view path, const Found& found, std::string_view allowed) {
  return absl::InvalidArgumentError(absl::StrCat(std::string(path), ": found ", Written(found),
                                                 ", allowed ", std::string(allowed)));
}

}  // namespace nascent

#endif  // NASCENT_COMMON_FIELD_ERROR_H_
