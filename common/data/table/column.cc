#include "common/data/table/column.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "common/text/utf8.h"

namespace nascent::data {
namespace {

// From this share of numbers on a column's other values are taken for mistakes.
constexpr double kMostlyNumbers = 0.9;
constexpr size_t kShownBytes = 40;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Shortened, in quotes.
std::string Shown(std::string_view text) {
  const std::string_view cut = text::CutUtf8(text, kShownBytes);
  return absl::StrCat("\"", std::string(cut), cut.size() < text.size() ? "…" : "", "\"");
}

// "3,5" and "-1.234,5".
bool HasDecimalComma(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const size_t comma = text.find(',');
  if (comma == 0 || comma == std::string_view::npos || comma + 1 == text.size()) return false;
  const auto is_whole = [](char c) { return IsDigit(c) || c == '.'; };
  return IsDigit(text.front()) &&
         std::all_of(text.begin(), text.begin() + static_cast<ptrdiff_t>(comma), is_whole) &&
         std::all_of(text.begin() + static_cast<ptrdiff_t>(comma) + 1, text.end(), IsDigit);
}

bool ReadNumber(std::string_view text, bool decimal_comma, double& number) {
  std::string changed;
  if (decimal_comma && text.find('.') == std::string_view::npos) {
    changed = text;
    std::replace(changed.begin(), changed.end(), ',', '.');
    text = changed;
  }
  return absl::SimpleAtod(absl::string_view(text.data(), text.size()), &number);
}

absl::Status BadValue(const std::string& problem) { return absl::InvalidArgumentError(problem); }

}  // namespace

Column::Column(std::string name, bool categorical, const ColumnRules& rules)
    : name_(std::move(name)), forced_(categorical), rules_(rules), numeric_(!categorical) {}

absl::Status Column::Add(int64_t line, std::string_view text) {
  ++rows_;
  const auto& none = rules_.missing;
  if (text.empty() || std::find(none.begin(), none.end(), text) != none.end()) {
    ++missing_;
    if (numeric_) numbers_.push_back(std::nan(""));
    if (!overflowed_) codes_.push_back(kMissing);
    return absl::OkStatus();
  }
  double number = 0;
  const bool is_number = !forced_ && ReadNumber(text, rules_.decimal_comma, number);
  if (is_number && !(std::abs(number) <= FLT_MAX)) {
    return BadValue(absl::StrCat("found ", Shown(text),
                                 ", which is no finite number (of float32); leave the field empty "
                                 "where a value is missing, or give --missing ",
                                 std::string(text)));
  }
  if (!forced_ && !is_number && HasDecimalComma(text)) {
    return BadValue(absl::StrCat("found ", Shown(text),
                                 ", a number with a decimal comma; write it with a point, give "
                                 "--decimal-comma, or --categorical \"",
                                 name_, "\""));
  }
  if (numeric_ && !is_number) NASCENT_RETURN_IF_ERROR(BecomeCategorical(text));
  if (numeric_) numbers_.push_back(number);
  return AddText(line, text, is_number);
}

absl::Status Column::BecomeCategorical(std::string_view text) {
  if (frozen_) {
    return BadValue(absl::StrCat("found ", Shown(text),
                                 ", which is no number as this column's values for training are"));
  }
  if (overflowed_) {
    return BadValue(
        absl::StrCat("found ", Shown(text), ", which is no number, after more than ", kMostTexts,
                     " different numbers; mend it, or leave the column out with --ignore "
                     "\"",
                     name_, "\""));
  }
  numeric_ = false;
  numbers_ = {};
  return absl::OkStatus();
}

absl::Status Column::AddText(int64_t line, std::string_view text, bool is_number) {
  if (is_number) {
    ++numbers_seen_;
  } else if (first_text_line_ == 0) {
    first_text_line_ = line;
    first_text_ = text;
  }
  if (overflowed_) return absl::OkStatus();
  const auto known = code_of_.find(std::string(text));
  if (known != code_of_.end()) {
    codes_.push_back(known->second);
    return absl::OkStatus();
  }
  if (frozen_) {
    codes_.push_back(kUnknown);
    return absl::OkStatus();
  }
  if (texts_.size() < kMostTexts) {
    codes_.push_back(static_cast<uint16_t>(texts_.size()));
    code_of_.emplace(text, codes_.back());
    texts_.emplace_back(text);
    return absl::OkStatus();
  }
  if (!numeric_) {
    return BadValue(absl::StrCat("found ", Shown(text), " after ", kMostTexts,
                                 " other values, more than a column of categories may have; leave "
                                 "it out with --ignore \"",
                                 name_, "\""));
  }
  overflowed_ = true;
  codes_ = {};
  texts_ = {};
  code_of_ = {};
  return absl::OkStatus();
}

absl::Status Column::Freeze(int64_t& line) {
  frozen_ = true;
  if (numeric_ || forced_) return absl::OkStatus();
  const auto there = static_cast<double>(rows_ - missing_);
  if (static_cast<double>(numbers_seen_) < kMostlyNumbers * there) return absl::OkStatus();
  line = first_text_line_;
  return BadValue(absl::StrCat("found ", Shown(first_text_), ", but ", numbers_seen_, " of ",
                               rows_ - missing_, " values are numbers; mend it, give --missing ",
                               first_text_, " if it means that there is none, or --categorical \"",
                               name_, "\""));
}

}  // namespace nascent::data
