// A network as the source of a PyTorch module, for people to read and for programs to run where
// nobody has heard of Nascent.

#ifndef NASCENT_COMMON_PYTORCH_SOURCE_H_
#define NASCENT_COMMON_PYTORCH_SOURCE_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "common/network/network.h"

namespace nascent::pytorch {

struct SourceOptions {
  // The name of the last class, the network.
  std::string class_name = "Network";
  // What the file says of the network in its first lines; lines of any length.
  std::string description = {};
};

struct Source {
  std::string text;
  // By the name of a tensor in the network ("stage1.cell0.conv2d.weight", or "….running_mean"): its
  // name in the module's state_dict.
  std::map<std::string, std::string> tensor_names;
};

// Writes a Python file that needs nothing but PyTorch 1.13 or newer:
//
//   class Cell(nn.Module):           one class per kind of block; blocks that are alike but for
//       def __init__(self, channels)  numbers share a class
//   …
//   class Network(nn.Module):        the last one, made without arguments
//       def forward(self, x)         x: [N, input shape]; the main output. While it trains, a tuple
//                                     of it and the outputs that are for training only
//
// A drop_path drops nothing until its attribute `p` is set, as its probability is the recipe's.
// INVALID_ARGUMENT: a network without exactly one input, or without outputs; UNIMPLEMENTED: an
// operation that has no form in PyTorch.
absl::StatusOr<Source> ToPyTorch(const network::Network& network,
                                 const SourceOptions& options = {});

}  // namespace nascent::pytorch

#endif  // NASCENT_COMMON_PYTORCH_SOURCE_H_
