#include "common/data/table_features.h"

#include "absl/strings/str_cat.h"
#include "nascent/v1/data.pb.h"

namespace nascent::data {

std::vector<Feature> FeaturesOf(const v1::TableLayout& table) {
  std::vector<Feature> features;
  for (int i = 0; i < table.columns_size(); ++i) {
    const v1::TableColumn& column = table.columns(i);
    if (column.type() == v1::COLUMN_TYPE_NUMBER) {
      features.push_back({Feature::Kind::kNumber, i, 0});
    } else {
      for (int k = 0; k < column.categories_size(); ++k) {
        features.push_back({Feature::Kind::kCategory, i, k});
      }
    }
    if (column.missing() > 0) features.push_back({Feature::Kind::kMissing, i, 0});
  }
  return features;
}

std::string FeatureName(const v1::TableLayout& table, const Feature& feature) {
  const v1::TableColumn& column = table.columns(feature.column);
  switch (feature.kind) {
    case Feature::Kind::kNumber:
      return column.name();
    case Feature::Kind::kCategory:
      return absl::StrCat(column.name(), " = ", column.categories(feature.category));
    case Feature::Kind::kMissing:
      return absl::StrCat(column.name(), " is missing");
  }
  return column.name();
}

}  // namespace nascent::data
