// Pools over small images, float32, channels last: [N, C, H, W] stored as N x H x W x C.
//
// LibTorch's own pools cost as much as a convolution where an image has few channels; these take
// windows apart into columns and rows and walk each row of an image as one stretch. Nothing here
// knows of torch or starts threads: callers split the images, see PoolAverage. A call allocates
// scratch memory of an image at most.

#ifndef NASCENT_WORKER_TORCH_KERNELS_POOL_H_
#define NASCENT_WORKER_TORCH_KERNELS_POOL_H_

#include <cstdint>

namespace nascent::worker::kernels {

// The sizes of one image before and after a pool, and its windows.
struct Pool {
  int64_t channels = 0, height = 0, width = 0;  // of the input
  int64_t out_height = 0, out_width = 0;
  int64_t kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0;
  bool count_padding = true;  // an average divides by the whole window, the padding included
};

// `x`, `dx`: [images, H, W, C]; `y`, `dy`: [images, OH, OW, C]. The backward passes set dx.
void AveragePool(const Pool& pool, int64_t images, const float* x, float* y);
void AveragePoolBackward(const Pool& pool, int64_t images, const float* dy, float* dx);

// `winner` gets, for each output, the position of its maximum in the window, row by row; of equals
// the first, and NaN wins. Windows have at most 255 positions.
void MaxPool(const Pool& pool, int64_t images, const float* x, float* y, uint8_t* winner);
void MaxPoolBackward(const Pool& pool, int64_t images, const float* dy, const uint8_t* winner,
                     float* dx);

}  // namespace nascent::worker::kernels

#endif  // NASCENT_WORKER_TORCH_KERNELS_POOL_H_
