// The passes over memory of a sum of which some terms are normalised, and of the ReLU that reads
// it.
//
// One piece of the rows is worked on from the first term to the ReLU before the next, so that it is
// read and written once and stays in a cache meanwhile. float32, channels last; see batch_norm.h.

#ifndef NASCENT_WORKER_TORCH_KERNELS_NORM_SUM_H_
#define NASCENT_WORKER_TORCH_KERNELS_NORM_SUM_H_

#include <cstdint>

#include "worker/torch/kernels/tiles.h"

namespace nascent::worker::kernels {

// Adds x * scale + shift per channel to y.
void AddScaled(Rows size, const float* x, const float* scale, const float* shift, float* y);

// Adds x to y.
void AddValues(int64_t count, const float* x, float* y);

// Sets r = max(0, y); NaN stays NaN.
void Relu(int64_t count, const float* y, float* r);

// Sets d to what reaches the sum: dy + dr where r is above 0, or dy elsewhere. `dy` null: none
// came.
void ReluGradient(int64_t count, const float* dy, const float* dr, const float* r, float* d);

}  // namespace nascent::worker::kernels

#endif  // NASCENT_WORKER_TORCH_KERNELS_NORM_SUM_H_
