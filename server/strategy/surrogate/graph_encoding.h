// Genotypes as graphs of operations, for the graph network.

#ifndef NASCENT_SERVER_STRATEGY_SURROGATE_GRAPH_ENCODING_H_
#define NASCENT_SERVER_STRATEGY_SURROGATE_GRAPH_ENCODING_H_

#include <memory>

#include "server/strategy/surrogate/encoding.h"

namespace nascent::strategy {

// What a row holds, one after the other: the nodes' features [nodes, features], all 0 where there
// is no node; the edges [nodes, nodes], 1 from row to column; what belongs to no node [others].
struct GraphLayout {
  Eigen::Index nodes = 0;
  Eigen::Index features = 0;
  Eigen::Index others = 0;
  Eigen::Index columns() const { return nodes * (features + nodes) + others; }
};

class GraphEncoding : public Encoding {
 public:
  virtual const GraphLayout& layout() const = 0;
  Eigen::Index columns() const override { return layout().columns(); }
};

// Cells: a node per vertex and, where operations stand at edges, one per edge; its features are the
// operation, or that it is an input, a sum or an end, and the cell. The recipe's decisions belong
// to no node. Where the notation describes no cells, a node per active decision whose features are
// its columns of SplineEncoding, with an edge from the decision that it depends on or else from
// the active one before it.
std::unique_ptr<const GraphEncoding> MakeGraphEncoding(const space::Space& space);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SURROGATE_GRAPH_ENCODING_H_
