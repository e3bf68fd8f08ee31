// The rule `dag`: a graph whose edges are decisions, as in NAS-Bench-101 (Ying et al. 2019).
//
//     input ──projection──► vertex 1 ─┬──────────────► concatenated ──► output
//        └────projection──► vertex 2 ─┘ (cropped, summed)                 ▲
//        └─────────────────────────projection, added ────────────────────┘

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_DAG_BLOCK_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_DAG_BLOCK_H_

#include <string>
#include <vector>

#include "common/space/language/block.h"

namespace nascent::space {

// An upper triangular matrix over the input (0), the vertices and the output (last).
using Adjacency = std::vector<std::vector<char>>;

// Removes what lies on no path from the input to the output. False: there is no such path.
bool PruneAdjacency(Adjacency& edges);

// Channels of each vertex, backwards: those of the output are split evenly over the vertices that
// feed it, the first getting one more each while there is a remainder; every other vertex has as
// many as the widest that it feeds. `edges` is pruned.
std::vector<int64_t> ChannelsBackwards(const Adjacency& edges, int64_t output_channels);

class DagBlock : public Block {
 public:
  struct Settings {
    std::string path;
    int line = 0;
    int most_edges = -1;     // after pruning; -1: no limit
    ExpressionPtr channels;  // of the output; null: all tensors have the same
    int channels_slot = -1;  // where a vertex finds its own channels
  };
  // `edges[i][j]` is the decision whether i feeds j, -1 where j ≤ i; `from_input[j]` is what stands
  // on the edge from the input to j.
  DagBlock(Settings settings, std::vector<std::vector<int>> edges, std::vector<BlockPtr> vertices,
           std::vector<BlockPtr> from_input);
  absl::StatusOr<Tensors> Build(BuildState& state, const Tensors& inputs) const override;

 private:
  absl::StatusOr<Tensors> BuildVertex(BuildState& state, int vertex, const Adjacency& edges,
                                      const std::vector<int64_t>& channels,
                                      const std::vector<int>& built, int input) const;
  absl::StatusOr<int> Project(BuildState& state, int target, int64_t channels, int input) const;

  Settings settings_;
  std::vector<std::vector<int>> edges_;
  std::vector<BlockPtr> vertices_;
  std::vector<BlockPtr> from_input_;
};

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_DAG_BLOCK_H_
