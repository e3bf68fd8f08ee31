// A cell of a genotype as a graph of operations, as papers write it.

#ifndef NASCENT_COMMON_SPACE_CELL_GRAPH_H_
#define NASCENT_COMMON_SPACE_CELL_GRAPH_H_

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
};

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_CELL_GRAPH_H_
