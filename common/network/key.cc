#include "common/network/key.h"

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/network/canonical_order.h"
#include "common/network/key_graph.h"
#include "common/sha256.h"

namespace nascent::network {
namespace {

// A byte string from which the graph can be read back, so that equal strings mean equal graphs.
class Writer {
 public:
  void Number(int64_t number) {
    auto rest = static_cast<uint64_t>(number);
    while (rest >= 0x80) {
      bytes_.push_back(static_cast<char>(rest | 0x80));
      rest >>= 7;
    }
    bytes_.push_back(static_cast<char>(rest));
  }

  void Text(std::string_view text) {
    Number(static_cast<int64_t>(text.size()));
    bytes_.append(text);
  }

  void Value(const Attribute& value) {
    struct Visitor {
      Writer& writer;
      void operator()(int64_t v) const { writer.Number(v); }
      void operator()(double v) const { writer.Number(std::bit_cast<int64_t>(v)); }
      void operator()(bool v) const { writer.Number(v); }
      void operator()(const std::string& v) const { writer.Text(v); }
      void operator()(const std::vector<int64_t>& v) const {
        writer.Number(static_cast<int64_t>(v.size()));
        for (int64_t number : v) writer.Number(number);
      }
    };
    Number(static_cast<int64_t>(value.index()));
    std::visit(Visitor{*this}, value);
  }

  std::string Take() { return std::move(bytes_); }
  void Reserve(size_t size) { bytes_.reserve(size); }

 private:
  std::string bytes_;
};

// Operations with their attributes, each written once and then named by its rank.
class Dictionary {
 public:
  explicit Dictionary(const Network& network) {
    std::map<std::string, int> ranks;
    absl::flat_hash_map<std::pair<std::string_view, const void*>, int*> rank_of;
    std::vector<int*> of_node;
    for (const Node& node : network.nodes) {
      // The multiplicity of a sum is in its edges.
      const bool is_sum = node.operation == "add";
      const auto [found, is_new] = rank_of.try_emplace(
          {node.operation, is_sum ? nullptr : node.attributes.identity()}, nullptr);
      if (is_new) found->second = &ranks[TextOf(node, !is_sum)];
      of_node.push_back(found->second);
    }
    for (auto& [text, rank] : ranks) {
      rank = static_cast<int>(texts_.size());
      texts_.push_back(text);
    }
    for (const int* rank : of_node) ranks_.push_back(*rank);
  }

  int Rank(int node) const { return ranks_[node]; }

  void Write(Writer& writer) const {
    writer.Number(static_cast<int64_t>(texts_.size()));
    for (const std::string& text : texts_) writer.Text(text);
  }

 private:
  static std::string TextOf(const Node& node, bool with_attributes) {
    Writer writer;
    writer.Text(node.operation);
    if (with_attributes) {
      for (const auto& [name, value] : node.attributes) {
        writer.Text(name);
        writer.Value(value);
      }
    }
    return writer.Take();
  }

  std::vector<std::string> texts_;
  std::vector<int> ranks_;  // by node
};

void WriteNode(const Network& network, const Dictionary& dictionary, bool several_inputs, int i,
               Writer& writer) {
  const Node& node = network.nodes[i];
  writer.Number(dictionary.Rank(i));
  writer.Number(static_cast<int64_t>(node.shape.size()));
  for (int64_t dimension : node.shape) writer.Number(dimension);
  if (several_inputs && node.operation == "input") writer.Text(node.path);
}

void WriteEdges(const std::vector<KeyGraph::Edge>& edges, Writer& writer) {
  writer.Number(static_cast<int64_t>(edges.size()));
  for (const KeyGraph::Edge& edge : edges) {
    writer.Number(edge.vertex);
    writer.Number(edge.kind);
  }
}

bool HasSeveralInputs(const Network& network) {
  return std::ranges::count_if(network.nodes,
                               [](const Node& node) { return node.operation == "input"; }) > 1;
}

// `place` by node: the position that outputs are named by.
void WriteOutputs(const Network& network, const std::vector<int>& place, Writer& writer) {
  for (const Output& output : network.outputs) {
    writer.Text(output.name);
    writer.Number(place[output.node]);
    writer.Number(output.training_only);
  }
}

std::string WriteCanonical(const Network& live, const KeyGraph& graph,
                           const std::vector<int>& order) {
  const Dictionary dictionary(live);
  const bool several_inputs = HasSeveralInputs(live);
  std::vector<int> position(order.size());
  for (size_t k = 0; k < order.size(); ++k) position[order[k]] = static_cast<int>(k);
  Writer writer;
  writer.Reserve(live.nodes.size() * 24 + 1024);
  dictionary.Write(writer);
  std::vector<int> place(live.nodes.size(), -1);
  std::vector<KeyGraph::Edge> edges;
  for (int v : order) {
    const KeyGraph::Vertex& vertex = graph.vertices[v];
    writer.Number(vertex.copies);
    writer.Number(vertex.chain_length());
    for (int k = 0; k < vertex.chain_length(); ++k) {
      WriteNode(live, dictionary, several_inputs, vertex.nodes[k], writer);
    }
    place[vertex.nodes[vertex.chain_length() - 1]] = position[v];
    edges.assign(vertex.arguments.begin(), vertex.arguments.end());
    for (KeyGraph::Edge& edge : edges) edge.vertex = position[edge.vertex];
    if (!IsOrdered(live.nodes[vertex.nodes[0]])) std::ranges::sort(edges);
    WriteEdges(edges, writer);
  }
  WriteOutputs(live, place, writer);
  return writer.Take();
}

std::string WriteAsItStands(const Network& live) {
  const Dictionary dictionary(live);
  Writer writer;
  dictionary.Write(writer);
  std::vector<KeyGraph::Edge> edges;
  std::vector<int> place(live.nodes.size());
  std::iota(place.begin(), place.end(), 0);
  for (int i = 0; i < static_cast<int>(live.nodes.size()); ++i) {
    WriteNode(live, dictionary, HasSeveralInputs(live), i, writer);
    edges.clear();
    for (int input : live.nodes[i].inputs) edges.push_back({input, 0});
    WriteEdges(edges, writer);
    if (live.nodes[i].operation == "add") {
      writer.Value(live.nodes[i].attributes.at("multiplicity"));
    }
  }
  WriteOutputs(live, place, writer);
  return writer.Take();
}

}  // namespace

Key ComputeKey(const Network& live, int64_t work_limit) {
  const KeyGraph graph = MakeKeyGraph(live);
  const std::optional<std::vector<int>> order = CanonicalOrder(graph, work_limit);
  Key key;
  if (!order.has_value()) {
    key.canonical = false;
    key.hex = absl::StrCat("u", Sha256Hex(WriteAsItStands(live)));
    key.order.resize(live.nodes.size());
    std::iota(key.order.begin(), key.order.end(), 0);
    return key;
  }
  key.hex = Sha256Hex(WriteCanonical(live, graph, *order));
  for (int v : *order) {
    const auto& nodes = graph.vertices[v].nodes;
    key.order.insert(key.order.end(), nodes.begin(), nodes.end());
  }
  return key;
}

}  // namespace nascent::network
