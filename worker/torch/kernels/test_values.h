// Values for the tests of kernels.

#ifndef NASCENT_WORKER_TORCH_KERNELS_TEST_VALUES_H_
#define NASCENT_WORKER_TORCH_KERNELS_TEST_VALUES_H_

#include <cstdint>
#include <random>
#include <vector>

namespace nascent::worker::kernels {

// Returns `count` values in (-1, 1), the same for the same seed.
inline std::vector<float> TestValues(int64_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) {
    value = static_cast<float>(static_cast<int64_t>(random()) - (int64_t{1} << 31)) / 2147483648.0F;
  }
  return values;
}

}  // namespace nascent::worker::kernels

#endif  // NASCENT_WORKER_TORCH_KERNELS_TEST_VALUES_H_
