// One column of a table while its rows come: what its values are, and whether they are numbers.

#ifndef NASCENT_COMMON_DATA_TABLE_COLUMN_H_
#define NASCENT_COMMON_DATA_TABLE_COLUMN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"

namespace nascent::data {

struct ColumnRules {
  // Values that stand for none, beside the empty one.
  std::vector<std::string> missing = {"NA", "N/A", "null", "NULL", "?"};
  bool decimal_comma = false;
};

// A column is of numbers where each value that is there is a number, and of categories otherwise or
// where that is asked for. Takes at most 10 bytes per row.
class Column {
 public:
  // The most different values of a category, and so the most classes.
  static constexpr size_t kMostTexts = 256;
  // Codes of values that are no text: there is none, or it is none of those known at Freeze().
  static constexpr uint16_t kMissing = 0xffff;
  static constexpr uint16_t kUnknown = 0xfffe;

  Column(std::string name, bool categorical, const ColumnRules& rules);

  // The next row's value, from line `line`. INVALID_ARGUMENT without the place: no finite number, a
  // decimal comma, a text among more numbers than there may be categories, too many categories.
  absl::Status Add(int64_t line, std::string_view text);
  // No further row decides whether these are numbers, or adds a category. INVALID_ARGUMENT, and
  // `line` the line: numbers but for a few values, which are more likely mistakes.
  absl::Status Freeze(int64_t& line);

  const std::string& name() const { return name_; }
  bool numeric() const { return numeric_; }
  int64_t rows() const { return rows_; }
  int64_t missing() const { return missing_; }
  // Of numbers; NaN where it is missing.
  const std::vector<double>& numbers() const { return numbers_; }
  // Whether the values are known as texts: always of categories, of numbers where there are at most
  // kMostTexts.
  bool has_texts() const { return !overflowed_; }
  // The place in texts() of each row's value, kMissing or kUnknown.
  const std::vector<uint16_t>& codes() const { return codes_; }
  // In the order in which they came.
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  absl::Status AddText(int64_t line, std::string_view text, bool is_number);
  absl::Status BecomeCategorical(std::string_view text);

  const std::string name_;
  const bool forced_;
  const ColumnRules& rules_;
  bool numeric_;
  bool frozen_ = false;
  bool overflowed_ = false;
  int64_t rows_ = 0;
  int64_t missing_ = 0;
  int64_t numbers_seen_ = 0;
  int64_t first_text_line_ = 0;
  std::string first_text_;
  std::vector<double> numbers_;
  std::vector<uint16_t> codes_;
  std::vector<std::string> texts_;
  std::unordered_map<std::string, uint16_t> code_of_;
};

}  // namespace nascent::data

#endif  // NASCENT_COMMON_DATA_TABLE_COLUMN_H_
