// Sums and products that stay at the largest integer instead of overflowing.

#ifndef NASCENT_COMMON_NETWORK_SATURATING_H_
#define NASCENT_COMMON_NETWORK_SATURATING_H_

#include <cstdint>
#include <limits>

namespace nascent::network {

// For numbers that are not negative.
inline int64_t SaturatingProduct(int64_t a, int64_t b) {
  int64_t result;
  return __builtin_mul_overflow(a, b, &result) ? std::numeric_limits<int64_t>::max() : result;
}

inline int64_t SaturatingSum(int64_t a, int64_t b) {
  int64_t result;
  return __builtin_add_overflow(a, b, &result) ? std::numeric_limits<int64_t>::max() : result;
}

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_SATURATING_H_
