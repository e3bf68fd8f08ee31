// The rule `dag`: a graph whose edges are decisions, as in NAS-Bench-101 (Ying et al. 2019).
//
//     input ──projection──► vertex 1 ─┬──────────────► concatenated ──► output
//        └────projection──► vertex 2 ─┘ (cropped, summed)                 ▲
//        └─────────────────────────projection, added ────────────────────┘

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/space/language/block_kinds.h"
#include "common/space/language/elaborator.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

// An upper triangular matrix over the input (0), the vertices and the output (last).
using EdgeMatrix = std::vector<std::vector<char>>;

// Removes what lies on no path from the input to the output. False: there is no such path.
bool PruneAdjacency(EdgeMatrix& edges) {
  const size_t size = edges.size();
  std::vector<char> from_input(size, 0), to_output(size, 0);
  from_input[0] = 1;
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = i + 1; j < size; ++j) {
      if (from_input[i] != 0 && edges[i][j] != 0) from_input[j] = 1;
    }
  }
  to_output[size - 1] = 1;
  for (size_t i = size - 1; i-- > 0;) {
    for (size_t j = i + 1; j < size; ++j) {
      if (to_output[j] != 0 && edges[i][j] != 0) to_output[i] = 1;
    }
  }
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = 0; j < size; ++j) {
      const bool kept =
          from_input[i] != 0 && to_output[i] != 0 && from_input[j] != 0 && to_output[j] != 0;
      if (!kept) edges[i][j] = 0;
    }
  }
  return from_input[size - 1] != 0;
}

// Channels of each vertex, backwards: those of the output are split evenly over the vertices that
// feed it, the first getting one more each while there is a remainder; every other vertex has as
// many as the widest that it feeds. `edges` is pruned.
std::vector<int64_t> ChannelsBackwards(const EdgeMatrix& edges, int64_t output_channels) {
  const size_t size = edges.size();
  std::vector<int64_t> channels(size, 0);
  channels[size - 1] = output_channels;
  int64_t feeding = 0;
  for (size_t v = 1; v + 1 < size; ++v) feeding += edges[v][size - 1];
  if (feeding == 0) return channels;
  const int64_t share = output_channels / feeding;
  int64_t remainder = output_channels % feeding;
  for (size_t v = 1; v + 1 < size; ++v) {
    if (edges[v][size - 1] == 0) continue;
    channels[v] = share + (remainder > 0 ? 1 : 0);
    if (remainder > 0) --remainder;
  }
  for (size_t v = size - 1; v-- > 1;) {
    if (edges[v][size - 1] != 0) continue;
    for (size_t target = v + 1; target + 1 < size; ++target) {
      if (edges[v][target] != 0) channels[v] = std::max(channels[v], channels[target]);
    }
  }
  return channels;
}

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
  absl::StatusOr<Tensors> BuildVertex(BuildState& state, int vertex, const EdgeMatrix& edges,
                                      const std::vector<int64_t>& channels,
                                      const std::vector<int>& built, int input) const;
  absl::StatusOr<int> Project(BuildState& state, int target, int64_t channels, int input) const;

  Settings settings_;
  std::vector<std::vector<int>> edges_;
  std::vector<BlockPtr> vertices_;
  std::vector<BlockPtr> from_input_;
};

DagBlock::DagBlock(Settings settings, std::vector<std::vector<int>> edges,
                   std::vector<BlockPtr> vertices, std::vector<BlockPtr> from_input)
    : settings_(std::move(settings)),
      edges_(std::move(edges)),
      vertices_(std::move(vertices)),
      from_input_(std::move(from_input)) {}

absl::StatusOr<int> DagBlock::Project(BuildState& state, int target, int64_t channels,
                                      int input) const {
  if (settings_.channels_slot >= 0) state.slots[settings_.channels_slot] = channels;
  NASCENT_ASSIGN_OR_RETURN(Tensors projected, from_input_[target]->Build(state, {input}));
  if (projected.size() != 1) {
    return AtLine(settings_.line, absl::InvalidArgumentError("dag: from_input gives one tensor"));
  }
  return projected.front();
}

