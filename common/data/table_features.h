// Which features the columns of a table become; proto/nascent/v1/data.proto (TableLayout) says the
// rule.

#ifndef NASCENT_COMMON_DATA_TABLE_FEATURES_H_
#define NASCENT_COMMON_DATA_TABLE_FEATURES_H_

#include <cstdint>
#include <string>
#include <vector>

namespace nascent::v1 {
class TableLayout;
}

namespace nascent::data {

// The most that a table may have.
inline constexpr int64_t kMaxFeatures = 100'000;

struct Feature {
  enum class Kind {
    kNumber,    // the value, NaN where it is missing
    kCategory,  // 1 where the value is this category, else 0
    kMissing,   // 1 where the value is missing, else 0
  };
  Kind kind = Kind::kNumber;
  int column = 0;    // of TableLayout.columns
  int category = 0;  // of the column's categories
};

// In the order in which they stand in a row.
std::vector<Feature> FeaturesOf(const v1::TableLayout& table);

// "age", "colour = red", "age is missing".
std::string FeatureName(const v1::TableLayout& table, const Feature& feature);

}  // namespace nascent::data

#endif  // NASCENT_COMMON_DATA_TABLE_FEATURES_H_
