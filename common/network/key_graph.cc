#include "common/network/key_graph.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "common/network/mix.h"
#include "common/network/operations.h"
#include "common/network/sums.h"

namespace nascent::network {
namespace {

using Edge = KeyGraph::Edge;
using Vertex = KeyGraph::Vertex;

class Maker {
 public:
  explicit Maker(const Network& live) : live_(live), size_(static_cast<int>(live.nodes.size())) {}

  KeyGraph Run() {
    FlattenSums();
    FindArguments();
    ColourNodes();
    JoinChains();
    LinkReaders();
    CollapseTwins();
    return std::move(graph_);
  }

 private:
  bool IsSum(int i) const { return live_.nodes[i].operation == "add"; }

  void FlattenSums() {
    terms_.resize(size_);
    for (int i = 0; i < size_; ++i) {
      if (!IsSum(i)) continue;
      terms_[i] = Expand(TermsOf(live_.nodes[i]),
                         [this](int term) { return IsSum(term) ? &terms_[term] : nullptr; });
    }
  }

  // Sums that only occur within other sums are left out.
  void FindArguments() {
    arguments_.resize(size_);
    reader_count_.assign(size_, 0);
    is_output_.assign(size_, false);
    for (const Output& output : live_.outputs) is_output_[output.node] = true;
    stays_.assign(size_, false);
    for (int i = size_ - 1; i >= 0; --i) {
      stays_[i] = !IsSum(i) || is_output_[i] || reader_count_[i] > 0;
      if (!stays_[i]) continue;
      arguments_[i] = ArgumentsOf(i);
      int last = -1;
      for (const Edge& argument : arguments_[i]) {
        if (argument.vertex != last) ++reader_count_[argument.vertex];
        last = argument.vertex;
      }
    }
  }

  absl::InlinedVector<Edge, 4> ArgumentsOf(int i) const {
    const Node& node = live_.nodes[i];
    absl::InlinedVector<Edge, 4> arguments;
    if (IsSum(i)) {
      for (const auto& [term, times] : terms_[i]) arguments.push_back({term, times});
    } else if (IsOrdered(node)) {
      for (size_t k = 0; k < node.inputs.size(); ++k) {
        arguments.push_back({node.inputs[k], static_cast<int64_t>(k)});
      }
    } else {
      Terms terms;
      for (int input : node.inputs) AddTerm(terms, input, 1);
      for (const auto& [input, times] : terms) arguments.push_back({input, times});
    }
    return arguments;
  }

  void ColourNodes() {
    const int inputs = static_cast<int>(std::ranges::count_if(
        live_.nodes, [](const Node& node) { return node.operation == "input"; }));
    graph_.node_colours.resize(size_);
    for (int i = 0; i < size_; ++i) {
      const Node& node = live_.nodes[i];
      uint64_t colour = HashText(node.operation);
      // The multiplicity of a sum is in its edges.
      if (!IsSum(i)) colour = Mix(colour, node.attributes.Hash());
      for (int64_t dimension : node.shape) colour = Mix(colour, dimension);
      if (node.operation == "input" && inputs > 1) colour = Mix(colour, HashText(node.path));
      graph_.node_colours[i] = colour;
    }
    for (size_t k = 0; k < live_.outputs.size(); ++k) {
      const Output& output = live_.outputs[k];
      uint64_t& colour = graph_.node_colours[output.node];
      colour = Mix(Mix(colour, HashText(output.name)), (k == 0 ? 2 : 0) + output.training_only);
    }
  }

