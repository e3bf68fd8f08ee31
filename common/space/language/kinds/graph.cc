// Named values, each computed from earlier ones.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/space/language/block_kinds.h"
#include "common/space/language/elaborator.h"
#include "common/space/language/kinds/from.h"
#include "common/space/language/kinds/sequence.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

// Named values, each computed from earlier ones.
class GraphBlock : public Block {
 public:
  struct Node {
    int value;  // index of BuildState::tensors
    BlockPtr block;
  };
  // `inputs[i]`: the value that holds input i, or -1 where nothing names it.
  GraphBlock(std::vector<int> inputs, std::vector<Node> nodes, BlockPtr output, int line);
  absl::StatusOr<Tensors> Build(BuildState& state, const Tensors& inputs) const override;

 private:
  std::vector<int> inputs_;
  std::vector<Node> nodes_;
  BlockPtr output_;
  int line_;
};

GraphBlock::GraphBlock(std::vector<int> inputs, std::vector<Node> nodes, BlockPtr output, int line)
    : inputs_(std::move(inputs)),
      nodes_(std::move(nodes)),
      output_(std::move(output)),
      line_(line) {}

absl::StatusOr<Tensors> GraphBlock::Build(BuildState& state, const Tensors& inputs) const {
  if (inputs.size() != inputs_.size()) {
    return AtLine(line_, absl::InvalidArgumentError(absl::StrCat(
                             "graph: found ", inputs.size(), " inputs, needs ", inputs_.size())));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    state.tensors[inputs_[i]] = {inputs[i]};
    state.used[inputs_[i]] = 0;
  }
  for (const Node& node : nodes_) state.used[node.value] = 0;
  for (const Node& node : nodes_) {
    absl::StatusOr<Tensors> output = node.block->Build(state, inputs);
    if (!output.ok()) return output;
    state.tensors[node.value] = *std::move(output);
  }
  return output_->Build(state, inputs);
}

// A graph while it is read.
struct GraphDraft {
  Scope scope;
  std::vector<int> inputs;
  std::vector<int> values;  // of the nodes so far
  std::vector<GraphBlock::Node> nodes;
};

// Names the inputs: `*` at the end of a name stands for all that the others leave.
absl::Status AddInputs(Elaborator& e, const BlockSource& source, GraphDraft& graph) {
  const DocumentNode default_input = WordAt(source.node.line, "x");
  const DocumentNode* given = source.settings.Find("inputs");
  const std::vector<const DocumentNode*> names = Words(given == nullptr ? default_input : *given);
  const auto rests = std::count_if(names.begin(), names.end(), [](const DocumentNode* name) {
    return absl::EndsWith(name->text, "*");
  });
  if (rests > 1) {
    return e.Error(source.node, "inputs: one name may end in *, the others stand for one each");
  }
  const int arriving = source.place.inputs;
  if (arriving < 0) {
    return e.Error(source.node, "how many inputs arrive here depends on decisions");
  }
  const int others = static_cast<int>(names.size() - static_cast<size_t>(rests));
  if (rests > 0 ? arriving < others : arriving != others) {
    return e.Error(source.node, absl::StrCat("found ", arriving, " inputs, names ", names.size()));
  }
  for (const DocumentNode* name : names) {
    std::string text = name->text;
    const bool is_rest = absl::EndsWith(text, "*");
    if (is_rest) text.pop_back();
    NASCENT_RETURN_IF_ERROR(e.CheckNewTensor(text, name->line, graph.scope));
    std::vector<int> values;
    for (int i = 0; is_rest && i < arriving - others; ++i) {
      values.push_back(e.NewTensor(absl::StrCat(text, i)));
    }
    if (!is_rest) values.push_back(e.NewTensor(text));
    graph.inputs.insert(graph.inputs.end(), values.begin(), values.end());
    graph.scope.tensors.emplace_back(std::move(text), std::move(values));
  }
  return absl::OkStatus();
}

absl::Status AddNode(Elaborator& e, const DocumentNode::Entry& entry, const Place& place,
                     GraphDraft& graph) {
  const DocumentNode name_node = WordAt(entry.line, entry.key);
  NASCENT_ASSIGN_OR_RETURN(std::string name, e.TextOf(name_node, place));
  if (absl::Status status = e.CheckNewTensor(name, entry.line, graph.scope); !status.ok())
    return status;
  const Elaborator::Trail trail(e, name);
  NASCENT_ASSIGN_OR_RETURN(std::string segment, e.SegmentOf(name_node, place));
  Place inside = place;
  inside.path = Joined(place.path, segment);
  inside.label = Joined(place.label, segment);
  NASCENT_ASSIGN_OR_RETURN(Made made, e.Make(*entry.value, inside));
  const int value = e.NewTensor(name);
  graph.scope.tensors.emplace_back(name, std::vector<int>{value});
  graph.values.push_back(value);
  graph.nodes.push_back({value, std::move(made.block)});
  return absl::OkStatus();
}

