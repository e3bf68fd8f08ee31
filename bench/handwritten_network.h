// What a careful user would write with LibTorch alone for the network of `nascent-bench train`.

#ifndef NASCENT_BENCH_HANDWRITTEN_NETWORK_H_
#define NASCENT_BENCH_HANDWRITTEN_NETWORK_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>

namespace nascent::bench {

// A training step of the NAS-Bench-201 network whose cell is kCell, on torch::nn modules and
// torch::optim::SGD, channels last. The function runs one step on a batch, images: [N, C, H, W],
// labels: [N].
std::function<void(const at::Tensor& images, const at::Tensor& labels)> HandwrittenStep(
    int64_t input_channels, int64_t channels, int64_t cells, int64_t classes);

// The cell, in the space's notation: each operation occurs, nothing is dead.
inline constexpr char kCell[] =
    "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_1x1~1|"
    "avg_pool_3x3~2|";

}  // namespace nascent::bench

#endif  // NASCENT_BENCH_HANDWRITTEN_NETWORK_H_
