// nascent-evaluator: the training process of one slot. The worker starts it, see
// worker/evaluate/child_loop.h for its flags.

#include <memory>

#include "worker/evaluate/child_loop.h"
#include "worker/torch/process_setup.h"
#include "worker/torch/torch_evaluator.h"

int main(int argc, char** argv) {
  nascent::worker::RestartWithTrainingEnvironment(argv);
  nascent::worker::KeepFreedMemory();
  return nascent::worker::EvaluatorMain(argc, argv, nascent::worker::DescribeTorchEvaluator, [] {
    return std::make_unique<nascent::worker::TorchEvaluator>();
  });
}