absl::StatusOr<Tensors> DagBlock::BuildVertex(BuildState& state, int vertex,
                                              const EdgeMatrix& edges,
                                              const std::vector<int64_t>& channels,
                                              const std::vector<int>& built, int input) const {
  static const network::Operation* const kCrop = network::FindOperation("crop");
  Tensors sum;
  for (int source = 1; source < vertex; ++source) {
    if (edges[source][vertex] == 0) continue;
    int tensor = built[source];
    if (settings_.channels != nullptr && channels[source] > channels[vertex]) {
      const network::Attributes crop = {
          {"dim", int64_t{0}}, {"start", int64_t{0}}, {"length", channels[vertex]}};
      absl::StatusOr<int> cropped = state.sink->AddComputed(
          Joined(settings_.path, absl::StrCat("crop_", source, "_", vertex)), *kCrop, crop,
          std::span<const int>(&tensor, 1));
      if (!cropped.ok()) return AtLine(settings_.line, cropped.status());
      tensor = *cropped;
    }
    sum.push_back(tensor);
  }
  if (edges[0][vertex] != 0) {
    NASCENT_ASSIGN_OR_RETURN(int projected, Project(state, vertex, channels[vertex], input));
    sum.push_back(projected);
  }
  absl::StatusOr<Tensors> combined = CombineTensors(
      state, Combine::kSum, Joined(settings_.path, absl::StrCat("sum_", vertex)), std::move(sum));
  if (!combined.ok()) return AtLine(settings_.line, combined.status());
  if (settings_.channels_slot >= 0) state.slots[settings_.channels_slot] = channels[vertex];
  return vertices_[vertex - 1]->Build(state, *combined);
}

absl::StatusOr<Tensors> DagBlock::Build(BuildState& state, const Tensors& inputs) const {
  const auto fail = [&](const std::string& what) {
    return AtLine(settings_.line, absl::InvalidArgumentError(absl::StrCat("dag: ", what)));
  };
  if (inputs.size() != 1) return fail(absl::StrCat("found ", inputs.size(), " inputs, needs 1"));
  const int size = static_cast<int>(edges_.size());
  EdgeMatrix edges(size, std::vector<char>(size, 0));
  for (int i = 0; i < size; ++i) {
    for (int j = i + 1; j < size; ++j) {
      edges[i][j] = static_cast<char>(*state.decisions->IndexOf(edges_[i][j]).AsInteger());
    }
  }
  if (!PruneAdjacency(edges)) return fail("no path leads from the input to the output");
  int count = 0;
  for (const std::vector<char>& row : edges)
    count += static_cast<int>(std::count(row.begin(), row.end(), 1));
  if (settings_.most_edges >= 0 && count > settings_.most_edges) {
    return fail(
        absl::StrCat("found ", count, " edges, at most ", settings_.most_edges, " are allowed"));
  }
  std::vector<int64_t> channels(size, 0);
  if (settings_.channels != nullptr) {
    absl::StatusOr<ExprValue> value = state.Evaluate(*settings_.channels, inputs);
    if (!value.ok()) return AtLine(settings_.line, value.status());
    const std::optional<int64_t> whole = value->AsInteger();
    if (!whole || *whole < 1) return fail(absl::StrCat("channels: found ", value->Text()));
    channels = ChannelsBackwards(edges, *whole);
  }
  std::vector<int> built(size, -1);
  Tensors outputs;
  for (int vertex = 1; vertex + 1 < size; ++vertex) {
    if (std::count(edges[vertex].begin(), edges[vertex].end(), 1) == 0) continue;
    absl::StatusOr<Tensors> value =
        BuildVertex(state, vertex, edges, channels, built, inputs.front());
    if (!value.ok()) return value;
    if (value->size() != 1) return fail("a vertex gives one tensor");
    built[vertex] = value->front();
    if (edges[vertex][size - 1] != 0) outputs.push_back(built[vertex]);
  }
  const Combine combine = settings_.channels != nullptr ? Combine::kConcat : Combine::kSum;
  absl::StatusOr<Tensors> combined =
      CombineTensors(state, combine, Joined(settings_.path, "outputs"), std::move(outputs));
  if (!combined.ok()) return AtLine(settings_.line, combined.status());
  if (edges[0][size - 1] == 0) return combined;
  NASCENT_ASSIGN_OR_RETURN(int projected,
                           Project(state, size - 1, channels[size - 1], inputs.front()));
  combined->push_back(projected);
  combined =
      CombineTensors(state, Combine::kSum, Joined(settings_.path, "output"), *std::move(combined));
  if (!combined.ok()) return AtLine(settings_.line, combined.status());
  return combined;
}

