// The evaluator of nascent-evaluator: tasks carried out by LibTorch.

#ifndef NASCENT_WORKER_TORCH_TORCH_EVALUATOR_H_
#define NASCENT_WORKER_TORCH_TORCH_EVALUATOR_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "worker/evaluate/child_loop.h"
#include "worker/evaluate/evaluator.h"
#include "worker/torch/phase_times.h"
#include "worker/torch/resident_data.h"

namespace nascent::worker {

// What this program can do, and on which devices.
EvaluatorDescription DescribeTorchEvaluator();

// Keeps the data of its last task, so that the next one on the same data starts at once. Where the
// environment variable NASCENT_EVALUATOR_TIMES names a file, each task adds a line to it, see
// AppendPhaseTimes.
class TorchEvaluator : public Evaluator {
 public:
  TorchEvaluator();

  Result Run(const Assignment& assignment, Progress& progress) override;

 private:
  Result RunTraining(const Assignment& assignment, Progress& progress);
  Result RunFinalTest(const Assignment& assignment, Progress& progress);
  absl::StatusOr<const ResidentData*> Data(const v1::TrainTask& task, const Assignment& assignment,
                                           ResidentData::Parts parts);

  const std::string times_path_;  // empty: nobody asks
  PhaseTimes times_;              // of the task that runs
  std::string data_identity_;
  std::unique_ptr<ResidentData> data_;
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_TORCH_EVALUATOR_H_
