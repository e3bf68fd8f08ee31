// What zen draws, so that another program can compute the same score.

#ifndef NASCENT_WORKER_TORCH_SCORES_ZEN_H_
#define NASCENT_WORKER_TORCH_SCORES_ZEN_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "worker/torch/scores/scored_network.h"

namespace nascent::worker {

// All from N(0, 1), float32 on the host; a value depends on the seed, the name of what it is for
// and its place alone.
struct ZenDraw {
  std::vector<at::Tensor> weights;  // one per layer of the network
  at::Tensor images;                // [16, input shape]
  at::Tensor changed;               // the images and 0.01 times as many others
};

ZenDraw DrawForZen(const ScoredNetwork& network, uint64_t seed);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_SCORES_ZEN_H_
