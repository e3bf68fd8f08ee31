// The passes over memory of a batch normalisation of small images, with the ReLU that may follow
// it.
//
// LibTorch's own walks channel by channel in 1.13, these walk memory in order: x is float32,
// channels last, so that [N, C, H, W] is stored as N x H x W rows of C channels. Nothing here knows
// of torch, allocates or starts threads: callers split the rows, see NormalizeBatch.

#ifndef NASCENT_WORKER_TORCH_KERNELS_BATCH_NORM_H_
#define NASCENT_WORKER_TORCH_KERNELS_BATCH_NORM_H_

#include "worker/torch/kernels/tiles.h"

namespace nascent::worker::kernels {

// Sets, per channel, the sums of (x - centre) and of its square, each [C]. They are exact enough
// for a variance where `centre` is anywhere near the mean.
void MomentSums(Rows size, const float* x, const float* centre, double* sums, double* squares);

// Sets y = x * scale + shift per channel, then max(0, .) with `relu`. `y` may be `x`.
void ScaleShift(Rows size, const float* x, const float* scale, const float* shift, bool relu,
                float* y);

// Sets, per channel, the sums of dy and of dy * (x - mean), each [C]. `y` is not null where a ReLU
// followed; dy then counts only where y is above 0.
void GradientSums(Rows size, const float* x, const float* dy, const float* y, const float* mean,
                  double* sums, double* products);

// Sets dx = a * dy + b * x + c per channel, with dy masked by `y` as above.
void NormGradient(Rows size, const float* x, const float* dy, const float* y, const float* a,
                  const float* b, const float* c, float* dx);

}  // namespace nascent::worker::kernels

#endif  // NASCENT_WORKER_TORCH_KERNELS_BATCH_NORM_H_