// A decision per edge of a graph with `size` nodes.
absl::StatusOr<std::vector<std::vector<int>>> DecideEdges(Elaborator& e, const DocumentNode& node,
                                                          const Place& place, int size) {
  Domain flag;
  flag.options = {OptionValue(false), OptionValue(true)};
  std::vector<std::vector<int>> edges(size, std::vector<int>(size, -1));
  for (int i = 0; i < size; ++i) {
    for (int j = i + 1; j < size; ++j) {
      NASCENT_ASSIGN_OR_RETURN(
          edges[i][j],
          e.Decide(node, Joined(place.label, absl::StrCat("edge_", i, "_", j)), flag, place));
    }
  }
  return edges;
}

}  // namespace

absl::StatusOr<Made> MakeDag(Elaborator& e, const BlockSource& source) {
  const DocumentNode& vertex = source.value;
  const DocumentNode& node = source.node;
  const Place& place = source.place;
  const DocumentNode* vertices_node = source.settings.Find("vertices");
  if (vertices_node == nullptr) return e.Error(node, "vertices is missing: how many inside");
  NASCENT_ASSIGN_OR_RETURN(int64_t count, e.SettledInteger(*vertices_node, place, 0, 30));
  DagBlock::Settings dag{.path = place.path,
                         .line = node.line,
                         .most_edges = -1,
                         .channels = nullptr,
                         .channels_slot = -1};
  if (const DocumentNode* most = source.settings.Find("most_edges")) {
    NASCENT_ASSIGN_OR_RETURN(int64_t edges, e.SettledInteger(*most, place, 1, 1000));
    dag.most_edges = static_cast<int>(edges);
  }
  Scope scope{.outer = place.scope, .values = {}, .tensors = {}, .nodes = nullptr};
  if (const DocumentNode* channels = source.settings.Find("channels")) {
    NASCENT_ASSIGN_OR_RETURN(dag.channels,
                             e.ValueOf(*channels, place, Joined(place.label, "channels")));
    dag.channels_slot = e.NewSlot();
    scope.values.emplace_back("vertex_channels",
                              MakeVariable(VariableKind::kSlot, dag.channels_slot));
  }
  const int size = static_cast<int>(count) + 2;
  NASCENT_ASSIGN_OR_RETURN(std::vector<std::vector<int>> edges, DecideEdges(e, node, place, size));
  const DocumentNode nothing = NothingAt(node.line);
  std::vector<BlockPtr> vertices, from_input;
  for (int v = 0; v < size; ++v) {
    Scope own = scope;
    own.values.emplace_back("vertex", MakeLiteral(int64_t{v}));
    Place inside = place;
    inside.scope = &own;
    if (v > 0 && v + 1 < size) {
      inside.path = Joined(place.path, absl::StrCat("vertex_", v));
      inside.label = Joined(place.label, absl::StrCat("vertex_", v));
      absl::StatusOr<Made> made = e.Make(vertex, inside);
      if (!made.ok()) return made;
      vertices.push_back(std::move(made->block));
    }
    const DocumentNode* projection = v > 0 ? source.settings.Find("from_input") : nullptr;
    inside.path = Joined(place.path, absl::StrCat("input_", v));
    inside.label = Joined(place.label, absl::StrCat("input_", v));
    const Elaborator::Trail trail(e, "from_input");
    absl::StatusOr<Made> made = e.Make(projection == nullptr ? nothing : *projection, inside);
    if (!made.ok()) return made;
    from_input.push_back(std::move(made->block));
  }
  return Made{std::make_unique<DagBlock>(std::move(dag), std::move(edges), std::move(vertices),
                                         std::move(from_input)),
              1};
}

}  // namespace nascent::space
