// The canonical order of a graph's vertices: the same for every copy of the graph, however its
// vertices are numbered.

#ifndef NASCENT_COMMON_NETWORK_CANONICAL_ORDER_H_
#define NASCENT_COMMON_NETWORK_CANONICAL_ORDER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "common/network/key_graph.h"

namespace nascent::network {

// Vertices by position. Colours are refined along arguments and readers; where that does not tell
// all vertices apart nauty (McKay & Piperno 2014) labels the rest. Nothing where more nodes of
// nauty's search tree, times the graph's vertices, would be looked at than `work_limit`.
std::optional<std::vector<int>> CanonicalOrder(const KeyGraph& graph, int64_t work_limit);

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_CANONICAL_ORDER_H_
