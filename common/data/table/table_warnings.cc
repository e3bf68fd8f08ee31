#include "common/data/table/table_warnings.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"

namespace nascent::data {
namespace {

// So many rows of a value on average, so that a column of names does not count as one that knows.
constexpr int64_t kRowsPerValue = 3;
// Of the deviation: what rounding to float32 may take away.
constexpr double kRounding = 1e-3;

// Whether each value of the column occurs with one class alone, and not all values are one.
bool TellsTheClass(const Column& column, const Column& target, const std::vector<int64_t>& rows) {
  if (!column.has_texts()) return false;
  std::map<uint16_t, uint16_t> class_of;
  std::set<uint16_t> classes;
  for (const int64_t row : rows) {
    const uint16_t value = column.codes()[static_cast<size_t>(row)];
    const uint16_t label = target.codes()[static_cast<size_t>(row)];
    if (class_of.try_emplace(value, label).first->second != label) return false;
    classes.insert(label);
  }
  return classes.size() > 1 &&
         static_cast<int64_t>(class_of.size()) * kRowsPerValue <= static_cast<int64_t>(rows.size());
}

bool CountsRows(const Column& column) {
  const std::vector<double>& values = column.numbers();
  if (!column.numeric() || values.size() < 3) return false;
  for (size_t i = 1; i < values.size(); ++i) {
    if (values[i] != values[i - 1] + 1) return false;
  }
  return true;
}

bool IsConstant(const Column& column, const std::vector<int64_t>& rows) {
  if (!column.has_texts()) return false;
  const auto code = [&](int64_t row) { return column.codes()[static_cast<size_t>(row)]; };
  return std::all_of(rows.begin(), rows.end(), [&](int64_t row) {
    return code(row) == code(rows[0]) && code(row) != Column::kMissing;
  });
}

// Whether float32 rounds the numbers by a part of their deviation that may matter.
bool LosesDigits(const Column& column) {
  if (!column.numeric()) return false;
  double sum = 0;
  double squares = 0;
  double worst = 0;
  double count = 0;
  double first = std::nan("");
  for (const double value : column.numbers()) {
    if (std::isnan(value)) continue;
    if (std::isnan(first)) first = value;
    worst = std::max(worst, std::abs(value - static_cast<double>(static_cast<float>(value))));
    sum += value - first;
    squares += (value - first) * (value - first);
    ++count;
  }
  if (count < 2) return false;
  const double variance = squares / count - (sum / count) * (sum / count);
  return variance > 0 && worst > kRounding * std::sqrt(variance);
}

int64_t RowsOfUnknownCategories(const Column& column, const std::vector<int64_t>& training,
                                const std::vector<int64_t>& test) {
  if (column.numeric()) return 0;
  std::set<uint16_t> known = {Column::kMissing};
  for (const int64_t row : training) known.insert(column.codes()[static_cast<size_t>(row)]);
  return std::count_if(test.begin(), test.end(), [&](int64_t row) {
    return !known.contains(column.codes()[static_cast<size_t>(row)]);
  });
}

}  // namespace

void WarnOf(const Table& table, const std::vector<int64_t>& training,
            const std::vector<int64_t>& test, std::vector<std::string>& warnings) {
  for (const auto& column : table.columns) {
    const auto warn = [&](const std::string& what) {
      warnings.push_back(absl::StrCat("column \"", column->name(), "\" ", what));
    };
    const std::string leave_out = absl::StrCat("--ignore \"", column->name(), "\" leaves it out");
    if (CountsRows(*column)) {
      warn(absl::StrCat("counts the rows, which says nothing of a new one; ", leave_out));
    } else if (IsConstant(*column, training)) {
      warn(absl::StrCat("is the same in all rows for training; ", leave_out));
    } else if (table.classification && TellsTheClass(*column, *table.target, training)) {
      warn(absl::StrCat("tells \"", table.target->name(),
                        "\" of every row for training; if it is not known where the network is to "
                        "be used, ",
                        leave_out));
    }
    if (LosesDigits(*column)) {
      warn(
          "holds numbers whose differences are lost in float32; subtract what they have in common");
    }
    if (const int64_t rows = RowsOfUnknownCategories(*column, training, test); rows > 0) {
      warn(absl::StrCat("has categories that only rows for the test have, ", rows,
                        " of them; they count as unknown"));
    }
  }
  if (!table.classification || test.empty()) return;
  std::vector<bool> tested(table.target->texts().size());
  for (const int64_t row : test) {
    tested[table.target->codes()[static_cast<size_t>(row)]] = true;
  }
  for (size_t i = 0; i < tested.size(); ++i) {
    if (tested[i]) continue;
    warnings.push_back(
        absl::StrCat("no row for the test is of the class \"", table.target->texts()[i], "\""));
  }
}

}  // namespace nascent::data
