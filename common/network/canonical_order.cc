#include "common/network/canonical_order.h"

// nauty's headers are C11.
#define _Thread_local thread_local
#include <nauty/nausparse.h>
#undef _Thread_local

#include <algorithm>
#include <csetjmp>
#include <numeric>

#include "absl/container/inlined_vector.h"
#include "common/network/mix.h"

namespace nascent::network {
namespace {

using Edge = KeyGraph::Edge;

uint64_t HashOfEdges(const absl::InlinedVector<Edge, 4>& edges,
                     const std::vector<uint64_t>& colours) {
  uint64_t sum = 0;  // whatever their order is
  for (const Edge& e : edges) sum += Mix(colours[e.vertex], e.kind);
  return sum;
}

// A colour for each vertex that knows everything above it, then everything below that.
std::vector<uint64_t> Refine(const KeyGraph& graph) {
  const int size = static_cast<int>(graph.vertices.size());
  std::vector<uint64_t> colours(size);
  for (int v = 0; v < size; ++v) {
    const KeyGraph::Vertex& vertex = graph.vertices[v];
    colours[v] = Mix(vertex.colour, HashOfEdges(vertex.arguments, colours));
  }
  for (int v = size - 1; v >= 0; --v) {
    const KeyGraph::Vertex& vertex = graph.vertices[v];
    if (!vertex.readers.empty()) {
      colours[v] = Mix(colours[v], HashOfEdges(vertex.readers, colours));
    }
  }
  return colours;
}

std::vector<int> SortedByColour(const std::vector<uint64_t>& colours) {
  std::vector<int> order(colours.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](int v) { return colours[v]; });
  return order;
}

bool AllDiffer(const std::vector<int>& order, const std::vector<uint64_t>& colours) {
  return std::ranges::adjacent_find(order, {}, [&](int v) { return colours[v]; }) == order.end();
}

// nauty calls this for every node of its search tree; jumping out is how it is stopped, for its own
// request to stop is one for all threads.
struct Work {
  int64_t left = 0;
  std::jmp_buf exit;
};
thread_local Work work;

void CountNode(graph*, int*, int*, int, int, int, int, int, int) {
  if (--work.left < 0) std::longjmp(work.exit, 1);
}

// An undirected sparse graph: edges join neighbouring vertices directly, or through a vertex of
// their own that carries position or multiplicity. Levels are part of the colours, so the direction
// of an edge is known from its ends.
class Labelling {
 public:
  Labelling(const KeyGraph& coloured, std::vector<uint64_t> colours)
      : colours_(std::move(colours)) {
    neighbours_.resize(colours_.size());
    for (size_t v = 0; v < coloured.vertices.size(); ++v) {
      const auto& arguments = coloured.vertices[v].arguments;
      for (const Edge& argument : arguments) {
        if (arguments.size() == 1 || argument.kind == 1) {
          Join(static_cast<int>(v), argument.vertex);
          continue;
        }
        const int between = static_cast<int>(neighbours_.size());
        neighbours_.emplace_back();
        colours_.push_back(Mix(Mix(HashText("edge"), colours_[v]), argument.kind));
        Join(static_cast<int>(v), between);
        Join(between, argument.vertex);
      }
    }
  }

  // False: the work limit was reached.
  bool Run(int64_t work_limit) {
    const int size = static_cast<int>(neighbours_.size());
    order_ = SortedByColour(colours_);
    same_colour_follows_.resize(size);
    for (int i = 0; i < size; ++i) {
      same_colour_follows_[i] = i + 1 < size && colours_[order_[i]] == colours_[order_[i + 1]];
    }
    for (const auto& to : neighbours_) {
      offsets_.push_back(edges_.size());
      degrees_.push_back(static_cast<int>(to.size()));
      edges_.insert(edges_.end(), to.begin(), to.end());
    }
    orbits_.resize(size);
    work.left = work_limit / std::max(size, 1) + 1;
    return Call();
  }

  const std::vector<int>& order() const { return order_; }

 private:
  void Join(int a, int b) {
    neighbours_[a].push_back(b);
    neighbours_[b].push_back(a);
  }

  // Nothing with a destructor lives here: it may be left by longjmp.
  bool Call() {
    sparsegraph from;
    SG_INIT(from);
    from.nv = static_cast<int>(degrees_.size());
    from.nde = edges_.size();
    from.v = offsets_.data();
    from.d = degrees_.data();
    from.e = edges_.data();
    from.vlen = offsets_.size();
    from.dlen = degrees_.size();
    from.elen = edges_.size();
    static thread_local sparsegraph canonical = {0,       nullptr, 0, nullptr, nullptr,
                                                 nullptr, 0,       0, 0,       0};
    static DEFAULTOPTIONS_SPARSEGRAPH(defaults);
    optionblk options = defaults;
    options.getcanon = TRUE;
    options.defaultptn = FALSE;
    options.usernodeproc = CountNode;
    statsblk stats;
    if (setjmp(work.exit) != 0) return false;
    sparsenauty(&from, order_.data(), same_colour_follows_.data(), orbits_.data(), &options, &stats,
                &canonical);
    return true;
  }

  std::vector<uint64_t> colours_;
  std::vector<absl::InlinedVector<int, 4>> neighbours_;
  std::vector<int> order_;
  std::vector<int> same_colour_follows_;
  std::vector<int> orbits_;
  std::vector<size_t> offsets_;
  std::vector<int> degrees_;
  std::vector<int> edges_;
};

}  // namespace

std::optional<std::vector<int>> CanonicalOrder(const KeyGraph& graph, int64_t work_limit) {
  std::vector<uint64_t> colours = Refine(graph);
  std::vector<int> order = SortedByColour(colours);
  if (AllDiffer(order, colours)) return order;
  for (size_t v = 0; v < colours.size(); ++v) {
    colours[v] = Mix(colours[v], graph.vertices[v].level);
  }
  Labelling labelling(graph, std::move(colours));
  if (!labelling.Run(work_limit)) return std::nullopt;
  order.clear();
  const int size = static_cast<int>(graph.vertices.size());
  for (int v : labelling.order()) {
    if (v < size) order.push_back(v);
  }
  return order;
}

}  // namespace nascent::network