  void JoinChains() {
    vertex_of_.assign(size_, -1);
    graph_.vertices.reserve(size_);
    for (int i = 0; i < size_; ++i) {
      if (!stays_[i]) continue;
      auto& arguments = arguments_[i];
      if (arguments.size() == 1 && arguments[0].kind == 1 &&
          reader_count_[arguments[0].vertex] == 1 && !is_output_[arguments[0].vertex]) {
        vertex_of_[i] = vertex_of_[arguments[0].vertex];
        graph_.vertices[vertex_of_[i]].nodes.push_back(i);
        continue;
      }
      vertex_of_[i] = static_cast<int>(graph_.vertices.size());
      Vertex& vertex = graph_.vertices.emplace_back();
      vertex.nodes.push_back(i);
      for (Edge& argument : arguments) {
        argument.vertex = vertex_of_[argument.vertex];
        vertex.level = std::max(vertex.level, graph_.vertices[argument.vertex].level + 1);
      }
      if (!IsOrdered(live_.nodes[i])) std::ranges::sort(arguments);
      vertex.arguments = std::move(arguments);
    }
    for (Vertex& vertex : graph_.vertices) {
      for (int node : vertex.nodes) vertex.colour = Mix(vertex.colour, graph_.node_colours[node]);
    }
  }

  void LinkReaders() {
    for (int v = 0; v < static_cast<int>(graph_.vertices.size()); ++v) {
      for (const Edge& argument : graph_.vertices[v].arguments) {
        graph_.vertices[argument.vertex].readers.push_back({v, argument.kind});
      }
    }
  }

  bool AreTwins(const Vertex& a, const Vertex& b) const {
    return a.colour == b.colour && a.arguments == b.arguments && a.readers == b.readers &&
           a.chain_length() == b.chain_length();
  }

  void CollapseTwins() {
    absl::flat_hash_map<uint64_t, int> first;
    std::vector<int> moved(graph_.vertices.size());  // the twin that stays
    bool any = false;
    for (int v = 0; v < static_cast<int>(graph_.vertices.size()); ++v) {
      Vertex& vertex = graph_.vertices[v];
      uint64_t hash = vertex.colour;
      for (const Edge& e : vertex.arguments) hash = Mix(Mix(hash, e.vertex), e.kind);
      for (const Edge& e : vertex.readers) hash = Mix(Mix(hash, e.vertex), e.kind);
      moved[v] = first.try_emplace(hash, v).first->second;
      if (moved[v] == v || vertex.readers.empty() || !AreTwins(graph_.vertices[moved[v]], vertex)) {
        moved[v] = v;
        continue;
      }
      any = true;
      Vertex& twin = graph_.vertices[moved[v]];
      const auto begin = vertex.nodes.begin();
      twin.nodes.insert(twin.nodes.end(), begin, begin + vertex.chain_length());
      ++twin.copies;
    }
    if (any) RemoveTwins(moved);
  }

  void RemoveTwins(const std::vector<int>& moved) {
    std::vector<int> place(moved.size(), -1);
    std::vector<Vertex> kept;
    for (size_t v = 0; v < moved.size(); ++v) {
      if (moved[v] != static_cast<int>(v)) continue;
      place[v] = static_cast<int>(kept.size());
      kept.push_back(std::move(graph_.vertices[v]));
    }
    for (Vertex& vertex : kept) {
      vertex.colour = Mix(vertex.colour, vertex.copies);
      for (auto* edges : {&vertex.arguments, &vertex.readers}) {
        const auto gone = [&](const Edge& e) { return place[e.vertex] < 0; };
        edges->erase(std::remove_if(edges->begin(), edges->end(), gone), edges->end());
        for (Edge& e : *edges) e.vertex = place[e.vertex];
      }
    }
    graph_.vertices = std::move(kept);
  }

  const Network& live_;
  const int size_;
  KeyGraph graph_;
  std::vector<Terms> terms_;                             // by node: of a sum, flattened
  std::vector<absl::InlinedVector<Edge, 4>> arguments_;  // by node
  std::vector<int> reader_count_;                        // by node: how many read it
  std::vector<bool> is_output_;
  std::vector<bool> stays_;
  std::vector<int> vertex_of_;
};

}  // namespace

bool IsOrdered(const Node& node) {
  return node.inputs.size() > 1 && !FindOperation(node.operation)->commutative;
}

KeyGraph MakeKeyGraph(const Network& live) { return Maker(live).Run(); }

}  // namespace nascent::network
