// A concrete network: a typed directed acyclic graph of operations.

#ifndef NASCENT_COMMON_NETWORK_NETWORK_H_
#define NASCENT_COMMON_NETWORK_NETWORK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "common/network/attributes.h"

namespace nascent::network {

// Without the batch dimension: [C, H, W] for images.
using Shape = absl::InlinedVector<int64_t, 4>;

// "[3, 32, 32]"
std::string ToText(const Shape& shape);
int64_t ElementCount(const Shape& shape);

struct Node {
  std::string path;       // stable; unique in its network; parameters are path + ".weight", …
  std::string operation;  // a name in operations.h
  Attributes attributes;
  absl::InlinedVector<int, 2> inputs;  // indices of earlier nodes
  Shape shape;                         // of the output

  bool operator==(const Node&) const = default;
};

struct Output {
  std::string name;
  int node = 0;
  bool training_only = false;

  bool operator==(const Output&) const = default;
};

// Nodes in topological order; those whose operation is "input" are the inputs; the first output is
// the main one.
struct Network {
  std::vector<Node> nodes;
  std::vector<Output> outputs;

  bool operator==(const Network&) const = default;
};

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_NETWORK_H_
