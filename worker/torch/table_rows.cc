#include "worker/torch/table_rows.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/data/table_features.h"

namespace nascent::worker {

absl::StatusOr<Normalization> FitTable(const v1::TableLayout& table, const at::Tensor& rows,
                                       std::span<const int64_t> trained_on) {
  const std::vector<data::Feature> features = data::FeaturesOf(table);
  const auto width = static_cast<size_t>(rows.size(1));
  if (features.size() != width) {
    return absl::InvalidArgumentError(absl::StrCat(
        "data.dataset: its columns give ", features.size(), " features, the rows have ", width));
  }
  const float* values = rows.data_ptr<float>();
  const auto row = [&](int64_t index) { return values + static_cast<size_t>(index) * width; };
  std::vector<double> mean(width);
  std::vector<double> count(width);
  for (const int64_t index : trained_on) {
    for (size_t f = 0; f < width; ++f) {
      const double value = row(index)[f];
      if (std::isnan(value)) continue;
      mean[f] += value;
      ++count[f];
    }
  }
  for (size_t f = 0; f < width; ++f) mean[f] = count[f] > 0 ? mean[f] / count[f] : 0;
  std::vector<double> squares(width);
  for (const int64_t index : trained_on) {
    for (size_t f = 0; f < width; ++f) {
      const double off = row(index)[f] - mean[f];
      if (!std::isnan(off)) squares[f] += off * off;
    }
  }
  Normalization result;
  for (size_t f = 0; f < width; ++f) {
    const bool varies = squares[f] > 0;
    const bool number = features[f].kind == data::Feature::Kind::kNumber;
    result.mean.push_back(number ? static_cast<float>(mean[f]) : 0.0F);
    const double scale = number && varies ? std::sqrt(count[f] / squares[f]) : 1;
    result.scale.push_back(varies ? static_cast<float>(scale) : 0.0F);
  }
  return result;
}

void NormalizeTable(const Normalization& normalization, at::Tensor& rows) {
  const auto width = static_cast<size_t>(rows.size(1));
  float* at = rows.data_ptr<float>();
  for (int64_t i = 0; i < rows.size(0); ++i) {
    for (size_t f = 0; f < width; ++f, ++at) {
      *at = std::isnan(*at) ? 0 : (*at - normalization.mean[f]) * normalization.scale[f];
    }
  }
}

}  // namespace nascent::worker
