// Reads the CSV files of a table that is to be registered.

#ifndef NASCENT_CLIENT_CLI_TABLE_FILES_H_
#define NASCENT_CLIENT_CLI_TABLE_FILES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/dataset_files.h"

namespace nascent::cli {

// As on the command line; empty where an option is not given.
struct TableOptions {
  std::vector<std::string> paths;
  std::string target;
  std::vector<std::string> ignored;
  std::vector<std::string> categorical;
  std::vector<std::string> missing;
  std::string separator;  // one character, or "tab"
  std::string task;       // "classification", "regression"
  bool decimal_comma = false;
  std::optional<double> test_share;
  std::optional<uint64_t> seed;
};

// The option that is given; empty: none is.
std::string GivenOption(const TableOptions& options);

// INVALID_ARGUMENT names file, line and column, or the option, what was found and what to do.
// NOT_FOUND: no such file.
absl::StatusOr<LoadedDataset> LoadTable(const std::string& name, const TableOptions& options);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_TABLE_FILES_H_
