#include "common/data/table/encode_table.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/data/idx.h"
#include "common/data/table/table_warnings.h"
#include "common/data/table_features.h"
#include "common/random.h"
#include "common/sha256.h"
#include "common/status_macros.h"

namespace nascent::data {
namespace {

using Rows = std::vector<int64_t>;

absl::Status CannotDivide(const std::string& problem) {
  return absl::InvalidArgumentError(problem);
}

// Rows that are drawn together, so that each group is in both parts in the same share.
absl::StatusOr<std::vector<Rows>> GroupsOf(const Table& table) {
  const Column& target = *table.target;
  std::vector<Rows> groups(table.classification ? target.texts().size() : 1);
  for (int64_t row = 0; row < table.rows; ++row) {
    groups[table.classification ? target.codes()[static_cast<size_t>(row)] : 0].push_back(row);
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].size() > 1) continue;
    return CannotDivide(absl::StrCat(
        "column \"", target.name(), "\": the class \"", target.texts()[i],
        "\" has one row, so it cannot be in both parts; leave it out, give a second file for the "
        "final test, or --test-share 0"));
  }
  return groups;
}

absl::StatusOr<std::vector<bool>> DrawTest(const Table& table, const TableDivision& division) {
  std::vector<bool> is_test(static_cast<size_t>(table.rows));
  if (table.rows > table.training_rows) {
    std::fill(is_test.begin() + static_cast<ptrdiff_t>(table.training_rows), is_test.end(), true);
    return is_test;
  }
  if (division.test_share == 0) return is_test;
  if (!(division.test_share > 0 && division.test_share < 1)) {
    return CannotDivide(absl::StrCat("--test-share: found ", division.test_share,
                                     "; allowed: 0 (no test split) to below 1"));
  }
  NASCENT_ASSIGN_OR_RETURN(const auto groups, GroupsOf(table));
  for (size_t i = 0; i < groups.size(); ++i) {
    const auto size = static_cast<int64_t>(groups[i].size());
    const int64_t wanted = std::llround(division.test_share * static_cast<double>(size));
    RandomStream random(division.seed, i);
    for (const int64_t at :
         random.SampleWithoutReplacement(size, std::clamp<int64_t>(wanted, 1, size - 1))) {
      is_test[static_cast<size_t>(groups[i][static_cast<size_t>(at)])] = true;
    }
  }
  return is_test;
}

// The texts that stand in `rows`, in the order of their bytes, and for each code of the column its
// place among them (-1: none).
struct Categories {
  std::vector<std::string> names;
  std::vector<int> place_of;
};

Categories CategoriesIn(const Column& column, const Rows& rows) {
  std::vector<bool> occurs(column.texts().size());
  for (const int64_t row : rows) {
    const uint16_t code = column.codes()[static_cast<size_t>(row)];
    if (code < occurs.size()) occurs[code] = true;
  }
  Categories result;
  for (size_t code = 0; code < occurs.size(); ++code) {
    if (occurs[code]) result.names.push_back(column.texts()[code]);
  }
  std::sort(result.names.begin(), result.names.end());
  result.place_of.assign(occurs.size(), -1);
  for (size_t code = 0; code < occurs.size(); ++code) {
    if (!occurs[code]) continue;
    const auto at =
        std::lower_bound(result.names.begin(), result.names.end(), column.texts()[code]);
    result.place_of[code] = static_cast<int>(at - result.names.begin());
  }
  return result;
}

void DescribeNumbers(const Column& column, const Rows& rows, v1::TableColumn& described) {
  double sum = 0;
  int64_t count = 0;
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const int64_t row : rows) {
    const double value = column.numbers()[static_cast<size_t>(row)];
    if (std::isnan(value)) {
      described.set_missing(described.missing() + 1);
      continue;
    }
    ++count;
    sum += value;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (count == 0) return;
  described.set_minimum(low);
  described.set_maximum(high);
  described.set_mean(sum / static_cast<double>(count));
}

// What a column gives; `names` and places are of categories.
struct ColumnPlan {
  const Column* column;
  Categories categories;
  bool flag = false;
};

class Encoder {
 public:
  Encoder(const Table& table, const TableDivision& division) : table_(table), division_(division) {}

