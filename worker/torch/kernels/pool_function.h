// Pools with gradients: pool.h on the CPU, LibTorch elsewhere.

#ifndef NASCENT_WORKER_TORCH_KERNELS_POOL_FUNCTION_H_
#define NASCENT_WORKER_TORCH_KERNELS_POOL_FUNCTION_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "worker/torch/kernels/pool.h"

namespace nascent::worker {

// `x`: [N, C, H, W] with the sizes that `pool` says; so the result has [N, C, OH, OW]. `ceil_mode`
// is how they were rounded, which LibTorch wants to know.
at::Tensor PoolAverage(const kernels::Pool& pool, const at::Tensor& x, bool ceil_mode);

// The same average, of values that are padded before: for GPUs, where the gradient that
// LibTorch 2.11 gives of a padded average of channels-last values is wrong (pytorch/pytorch, issue
// 188344).
at::Tensor PoolAverageOfPadded(const kernels::Pool& pool, const at::Tensor& x);

at::Tensor PoolMaximum(const kernels::Pool& pool, const at::Tensor& x, bool ceil_mode,
                       int64_t dilation_h, int64_t dilation_w);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_KERNELS_POOL_FUNCTION_H_
