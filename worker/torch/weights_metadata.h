// What a file of weights says of itself, so that it can be used far from the service.

#ifndef NASCENT_WORKER_TORCH_WEIGHTS_METADATA_H_
#define NASCENT_WORKER_TORCH_WEIGHTS_METADATA_H_

#include <map>
#include <string>
#include <vector>

#include "nascent/v1/task.pb.h"
#include "nascent/v1/trial.pb.h"
#include "worker/torch/resident_data.h"

namespace nascent::worker {

// Returns the metadata of the weights that `task` made: what was decided (genotype, network_key),
// what was built (network) and how it was trained (recipe, fidelity), on which data (data, with
// fingerprint and classes) and how they are to be normalised (normalization), what came out
// (metrics: the last value of each of `measurements` but times and memory, which differ from run to
// run), and who made it (evaluator). Messages are JSON with the names of their .proto files. Equal
// trainings give equal metadata, and so one artifact.
std::map<std::string, std::string> WeightsMetadata(
    const v1::TrainTask& task, const Normalization& normalization,
    const std::vector<v1::Measurement>& measurements);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_WEIGHTS_METADATA_H_
