// Reads a table with a header row from one or two CSV files.

#ifndef NASCENT_COMMON_DATA_TABLE_READ_TABLE_H_
#define NASCENT_COMMON_DATA_TABLE_READ_TABLE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/data/table/column.h"

namespace nascent::data {

// What the target is.
enum class TableTask {
  kDetect,  // numbers: classes where they are whole and at most kMostWholeClasses different ones
  kClassification,
  kRegression,
};
inline constexpr size_t kMostWholeClasses = 20;

struct TableFiles {
  // One, or one for training and one for the final test, which has the same columns in any order.
  std::vector<std::string> paths;
  char separator = 0;                    // 0: the one that is detected
  std::string target;                    // a column's name; empty: the last column
  std::vector<std::string> ignored;      // names of columns that are left out
  std::vector<std::string> categorical;  // names of columns that are not read as numbers
  TableTask task = TableTask::kDetect;
  ColumnRules rules;
};

struct Table {
  std::vector<std::unique_ptr<Column>> columns;  // without the target and the ignored ones
  std::unique_ptr<Column> target;
  bool classification = true;
  int64_t rows = 0;
  int64_t training_rows = 0;  // those of the first file, the first rows
};

// Reads each file once. The type of each column and the classes of the target are settled by the
// first file. `files` lives longer than the table. INVALID_ARGUMENT names file, line and column,
// what was found and what to do: a row with more or fewer fields than the header, names that are
// missing or stand twice, no such column, a target that does not fit the task, no value or an
// unknown class of it, what Column refuses, fewer than two rows.
absl::StatusOr<Table> ReadTable(const TableFiles& files);

}  // namespace nascent::data

#endif  // NASCENT_COMMON_DATA_TABLE_READ_TABLE_H_
