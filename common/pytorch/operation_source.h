// How each operation of common/network/operations.h is written in PyTorch.

#ifndef NASCENT_COMMON_PYTORCH_OPERATION_SOURCE_H_
#define NASCENT_COMMON_PYTORCH_OPERATION_SOURCE_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/network/network.h"

namespace nascent::pytorch {

// An argument of a module's constructor, as text.
struct Argument {
  std::string name;
  std::string value;
  std::string default_value;  // PyTorch's; empty: there is none, and the argument is always written
  // Arguments of one kind may become one parameter of a class where they agree, e.g. "channels".
  std::string kind;
};

struct OperationSource {
  // The class of the module that holds the operation's tensors, e.g. "nn.Conv2d"; empty: none.
  std::string module;
  std::vector<Argument> arguments;
  // The expression of the result: "$self" stands for the module, "$0", "$1", … for the inputs.
  std::string call;
  // The name of a class or function that the file has to define; empty: PyTorch's are enough.
  std::string definition;
};

// The node's operation; its attributes are complete, `inputs` are the shapes of its inputs without
// the batch. UNIMPLEMENTED names an operation that has no form in PyTorch.
absl::StatusOr<OperationSource> SourceOf(const network::Node& node,
                                         std::span<const network::Shape> inputs);

// Whether SourceOf knows the operation.
bool HasSource(std::string_view operation);

// The text of a definition that SourceOf named.
std::string DefinitionText(const std::string& name);

}  // namespace nascent::pytorch

#endif  // NASCENT_COMMON_PYTORCH_OPERATION_SOURCE_H_
