// A network's score without training, by name: the scores of common/scores/scores.h.

#ifndef NASCENT_WORKER_TORCH_SCORES_SCORE_H_
#define NASCENT_WORKER_TORCH_SCORES_SCORE_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "worker/torch/network_module.h"
#include "worker/torch/resident_data.h"

namespace nascent::worker {

// What a score may look at.
struct ScoreInput {
  Batch first;        // images [N, C, H, W] float32, labels int64: of all scores of data
  Batch second;       // of the same kind; zico needs two
  uint64_t seed = 0;  // of the random weights and images of zen
};

// Computes the score of the network with the parameters that it has now, and leaves it as it is.
// The same input gives the same score. The value may be NaN or infinite, where the network gives no
// finite one. INVALID_ARGUMENT names a score that is unknown or does not apply to the network, and
// why. What LibTorch throws passes through.
absl::StatusOr<double> ComputeScore(std::string_view name, const NetworkModule& network,
                                    const ScoreInput& input);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_SCORES_SCORE_H_
