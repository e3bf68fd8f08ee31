// Programs that read one text and write another: gnuplot, dot.

#ifndef NASCENT_COMMON_PICTURE_FILTER_H_
#define NASCENT_COMMON_PICTURE_FILTER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace nascent::picture {

// Runs `command` (its first word is looked for in PATH) with `input` on its standard input and
// returns what it writes to its standard output. NOT_FOUND: there is no such program. INTERNAL: it
// ended with another status than 0; the message has what it wrote to standard error.
absl::StatusOr<std::string> RunFilter(const std::vector<std::string>& command,
                                      std::string_view input);

}  // namespace nascent::picture

#endif  // NASCENT_COMMON_PICTURE_FILTER_H_
