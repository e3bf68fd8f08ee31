// Sums of several tensors in one pass.

#ifndef NASCENT_WORKER_TORCH_KERNELS_SUM_H_
#define NASCENT_WORKER_TORCH_KERNELS_SUM_H_

#include <cstdint>

namespace nascent::worker::kernels {

// Sets y to the sum of `count` (at least 1) tensors of `size` values each.
void Sum(const float* const* terms, int64_t count, int64_t size, float* y);

}  // namespace nascent::worker::kernels

#endif  // NASCENT_WORKER_TORCH_KERNELS_SUM_H_
