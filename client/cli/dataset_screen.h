// What is shown of one data set: its splits and classes, of a table its columns and some rows.

#ifndef NASCENT_CLIENT_CLI_DATASET_SCREEN_H_
#define NASCENT_CLIENT_CLI_DATASET_SCREEN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/fact_list.h"
#include "client/cli/table.h"
#include "common/data/idx.h"
#include "nascent/v1/data.pb.h"

namespace nascent::cli {

FactList DatasetFacts(const v1::Dataset& dataset);

// A row per column of the table, the target last: type, values, how many are missing.
Table ColumnTable(const v1::TableLayout& layout);

// A row per class: how many examples each split has of it.
Table ClassTable(const v1::Dataset& dataset);

// The first `count` examples of a table as they were before they became features: a text per
// column, the target last; a category that was not known is "(unknown)". `rows` and `labels` are
// what the artifacts of a split hold. INVALID_ARGUMENT: they do not fit the columns.
absl::StatusOr<std::vector<std::vector<std::string>>> RowTexts(const v1::TableLayout& layout,
                                                               const data::IdxArray& rows,
                                                               const data::IdxArray& labels,
                                                               int64_t count);

// These under the names of the columns.
Table RowTable(const v1::TableLayout& layout, const std::vector<std::vector<std::string>>& rows);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_DATASET_SCREEN_H_
