#include "server/simulate/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nascent::simulate {

Summary Summarize(std::vector<double> values) {
  if (values.empty()) {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    return {kNone, kNone, kNone, kNone, kNone, kNone};
  }
  const auto n = static_cast<double>(values.size());
  Summary summary;
  for (const double value : values) summary.mean += value / n;
  for (const double value : values) {
    summary.deviation += (value - summary.mean) * (value - summary.mean);
  }
  summary.deviation = n > 1 ? std::sqrt(summary.deviation / (n - 1)) : 0;
  summary.standard_error = summary.deviation / std::sqrt(n);
  std::sort(values.begin(), values.end());
  summary.q25 = Quantile(values, 0.25);
  summary.q50 = Quantile(values, 0.5);
  summary.q75 = Quantile(values, 0.75);
  return summary;
}

double Quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(std::floor(place));
  const size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = place - std::floor(place);
  if (part == 0 || sorted[below] == sorted[above]) return sorted[below];
  return sorted[below] + part * (sorted[above] - sorted[below]);
}

}  // namespace nascent::simulate
