// Batch normalisation with gradients: batch_norm.h on the CPU, LibTorch elsewhere.

#ifndef NASCENT_WORKER_TORCH_KERNELS_BATCH_NORM_FUNCTION_H_
#define NASCENT_WORKER_TORCH_KERNELS_BATCH_NORM_FUNCTION_H_

#include <ATen/core/Tensor.h>

namespace nascent::worker {

// Statistics and settings of a batch normalisation. `weight` and `bias`, [C], are undefined where
// it has none; the running statistics, [C], are updated by a training call.
struct BatchNorm {
  at::Tensor weight;
  at::Tensor bias;
  at::Tensor running_mean;
  at::Tensor running_variance;
  double momentum = 0.1;
  double epsilon = 1e-5;

  // Weight and bias, or what does the same.
  at::Tensor gamma() const;
  at::Tensor beta() const;
};

// Normalises `x`, [N, C], [N, C, L] or [N, C, H, W], by the statistics of the batch where
// `training`, else by the running ones; then max(0, .) with `relu`.
at::Tensor NormalizeBatch(const BatchNorm& norm, const at::Tensor& x, bool training, bool relu);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_KERNELS_BATCH_NORM_FUNCTION_H_
