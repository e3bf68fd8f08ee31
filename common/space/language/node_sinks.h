// The two kinds of networks that a template's blocks can build.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_NODE_SINKS_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_NODE_SINKS_H_

#include <string>
#include <utility>

#include "common/network/builder.h"
#include "common/network/resolved.h"
#include "common/space/language/block.h"
#include "common/status_macros.h"

namespace nascent::space {

// Builds a network with names.
class NetworkSink : public NodeSink {
 public:
  explicit NetworkSink(network::InferenceMemo* memo) : builder_(memo) {}
  absl::StatusOr<int> Add(const std::string& path, const network::Operation& operation,
                          const network::Attributes& attributes,
                          std::span<const int> inputs) override {
    return builder_.Add(path, operation.name, attributes, inputs);
  }
  const network::Shape& shape(int node) const override { return builder_.shape(node); }
  network::NetworkBuilder& builder() { return builder_; }

 private:
  network::NetworkBuilder builder_;
};

// Builds a network without names, for costs.
class ResolvedSink : public NodeSink {
 public:
  explicit ResolvedSink(network::ResolvedMemo* memo) : memo_(memo) { memo->Trim(); }
  absl::StatusOr<int> Add(const std::string&, const network::Operation& operation,
                          const network::Attributes& attributes,
                          std::span<const int> inputs) override {
    absl::InlinedVector<const network::ResolvedOperation*, 4> resolved;
    for (const int input : inputs) resolved.push_back(network_.nodes[input].resolved);
    NASCENT_ASSIGN_OR_RETURN(
        const network::ResolvedOperation* added,
        memo_->Resolve(operation, attributes, std::span(resolved.data(), resolved.size())));
    network_.nodes.push_back({added, {inputs.begin(), inputs.end()}});
    return static_cast<int>(network_.nodes.size()) - 1;
  }
  absl::StatusOr<int> AddComputed(const std::string& path, const network::Operation& operation,
                                  const network::Attributes& attributes,
                                  std::span<const int> inputs) override {
    return Add(path, operation, memo_->Intern(attributes), inputs);
  }
  const network::Shape& shape(int node) const override {
    return network_.nodes[node].resolved->shape;
  }
  network::ResolvedNetwork& network() { return network_; }

 private:
  network::ResolvedMemo* memo_;
  network::ResolvedNetwork network_;
};

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_NODE_SINKS_H_
