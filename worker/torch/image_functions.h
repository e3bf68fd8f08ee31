// Operations on images that use kernels.h on the CPU and LibTorch elsewhere, with gradients.

#ifndef NASCENT_WORKER_TORCH_IMAGE_FUNCTIONS_H_
#define NASCENT_WORKER_TORCH_IMAGE_FUNCTIONS_H_

#include <ATen/core/Tensor.h>

#include <span>

#include "worker/torch/kernels.h"

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
};

// x: [N, C], [N, C, L] or [N, C, H, W]. With the statistics of the batch where `training`, else the
// running ones; then ReLU with `relu`.
at::Tensor NormalizeBatch(const BatchNorm& norm, const at::Tensor& x, bool training, bool relu);

// `pool`: kernel, stride, padding and the mode of counting; its sizes are filled in from `x`
// ([N, C, H, W]) and from the output's height and width.
at::Tensor PoolAverage(kernels::Pool pool, const at::Tensor& x, bool ceil_mode);
at::Tensor PoolMaximum(kernels::Pool pool, const at::Tensor& x, bool ceil_mode, int64_t dilation_h,
                       int64_t dilation_w);

// The sum of tensors of equal shape, at least one.
at::Tensor SumOf(std::span<const at::Tensor> terms);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_IMAGE_FUNCTIONS_H_
