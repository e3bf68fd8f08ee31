// Sums with gradients: sum.h on the CPU, LibTorch elsewhere.

#ifndef NASCENT_WORKER_TORCH_KERNELS_SUM_FUNCTION_H_
#define NASCENT_WORKER_TORCH_KERNELS_SUM_FUNCTION_H_

#include <ATen/core/Tensor.h>

#include <span>

namespace nascent::worker {

// Returns the sum of tensors of equal shape, at least one.
at::Tensor SumOf(std::span<const at::Tensor> terms);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_KERNELS_SUM_FUNCTION_H_
