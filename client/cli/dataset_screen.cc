#include "client/cli/dataset_screen.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/data/table_features.h"
#include "common/spec/message_reader.h"

namespace nascent::cli {
namespace {

// Of categories, in one line.
constexpr int kShownCategories = 8;

std::string Plain(double number) { return absl::StrFormat("%.6g", number); }

std::string KindText(const v1::Dataset& dataset) {
  const auto* kind = v1::DataKind_descriptor()->FindValueByNumber(dataset.kind());
  return kind == nullptr ? "?" : spec::EnumWord(*kind);
}

std::string ValuesText(const v1::TableColumn& column) {
  if (column.type() == v1::COLUMN_TYPE_NUMBER) {
    return absl::StrCat(Plain(column.minimum()), " to ", Plain(column.maximum()), ", mean ",
                        Plain(column.mean()));
  }
  const int shown = std::min(kShownCategories, column.categories_size());
  std::string text =
      absl::StrJoin(column.categories().begin(), column.categories().begin() + shown, ", ");
  if (shown < column.categories_size()) {
    absl::StrAppend(&text, ", … (", column.categories_size(), ")");
  }
  return text;
}

// What the features of one column say in a row.
std::string TextOf(const v1::TableColumn& column, const float* values) {
  if (column.type() == v1::COLUMN_TYPE_NUMBER) {
    return std::isnan(values[0]) ? "" : Plain(values[0]);
  }
  for (int i = 0; i < column.categories_size(); ++i) {
    if (values[i] == 1) return column.categories(i);
  }
  const bool missing = column.missing() > 0 && values[column.categories_size()] == 1;
  return missing ? "" : "(unknown)";
}

}  // namespace

FactList DatasetFacts(const v1::Dataset& dataset) {
  FactList facts;
  facts.Add("name", dataset.name());
  facts.Add("kind", KindText(dataset));
  facts.Add("shape", absl::StrJoin(dataset.shape().dimensions(), "×"));
  facts.Add("classes", absl::StrCat(dataset.classes()));
  for (const v1::DataSplit& split : dataset.splits()) {
    facts.Add(split.name(), absl::StrCat(split.count(), " examples"));
  }
  if (dataset.has_table()) facts.Add("target", dataset.table().target().name());
  facts.Add("fingerprint", dataset.fingerprint(), Ink::kDim);
  return facts;
}

Table ColumnTable(const v1::TableLayout& layout) {
  Table table({{.title = "column", .flexible = true, .narrowest = 10},
               {.title = "type"},
               {.title = "missing", .right = true},
               {.title = "features", .right = true, .spare = 1},
               {.title = "values", .flexible = true, .narrowest = 16}});
  std::vector<int> features(static_cast<size_t>(layout.columns_size()));
  for (const data::Feature& feature : data::FeaturesOf(layout)) {
    ++features[static_cast<size_t>(feature.column)];
  }
  for (int i = 0; i < layout.columns_size(); ++i) {
    const v1::TableColumn& column = layout.columns(i);
    table.Add({column.name(), column.type() == v1::COLUMN_TYPE_NUMBER ? "number" : "category",
               absl::StrCat(column.missing()), absl::StrCat(features[static_cast<size_t>(i)]),
               ValuesText(column)});
  }
  table.Add({layout.target().name(), "target", "0", "–", ValuesText(layout.target())});
  return table;
}

Table ClassTable(const v1::Dataset& dataset) {
  std::vector<Table::Column> columns = {{.title = "class", .flexible = true, .narrowest = 10}};
  for (const v1::DataSplit& split : dataset.splits()) {
    columns.push_back({.title = split.name(), .right = true});
  }
  Table table(std::move(columns));
  const auto& names = dataset.table().target().categories();
  for (int i = 0; i < dataset.classes(); ++i) {
    std::vector<Table::Cell> row = {i < names.size() ? names[i] : absl::StrCat(i)};
    for (const v1::DataSplit& split : dataset.splits()) {
      row.emplace_back(i < split.class_counts_size() ? absl::StrCat(split.class_counts(i)) : "–");
    }
    table.Add(std::move(row));
  }
  return table;
}

absl::StatusOr<std::vector<std::vector<std::string>>> RowTexts(const v1::TableLayout& layout,
                                                               const data::IdxArray& rows,
                                                               const data::IdxArray& labels,
                                                               int64_t count) {
  const std::vector<data::Feature> features = data::FeaturesOf(layout);
  const std::vector<float> values = data::FloatsOf(rows);
  if (rows.type != data::IdxType::kFloat || rows.dimensions.size() != 2 ||
      rows.dimensions[1] != static_cast<int64_t>(features.size()) ||
      labels.dimensions[0] != rows.dimensions[0]) {
    return absl::InvalidArgumentError("the files of the data set do not fit its columns");
  }
  std::vector<std::vector<std::string>> texts;
  for (int64_t i = 0; i < std::min(count, rows.dimensions[0]); ++i) {
    const float* row = values.data() + static_cast<size_t>(i) * features.size();
    std::vector<std::string>& text = texts.emplace_back();
    for (size_t f = 0; f < features.size(); ++f) {
      const bool first = f == 0 || features[f].column != features[f - 1].column;
      if (first) text.push_back(TextOf(layout.columns(features[f].column), row + f));
    }
    const int label = labels.elements[static_cast<size_t>(i)];
    text.push_back(label < layout.target().categories_size() ? layout.target().categories(label)
                                                             : absl::StrCat(label));
  }
  return texts;
}

Table RowTable(const v1::TableLayout& layout, const std::vector<std::vector<std::string>>& rows) {
  std::vector<Table::Column> columns;
  for (const v1::TableColumn& column : layout.columns()) {
    columns.push_back({.title = column.name(),
                       .right = column.type() == v1::COLUMN_TYPE_NUMBER,
                       .flexible = column.type() != v1::COLUMN_TYPE_NUMBER,
                       .spare = static_cast<int>(columns.size()) + 1});
  }
  columns.push_back({.title = layout.target().name(), .flexible = true});
  Table table(std::move(columns));
  for (const std::vector<std::string>& row : rows) {
    std::vector<Table::Cell> cells;
    for (const std::string& text : row) cells.emplace_back(text.empty() ? "–" : text);
    table.Add(std::move(cells));
  }
  return table;
}

}  // namespace nascent::cli
