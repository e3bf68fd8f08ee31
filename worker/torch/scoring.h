// The scores that a task asks for, computed on the network as it starts.

#ifndef NASCENT_WORKER_TORCH_SCORING_H_
#define NASCENT_WORKER_TORCH_SCORING_H_

#include "nascent/v1/task.pb.h"
#include "worker/evaluate/evaluator.h"
#include "worker/torch/network_module.h"
#include "worker/torch/resident_data.h"

namespace nascent::worker {

// Whether the task ends with its scores: on a rung of a score, or where the recipe has 0 epochs.
// The recipe is resolved, here and below.
bool OnlyScores(const v1::TrainTask& task);

// Measures task.scores() at epoch 0. The examples are the first of the first epoch, unchanged: two
// batches of as many as the recipe's batch has, at most 64 and at most half of what there is. A
// score that is not finite makes the result a divergence, one that does not apply makes it invalid;
// both name it.
Result MeasureScores(const v1::TrainTask& task, const NetworkModule& network,
                     const ResidentData& data, Progress& progress);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_SCORING_H_