  absl::StatusOr<EncodedTable> Encode() {
    NASCENT_ASSIGN_OR_RETURN(const auto is_test, DrawTest(table_, division_));
    Rows test;
    for (int64_t row = 0; row < table_.rows; ++row) {
      (is_test[static_cast<size_t>(row)] ? test : training_).push_back(row);
    }
    result_.dataset.set_kind(v1::DATA_KIND_TABLE_CLASSIFICATION);
    for (const auto& column : table_.columns) PlanColumn(*column);
    PlanTarget();
    const auto features = static_cast<int64_t>(FeaturesOf(result_.dataset.table()).size());
    if (features < 1 || features > kMaxFeatures) {
      return CannotDivide(absl::StrCat("the columns give ", features,
                                       " features, a number or a category each; allowed: 1 to ",
                                       kMaxFeatures));
    }
    result_.dataset.mutable_shape()->add_dimensions(features);
    AddSplit("train", training_, features);
    if (!test.empty()) AddSplit("test", test, features);
    WarnOf(table_, training_, test, result_.warnings);
    return std::move(result_);
  }

 private:
  void PlanColumn(const Column& column) {
    v1::TableColumn described;
    described.set_name(column.name());
    ColumnPlan plan{&column, {}};
    if (column.numeric()) {
      described.set_type(v1::COLUMN_TYPE_NUMBER);
      DescribeNumbers(column, training_, described);
    } else {
      described.set_type(v1::COLUMN_TYPE_CATEGORY);
      plan.categories = CategoriesIn(column, training_);
      described.mutable_categories()->Assign(plan.categories.names.begin(),
                                             plan.categories.names.end());
      described.set_missing(std::count_if(training_.begin(), training_.end(), [&](int64_t row) {
        return column.codes()[static_cast<size_t>(row)] == Column::kMissing;
      }));
    }
    if (described.missing() == static_cast<int64_t>(training_.size())) {
      result_.warnings.push_back(absl::StrCat(
          "column \"", column.name(), "\" is left out: no row for training has a value in it"));
      return;
    }
    plan.flag = described.missing() > 0;
    plans_.push_back(std::move(plan));
    *result_.dataset.mutable_table()->add_columns() = std::move(described);
  }

  void PlanTarget() {
    v1::TableColumn& described = *result_.dataset.mutable_table()->mutable_target();
    described.set_name(table_.target->name());
    described.set_type(v1::COLUMN_TYPE_CATEGORY);
    classes_ = CategoriesIn(*table_.target, training_);
    described.mutable_categories()->Assign(classes_.names.begin(), classes_.names.end());
    result_.dataset.set_classes(static_cast<int64_t>(classes_.names.size()));
  }

  void AddSplit(const std::string& name, const Rows& rows, int64_t features) {
    const auto count = static_cast<int64_t>(rows.size());
    std::string examples = WriteIdxHeader(IdxType::kFloat, std::vector<int64_t>{count, features});
    examples.reserve(examples.size() + static_cast<size_t>(4 * count * features));
    IdxArray labels{{count}, {}};
    for (const int64_t row : rows) {
      for (const ColumnPlan& plan : plans_) AppendRow(plan, static_cast<size_t>(row), examples);
      const uint16_t code = table_.target->codes()[static_cast<size_t>(row)];
      labels.elements.push_back(static_cast<uint8_t>(classes_.place_of[code]));
    }
    v1::DataSplit& split = *result_.dataset.add_splits();
    split.set_name(name);
    split.set_count(count);
    result_.artifacts.push_back(std::move(examples));
    split.set_examples(Sha256Hex(result_.artifacts.back()));
    result_.artifacts.push_back(WriteIdx(labels));
    split.set_labels(Sha256Hex(result_.artifacts.back()));
  }

  // The features of one column in one row; see TableLayout.
  static void AppendRow(const ColumnPlan& plan, size_t row, std::string& examples) {
    bool missing = false;
    if (plan.column->numeric()) {
      const double value = plan.column->numbers()[row];
      missing = std::isnan(value);
      AppendIdxFloat(missing ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(value),
                     examples);
    } else {
      const uint16_t code = plan.column->codes()[row];
      missing = code == Column::kMissing;
      const bool known = code < plan.categories.place_of.size();
      const int place = known ? plan.categories.place_of[code] : -1;
      for (int i = 0; i < static_cast<int>(plan.categories.names.size()); ++i) {
        AppendIdxFloat(i == place ? 1.0F : 0.0F, examples);
      }
    }
    if (plan.flag) AppendIdxFloat(missing ? 1.0F : 0.0F, examples);
  }

  const Table& table_;
  const TableDivision& division_;
  Rows training_;
  std::vector<ColumnPlan> plans_;
  Categories classes_;
  EncodedTable result_;
};

}  // namespace

absl::StatusOr<EncodedTable> EncodeTable(const Table& table, const TableDivision& division) {
  if (!table.classification) {
    return absl::UnimplementedError(absl::StrCat(
        "column \"", table.target->name(),
        "\": its values are numbers, and only classes are predicted; give --task classification "
        "where each number is a class"));
  }
  return Encoder(table, division).Encode();
}

}  // namespace nascent::data
