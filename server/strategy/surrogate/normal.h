// The standard normal distribution.

#ifndef NASCENT_SERVER_STRATEGY_SURROGATE_NORMAL_H_
#define NASCENT_SERVER_STRATEGY_SURROGATE_NORMAL_H_

#include <cmath>
#include <numbers>

namespace nascent::strategy {

// The share of the distribution at or below `z`.
inline double NormalCumulative(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SURROGATE_NORMAL_H_
