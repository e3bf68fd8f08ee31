// Training kernels for small images on the CPU, float32, channels last. They exist because
// LibTorch's own are bounded by something else than memory where an image has few channels: its
// pools and batch norms walk channel by channel, these walk memory in order.
//
// A tensor [N, C, H, W] is stored as N x H x W x C. Nothing here allocates, knows of torch or
// starts threads: callers split the work by rows or images.

#ifndef NASCENT_WORKER_TORCH_KERNELS_H_
#define NASCENT_WORKER_TORCH_KERNELS_H_

#include <cstdint>

namespace nascent::worker::kernels {

// Rows of channels: rows = N * H * W of the part that a call works on.
struct Rows {
  int64_t rows = 0;
  int64_t channels = 0;
};

// Per channel the sums of (x - centre) and of its square, each [C]. Exact enough for a variance
// where `centre` is anywhere near the mean.
void MomentSums(Rows size, const float* x, const float* centre, double* sums, double* squares);

// y = x * scale + shift per channel, then max(0, .) with `relu`. `y` may be `x`.
void ScaleShift(Rows size, const float* x, const float* scale, const float* shift, bool relu,
                float* y);

// Per channel the sums of dy and of dy * (x - mean), each [C]. `y`: not null where a ReLU followed;
// dy counts only where y is above 0.
void GradientSums(Rows size, const float* x, const float* dy, const float* y, const float* mean,
                  double* sums, double* products);

// dx = a * dy + b * x + c per channel, with dy masked by `y` as above.
void NormGradient(Rows size, const float* x, const float* dy, const float* y, const float* a,
                  const float* b, const float* c, float* dx);

// Windows of a pool over the images of the part that a call works on.
struct Pool {
  int64_t channels = 0, height = 0, width = 0;  // of the input
  int64_t out_height = 0, out_width = 0;
  int64_t kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0;
  bool count_padding = true;  // an average divides by the whole window, the padding included
};

void AveragePool(const Pool& pool, int64_t images, const float* x, float* y);
void AveragePoolBackward(const Pool& pool, int64_t images, const float* dy, float* dx);

// `winner`: for each output the position of its maximum in the window, row by row; the first of
// equals. Windows have at most 255 positions.
void MaxPool(const Pool& pool, int64_t images, const float* x, float* y, uint8_t* winner);
void MaxPoolBackward(const Pool& pool, int64_t images, const float* dy, const uint8_t* winner,
                     float* dx);

// y = the sum of `count` (at least 1) tensors of `size` values each.
void Sum(const float* const* terms, int64_t count, int64_t size, float* y);

}  // namespace nascent::worker::kernels

#endif  // NASCENT_WORKER_TORCH_KERNELS_H_
