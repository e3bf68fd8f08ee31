// Sums with the batch norms before them and the ReLU behind them, with gradients.
//
//   x ─► conv ─► bn ─┐                      Unfused, each arrow but those from convolutions is a
//   x ─► conv ─► bn ─┼─► add ─┬─► relu ─►   tensor that is written once and read several times;
//   x ───────────────┘        └─────────►   here only the sum and its ReLU are written.

#ifndef NASCENT_WORKER_TORCH_KERNELS_NORM_SUM_FUNCTION_H_
#define NASCENT_WORKER_TORCH_KERNELS_NORM_SUM_FUNCTION_H_

#include <ATen/core/Tensor.h>

#include <optional>
#include <span>

#include "worker/torch/kernels/batch_norm_function.h"

namespace nascent::worker {

struct SumTerm {
  at::Tensor x;
  std::optional<BatchNorm> norm;  // by which x is normalised first
};

struct SumAndRelu {
  at::Tensor sum;
  at::Tensor relu;  // undefined where it was not asked for
};

// Adds up at least one term, all of the same shape, [N, C, H, W], normalised by the statistics of
// the batch; the running ones move. With gradients; see norm_sum.h on the CPU, LibTorch elsewhere.
SumAndRelu AddNormalized(std::span<const SumTerm> terms, bool relu);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_KERNELS_NORM_SUM_FUNCTION_H_
