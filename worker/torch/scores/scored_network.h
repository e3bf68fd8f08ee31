// A network as scores look at it: run node by node on parameters of its own, every value in reach.

#ifndef NASCENT_WORKER_TORCH_SCORES_SCORED_NETWORK_H_
#define NASCENT_WORKER_TORCH_SCORES_SCORED_NETWORK_H_

#include <ATen/core/Tensor.h>

#include <functional>
#include <span>
#include <vector>

#include "common/network/network.h"
#include "worker/torch/modules.h"
#include "worker/torch/network_module.h"

namespace nascent::worker {

// How a score runs a network.
struct ScoringPass {
  // False: batch, layer, group and instance norms hand their input on.
  bool norms = true;
  // Called with each node's index, inputs and output as soon as it is there.
  std::function<void(int node, std::span<const at::Tensor> inputs, const at::Tensor& output)>
      observe = nullptr;
};

// Batch norms use the batch's statistics and keep their running ones, as in training; nothing is
// dropped. Unlike in NetworkModule each node does its own work, so that gradients of any order
// exist. Used by one thread.
class ScoredNetwork {
 public:
  // Copies the parameters as they are now, in another type; running statistics begin at 0 and 1.
  // Auxiliary outputs and what only they need are left out.
  ScoredNetwork(const NetworkModule& source, at::ScalarType type);

  // x: [N, input shape] of the network's type. Returns the main output.
  at::Tensor Forward(const at::Tensor& x, const ScoringPass& pass = {});

  // Nodes with a weight that multiplies their input: convolutions and linear layers.
  const std::vector<int>& layers() const { return layers_; }
  // Of these, in their order; leaves of autograd.
  std::vector<at::Tensor> weights() const;

  const network::Network& network() const { return network_; }
  const at::Tensor& weight(int node) const { return modules_[node].weight; }
  // One per node. Their tensors are this object's own.
  std::vector<Module>& modules() { return modules_; }
  // Whether the node is run.
  bool runs(int node) const { return last_reader_[node] >= 0; }
  const network::Shape& input_shape() const { return network_.nodes[input_].shape; }
  at::TensorOptions options() const { return options_; }

 private:
  const network::Network& network_;  // the source's
  at::TensorOptions options_;
  std::vector<Module> modules_;
  std::vector<int> layers_;
  // Per node: the last one that reads it, the number of nodes for the main output, -1 where it does
  // not lead there.
  std::vector<int> last_reader_;
  int input_ = 0;
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_SCORES_SCORED_NETWORK_H_
