// What the key looks at: the live network as a smaller graph without names.

#ifndef NASCENT_COMMON_NETWORK_KEY_GRAPH_H_
#define NASCENT_COMMON_NETWORK_KEY_GRAPH_H_

#include <cstdint>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "common/network/network.h"

namespace nascent::network {

// Sums are flattened. A chain (each node the only reader of the one before, and of nothing else) is
// one vertex. Twins (equal vertices with equal arguments and readers) are one vertex with copies.
struct KeyGraph {
  // `kind`: the position where order counts, else how often.
  struct Edge {
    int vertex;
    int64_t kind;

    bool operator==(const Edge&) const = default;
    auto operator<=>(const Edge&) const = default;
  };

  struct Vertex {
    absl::InlinedVector<int, 4> nodes;  // the chain from head to tail; chains of copies follow
    int copies = 1;
    int level = 0;                           // edges on the longest path from an input
    uint64_t colour = 0;                     // of all that it is by itself, copies included
    absl::InlinedVector<Edge, 4> arguments;  // of the head, sorted by kind or by vertex
    absl::InlinedVector<Edge, 4> readers;    // of the tail

    int chain_length() const { return static_cast<int>(nodes.size()) / copies; }
  };

  std::vector<Vertex> vertices;  // arguments before their readers
  // What a node is by itself: operation, attributes, shape, and its name where it is an output or
  // one of several inputs.
  std::vector<uint64_t> node_colours;
};

KeyGraph MakeKeyGraph(const Network& live);

// Whether the order of the inputs counts.
bool IsOrdered(const Node& node);

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_KEY_GRAPH_H_