// {for: {i: [first, last]}, do: block, group: name}: a node per number.
absl::Status AddNumbered(Elaborator& e, const DocumentNode::Entry& entry, const Place& place,
                         GraphDraft& graph) {
  const Elaborator::Trail trail(e, entry.key);
  const DocumentNode& range = *entry.value->Find("for");
  const DocumentNode* one = entry.value->Find("do");
  const DocumentNode* group_name = entry.value->Find("group");
  const size_t keys = group_name == nullptr ? 2 : 3;
  if (entry.value->entries.size() != keys || one == nullptr ||
      range.kind != DocumentNode::Kind::kMap || range.entries.size() != 1 ||
      range.entries[0].value->items.size() != 2) {
    return e.Error(*entry.value,
                   "nodes by number are {for: {i: [first, last]}, do: block, group: name}");
  }
  const std::vector<spec::DocumentNodePtr>& ends = range.entries[0].value->items;
  NASCENT_ASSIGN_OR_RETURN(int64_t first, e.SettledInteger(*ends[0], place, -10'000, 10'000));
  NASCENT_ASSIGN_OR_RETURN(int64_t last, e.SettledInteger(*ends[1], place, -10'000, 10'000));
  std::vector<int> group;
  for (int64_t i = first; i <= last; ++i) {
    Scope number{.outer = &graph.scope, .values = {}, .tensors = {}, .nodes = nullptr};
    number.values.emplace_back(range.entries[0].key, MakeLiteral(i));
    Place at = place;
    at.scope = &number;
    const DocumentNode::Entry numbered{
        .key = entry.key, .line = entry.line, .value = spec::DocumentNodePtr(entry.value, one)};
    NASCENT_RETURN_IF_ERROR(AddNode(e, numbered, at, graph));
    group.push_back(graph.values.back());
  }
  if (group_name == nullptr) return absl::OkStatus();
  NASCENT_ASSIGN_OR_RETURN(std::string name, e.PlainText(*group_name));
  absl::Status status = e.CheckNewTensor(name, group_name->line, graph.scope);
  if (status.ok()) graph.scope.tensors.emplace_back(std::move(name), std::move(group));
  return status;
}

// The output is a name, or a block of its own.
absl::StatusOr<Made> MakeOutput(Elaborator& e, const DocumentNode& output, Place place,
                                const GraphDraft& graph) {
  const Elaborator::Trail trail(e, "output");
  const std::vector<int>* values = output.kind == DocumentNode::Kind::kScalar
                                       ? Elaborator::FindTensor(&graph.scope, output.text)
                                       : nullptr;
  if (values != nullptr) {
    for (const int value : *values) e.MarkRead(value);
    return Made{ReadingBlock(*values, PassBlock()), static_cast<int>(values->size())};
  }
  place.path = Joined(place.path, "output");
  place.label = Joined(place.label, "output");
  return e.Make(output, place);
}

}  // namespace

absl::StatusOr<Made> MakeGraph(Elaborator& e, const BlockSource& source) {
  const DocumentNode& body = source.value;
  if (body.kind != DocumentNode::Kind::kMap) {
    return e.Error(body, absl::StrCat("found ", spec::Describe(body),
                                      ", the nodes are a map from names to blocks"));
  }
  const DocumentNode* output = source.settings.Find("output");
  if (output == nullptr) return e.Error(source.node, "output is missing: a name or a block");
  GraphDraft graph;
  graph.scope.outer = source.place.scope;
  NASCENT_RETURN_IF_ERROR(AddInputs(e, source, graph));
  graph.scope.nodes = &graph.values;
  Place inside = source.place;
  inside.scope = &graph.scope;
  for (const DocumentNode::Entry& entry : body.entries) {
    NASCENT_RETURN_IF_ERROR(entry.value->Find("for") == nullptr
                                ? AddNode(e, entry, inside, graph)
                                : AddNumbered(e, entry, inside, graph));
  }
  absl::StatusOr<Made> made = MakeOutput(e, *output, inside, graph);
  if (!made.ok()) return made;
  const Elaborator::Trail trail(e, "output");
  for (const int value : graph.values) {
    if (!e.IsRead(value)) {
      return e.Error(source.node,
                     absl::StrCat("nothing reads the node \"", e.TensorName(value), "\""));
    }
  }
  return Made{std::make_unique<GraphBlock>(std::move(graph.inputs), std::move(graph.nodes),
                                           std::move(made->block), source.node.line),
              made->outputs};
}

}  // namespace nascent::space
