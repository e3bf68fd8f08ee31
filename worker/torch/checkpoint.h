// A training at one moment, so that it can go on elsewhere as if nothing had been.

#ifndef NASCENT_WORKER_TORCH_CHECKPOINT_H_
#define NASCENT_WORKER_TORCH_CHECKPOINT_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "worker/torch/network_module.h"
#include "worker/torch/optimizer.h"
#include "worker/torch/training_step.h"

namespace nascent::worker {

// Where a training stands. Order and changes of examples follow from the seed and these counts, so
// no state of a random generator is needed.
struct Position {
  int64_t epoch = 0;          // finished epochs
  int64_t step_in_epoch = 0;  // steps done of the next one
};

// Parameters and running statistics by their stable names, with what the file says of itself
// (weights_metadata.h).
absl::Status WriteWeights(const std::string& path, const NetworkModule& network,
                          std::map<std::string, std::string> metadata);
absl::Status ReadWeights(const std::string& path, const NetworkModule& network);

// Weights, the optimizer's moments (by parameter), the position and the epoch's sums so far.
absl::Status WriteCheckpoint(const std::string& path, const NetworkModule& network,
                             const FlatOptimizer& optimizer, const Position& position,
                             const Totals& totals);

// INVALID_ARGUMENT: it is another network's, or another optimizer's.
absl::Status ReadCheckpoint(const std::string& path, const NetworkModule& network,
                            FlatOptimizer& optimizer, Position& position, Totals& totals);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_CHECKPOINT_H_
