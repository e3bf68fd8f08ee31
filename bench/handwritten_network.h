// What a careful user would write with LibTorch alone for the network of `nascent-bench train`.

#ifndef NASCENT_BENCH_HANDWRITTEN_NETWORK_H_
#define NASCENT_BENCH_HANDWRITTEN_NETWORK_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace nascent::bench {

// A training step of the NAS-Bench-201 network whose cell is kCell (live_network.h), on torch::nn
// modules and torch::optim::SGD, channels last. The function runs one step on a batch, images: [N,
// C, H, W], labels: [N].
std::function<void(const at::Tensor& images, const at::Tensor& labels)> HandwrittenStep(
    int64_t input_channels, int64_t channels, int64_t cells, int64_t classes);

}  // namespace nascent::bench

#endif  // NASCENT_BENCH_HANDWRITTEN_NETWORK_H_
