// Comma-separated values (RFC 4180): quoted fields may hold commas, quotes and line ends.

#ifndef NASCENT_SERVER_SIMULATE_CSV_H_
#define NASCENT_SERVER_SIMULATE_CSV_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace nascent::simulate {

struct CsvRecord {
  int line = 0;  // where it begins, from 1
  std::vector<std::string> fields;
};

// Empty lines are left out. INVALID_ARGUMENT "file:line: what was found" for a quote that is not
// closed and for text behind a closing quote.
absl::StatusOr<std::vector<CsvRecord>> ParseCsv(std::string_view text, std::string_view file_name);

}  // namespace nascent::simulate

#endif  // NASCENT_SERVER_SIMULATE_CSV_H_
