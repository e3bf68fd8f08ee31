// Bounds on a metric, and how far a value is beyond them.

#ifndef NASCENT_COMMON_OBJECTIVES_CONSTRAINTS_H_
#define NASCENT_COMMON_OBJECTIVES_CONSTRAINTS_H_

#include <optional>

namespace nascent::objectives {

struct Bounds {
  std::optional<double> at_most;
  std::optional<double> at_least;
};

// Returns how far `value` is beyond the bounds, relative to them (absolute where a bound is 0);
// 0 if and only if it keeps them. A bound on what was not measured, or is not finite, can't be
// shown to hold: infinity.
double Violation(std::optional<double> value, const Bounds& bounds);

}  // namespace nascent::objectives

#endif  // NASCENT_COMMON_OBJECTIVES_CONSTRAINTS_H_
