// The LibTorch form of every operation of common/network/operations.h.

#ifndef NASCENT_WORKER_TORCH_MODULES_H_
#define NASCENT_WORKER_TORCH_MODULES_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/network/network.h"
#include "common/random.h"
#include "worker/torch/kernels/norm_sum_function.h"

namespace nascent::worker {

// What a whole run through a network has in common. Dropout draws from the device's default
// generator, drop path from `random`.
struct Pass {
  bool training = false;
  // Probability of every drop_path operation: the recipe's at this point of the training. The
  // operation's own `p` only marks it as a place where paths may be dropped.
  double drop_path = 0;
  RandomStream* random = nullptr;  // needed where drop_path > 0
};

// A node with its tensors.
struct Module {
  network::Node node;
  std::vector<network::Shape> input_shapes;
  // As the operation lists them: "weight", "bias"; undefined where the node has none.
  at::Tensor weight;
  at::Tensor bias;
  // Of a batch norm.
  at::Tensor running_mean;
  at::Tensor running_variance;
  // A batch norm and the relu that is its only reader: the norm does the work of both.
  bool with_relu = false;
  // A sum of images: while training it does the work of the batch norms that nobody else reads.
  // Per input that norm, or null.
  std::vector<const Module*> norms;
  // A batch norm: while training the sum that reads it does its work.
  bool in_sum = false;
  // Evaluation: a convolution with the weights below, which hold its batch norm; that norm hands
  // its input on; the relu after it works by itself.
  bool folded = false;
  at::Tensor folded_weight;
  at::Tensor folded_bias;
};

// inputs: [N, …] each, as many as the node has; an input that nobody else holds may be overwritten
// while gradients are off. Result: [N, node.shape].
using ForwardFunction = at::Tensor (*)(const Module& module, std::span<at::Tensor> inputs,
                                       const Pass& pass);

// nullptr: no such operation (or "input").
ForwardFunction FindForward(std::string_view operation);

// While training, an "add" with `norms`, and with `relu` also the relu that reads it: `inputs` are
// those of the norms where there are any.
SumAndRelu AddWithNorms(const Module& add, std::span<at::Tensor> inputs, bool relu);

// How a parameter of the operation starts, as PyTorch's modules do it: weights and biases of
// convolutions and linear layers uniform in +-1 / sqrt(fan in), norms at one and zero. Returns the
// bound, 0 for a constant start at `value`.
double InitialBound(const network::Node& node, std::span<const network::Shape> inputs,
                    std::string_view parameter, double& value);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_MODULES_H_
