// A cell of a genotype as a graph of operations, as papers write it.

#ifndef NASCENT_COMMON_SPACE_NOTATION_CELL_GRAPH_H_
#define NASCENT_COMMON_SPACE_NOTATION_CELL_GRAPH_H_

#include <algorithm>
#include <string>
#include <vector>

namespace nascent::space {

// All but `ends`, `edges` and `vertex_operations` is the same for every genotype of a space.
struct CellGraph {
  struct Edge {
    int from = 0;
    int to = 0;         // larger than `from`
    int operation = 0;  // index into `operations`; -1 where operations stand at vertices
  };

  std::string name = {};
  std::vector<std::string> vertices = {};  // names, in topological order; the inputs first
  int inputs = 1;
  std::vector<int> ends = {};  // vertices whose values leave the cell
  std::vector<std::string> operations = {};
  // Operations stand at the vertices between inputs and ends, as in NAS-Bench-101, or else at
  // edges.
  bool at_vertices = false;
  std::vector<Edge> edges = {};
  std::vector<int> vertex_operations = {};  // by vertex; -1 where there is none

  bool IsEnd(int vertex) const { return std::find(ends.begin(), ends.end(), vertex) != ends.end(); }
  // The place of (from, to) among all pairs whose later vertex is no input, ordered by that vertex.
  int PairIndex(int from, int to) const {
    int index = from;
    for (int later = inputs; later < to; ++later) index += later;
    return index;
  }
  // How many such pairs there are.
  int Pairs() const { return PairIndex(0, static_cast<int>(vertices.size())); }
};

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_NOTATION_CELL_GRAPH_H_
