// What is possible in a table but hardly meant: columns that give the target away, or nothing.

#ifndef NASCENT_COMMON_DATA_TABLE_TABLE_WARNINGS_H_
#define NASCENT_COMMON_DATA_TABLE_TABLE_WARNINGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/data/table/read_table.h"

namespace nascent::data {

// Adds a sentence for each column that tells the target of every row, counts the rows, is always
// the same, or whose numbers differ by less than float32 can hold; for classes that the test rows
// lack, and for categories that only they have. `training` and `test` are rows.
void WarnOf(const Table& table, const std::vector<int64_t>& training,
            const std::vector<int64_t>& test, std::vector<std::string>& warnings);

}  // namespace nascent::data

#endif  // NASCENT_COMMON_DATA_TABLE_TABLE_WARNINGS_H_
