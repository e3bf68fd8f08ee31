#include "common/objectives/constraints.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nascent::objectives {

double Violation(std::optional<double> value, const Bounds& bounds) {
  if (!value.has_value() || !std::isfinite(*value)) return std::numeric_limits<double>::infinity();
  double violation = 0;
  const auto add = [&violation](double excess, double bound) {
    violation += std::max(0.0, excess) / (bound == 0 ? 1 : std::abs(bound));
  };
  if (bounds.at_most.has_value()) add(*value - *bounds.at_most, *bounds.at_most);
  if (bounds.at_least.has_value()) add(*bounds.at_least - *value, *bounds.at_least);
  return violation;
}

}  // namespace nascent::objectives
