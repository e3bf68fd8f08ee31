// A network as text for Graphviz.

#ifndef NASCENT_COMMON_NETWORK_DRAW_H_
#define NASCENT_COMMON_NETWORK_DRAW_H_

#include <string>

#include "absl/status/statusor.h"
#include "common/network/network.h"

namespace nascent::network {

struct DrawOptions {
  std::string title;
  // Draw only the nodes at this path and below it, e.g. "stage1.cell0"; empty: all. What they read
  // from elsewhere is drawn as an ellipse.
  std::string part;
  bool costs = true;  // parameters and multiply-accumulates of each node
  // One box for each part instead of all its nodes: what the network is made of, on one page. With
  // `part` the parts of that part.
  bool overview = false;
};

// A digraph in the DOT language, from top to bottom: a box per node with its operation, its telling
// attributes, its output's shape and its costs; a frame per part of the path. A part without a name
// of its own (a place in a sequence) is called by its path. NOT_FOUND names the parts that there
// are.
absl::StatusOr<std::string> ToDot(const Network& network, const DrawOptions& options = {});

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_DRAW_H_
