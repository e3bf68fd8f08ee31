// The network of `nascent-bench train` and of the check on a GPU.

#ifndef NASCENT_BENCH_LIVE_NETWORK_H_
#define NASCENT_BENCH_LIVE_NETWORK_H_

#include <cstdint>

#include "common/network/network.h"

namespace nascent::bench {

// The cell, in NAS-Bench-201's notation: each operation occurs, nothing is dead.
inline constexpr char kCell[] =
    "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_1x1~1|"
    "avg_pool_3x3~2|";

// The live network of NAS-Bench-201 with that cell, for ten classes. `channels`: of the first
// stage; `cells`: per stage. Throws std::runtime_error where they make no network.
network::Network LiveNetwork(const network::Shape& input, int64_t channels, int64_t cells);

}  // namespace nascent::bench

#endif  // NASCENT_BENCH_LIVE_NETWORK_H_
