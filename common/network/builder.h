// Builds a network node by node, with attributes completed and shapes inferred.

#ifndef NASCENT_COMMON_NETWORK_BUILDER_H_
#define NASCENT_COMMON_NETWORK_BUILDER_H_

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/network/network.h"
#include "common/network/operations.h"

namespace nascent::network {

// What was inferred before, by operation, attributes (by identity) and input shapes. Templates
// share attributes between the nodes of a repeated block, so most nodes are found here. Not
// thread-safe.
class InferenceMemo {
 public:
  struct Entry {
    const Operation* operation;
    Attributes given;
    Attributes complete;  // with defaults
    Shape shape;
  };

  // The completed attributes and the output's shape. The pointer is good until the next call.
  absl::StatusOr<const Entry*> Infer(const Operation& operation, const Attributes& given,
                                     std::span<const Shape* const> inputs);

 private:
  absl::flat_hash_map<uint64_t, std::vector<std::pair<std::vector<Shape>, Entry>>> entries_;
  size_t size_ = 0;
};

class NetworkBuilder {
 public:
  // `memo` outlives the builder and may serve many, one after the other; null: one of its own.
  explicit NetworkBuilder(InferenceMemo* memo = nullptr);

  // Adds a node and returns its index. INVALID_ARGUMENT names the node, the operation, what does
  // not fit and the nodes that it comes from with their shapes. A path is not checked for
  // uniqueness.
  absl::StatusOr<int> Add(std::string_view path, std::string_view operation,
                          const Attributes& attributes, std::span<const int> inputs);
  absl::StatusOr<int> Add(std::string_view path, std::string_view operation,
                          const Attributes& attributes, std::initializer_list<int> inputs) {
    return Add(path, operation, attributes, std::span(inputs.begin(), inputs.size()));
  }

  const Shape& shape(int node) const { return network_.nodes[node].shape; }
  int size() const { return static_cast<int>(network_.nodes.size()); }
  void AddOutput(std::string name, int node, bool training_only = false);

  // The network; the builder is empty afterwards.
  Network Take() { return std::exchange(network_, {}); }

 private:
  Network network_;
  InferenceMemo own_;
  InferenceMemo* memo_;
};

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_BUILDER_H_
