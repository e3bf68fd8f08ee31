// Carries out a training task: epochs, schedule, measurements, checkpoints.

#ifndef NASCENT_WORKER_TORCH_TRAINER_H_
#define NASCENT_WORKER_TORCH_TRAINER_H_

#include <ATen/core/Tensor.h>

#include <string>

#include "nascent/v1/task.pb.h"
#include "worker/evaluate/evaluator.h"
#include "worker/torch/network_module.h"
#include "worker/torch/phase_times.h"
#include "worker/torch/resident_data.h"

namespace nascent::worker {

struct TrainerPaths {
  std::string resume_from;      // a checkpoint to continue from; empty: from the start
  std::string checkpoint_path;  // written at the end where the task keeps one, and when preempted
  std::string weights_path;     // written at the end of a training
};

// Trains `network` in place on the recipe (resolved) and fidelity of `task` and measures it after
// each epoch.
//
// Measurements per epoch: training_loss, training_accuracy (over the epoch's batches, augmented and
// while learning), validation_loss, validation_accuracy (of its end), for segmentations also
// validation_mean_iou. At the end: training_seconds, validation_seconds, peak_memory_bytes.
//
// DIVERGED once a loss is not finite. A stop request ends it within a batch: EARLY and CANCELLED
// leave out the epoch that was begun, PREEMPTED writes a checkpoint of this very step. Throws what
// LibTorch throws. Sets all of `times` but `build` and `total`.
Result Train(const v1::TrainTask& task, NetworkModule& network, const ResidentData& data,
             at::Device device, const TrainerPaths& paths, Progress& progress, PhaseTimes& times);

// Returns the epochs and the training examples that the fidelity leaves of the recipe, which is
// resolved.
int64_t EpochsOf(const v1::TrainTask& task);
int64_t TrainingExamplesOf(const v1::TrainTask& task, int64_t available);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_TRAINER_H_
