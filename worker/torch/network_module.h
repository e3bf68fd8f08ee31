// A network as LibTorch runs it: built from the graph alone, trained and evaluated by the trainer.

#ifndef NASCENT_WORKER_TORCH_NETWORK_MODULE_H_
#define NASCENT_WORKER_TORCH_NETWORK_MODULE_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/network/network.h"
#include "worker/torch/modules.h"
#include "worker/torch/parameters.h"

namespace nascent::worker {

// Used by one thread.
//
//   training     x ─► conv ─► bn (+ relu) ─► …    One autograd node per operation; a relu that
//                                                 alone reads a batch norm is part of it.
//                x ─► conv ─► (bn +) add (+ relu) A sum of images also does the work of batch norms
//                                                 that it alone reads, and of a relu that reads it.
//   evaluation   x ─► conv' ─► relu (in place)    After Fold() a batch norm that alone reads a
//                                                 convolution is part of it.
class NetworkModule {
 public:
  // Called with a node's index and output as soon as it is there. Of a batch norm that is part of a
  // sum, that is its input.
  using Observer = std::function<void(int node, const at::Tensor& output)>;

  // Parameters start from (seed, name), see Parameters. INVALID_ARGUMENT: an operation without
  // module, a network without exactly one input, or without output.
  static absl::StatusOr<std::unique_ptr<NetworkModule>> Create(const network::Network& network,
                                                               uint64_t seed, at::Device device);

  // x: [N, input shape], float32 (or what autocast makes of it). One tensor per output of the
  // network, in its order; those for training only are undefined in other passes.
  std::vector<at::Tensor> Forward(const at::Tensor& x, const Pass& pass,
                                  const Observer& observer = nullptr);

  // Prepares evaluations: folds batch norms into convolutions with the weights of this moment. Ends
  // with the next training pass.
  void Fold();

  const network::Network& network() const { return network_; }
  const Parameters& parameters() const { return parameters_; }
  // Running statistics, named path + ".running_mean" and path + ".running_var" as in PyTorch.
  const std::vector<NamedTensor>& buffers() const { return buffers_; }

 private:
  struct Step {
    int node = 0;
    ForwardFunction forward = nullptr;
    // Per input: whether nobody reads it after this step.
    std::vector<bool> last_use;
    // Of a sum that does the work of others: the relu that it does too, or -1.
    int relu = -1;
  };

  NetworkModule(network::Network network, Parameters parameters);

  void FindFusions();
  void FindSums(const std::vector<int>& readers);
  std::vector<Step> Plan(bool training) const;
  void Unfold();

  const network::Network network_;
  const Parameters parameters_;
  std::vector<NamedTensor> buffers_;
  std::vector<Module> modules_;  // one per node
  std::vector<int> foldable_;    // batch norms whose input is a convolution of their own
  std::vector<int> relu_of_;     // per node: the relu that it does while training, or -1
  std::vector<Step> training_plan_;
  std::vector<Step> evaluation_plan_;
  int input_ = 0;
  bool folded_ = false;
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_NETWORK_MODULE_H_
