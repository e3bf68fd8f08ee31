// Makes a data set of a table: which rows are for the final test, which features its columns give.

#ifndef NASCENT_COMMON_DATA_TABLE_ENCODE_TABLE_H_
#define NASCENT_COMMON_DATA_TABLE_ENCODE_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/data/table/read_table.h"
#include "nascent/v1/data.pb.h"

namespace nascent::data {

struct TableDivision {
  // Of a table in one file: the share of its rows that are for the final test, of each class alike;
  // drawn with `seed`. 0: none.
  double test_share = 0.2;
  uint64_t seed = 0;
};

struct EncodedTable {
  v1::Dataset dataset;  // without a name
  // The files that it names.
  std::vector<std::string> artifacts;
  // What is possible but hardly meant, a sentence each.
  std::vector<std::string> warnings;
};

// Categories, classes and what is said of columns follow from the training rows alone. A column
// without any value there is left out with a warning. INVALID_ARGUMENT: a class with a single row,
// where rows of each are to be in both parts; no feature, or more than kMaxFeatures; a share that
// leaves a part empty.
absl::StatusOr<EncodedTable> EncodeTable(const Table& table, const TableDivision& division);

}  // namespace nascent::data

#endif  // NASCENT_COMMON_DATA_TABLE_ENCODE_TABLE_H_
