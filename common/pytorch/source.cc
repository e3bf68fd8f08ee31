#include "common/pytorch/source.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/network/operations.h"
#include "common/pytorch/block_tree.h"
#include "common/pytorch/classes.h"
#include "common/pytorch/python_text.h"
#include "common/status_macros.h"

namespace nascent::pytorch {
namespace {

using network::Network;

constexpr char kHead[] = R"(import torch
import torch.nn.functional as F
from torch import nn
)";

// Names of values in one function: a short one where a value is handed straight to the next line.
class Variables {
 public:
  void Bind(int node, const std::string& name) { names_[node] = name; }
  const std::string& Of(int node) const { return names_.at(node); }

  // Whether `name` stands for a value that is read after line `line`.
  bool IsTaken(const std::string& name, const std::map<int, size_t>& last_use, size_t line) const {
    return std::any_of(names_.begin(), names_.end(), [&](const auto& bound) {
      const auto use = last_use.find(bound.first);
      return bound.second == name && use != last_use.end() && use->second > line;
    });
  }

 private:
  std::map<int, std::string> names_;
};

class ClassWriter {
 public:
  ClassWriter(const Network& network, const ClassTable& table) : network_(network), table_(table) {}

  std::string ClassText(const BlockClass& made) const {
    const Block& block = *made.blocks[0];
    std::string text = absl::StrCat("class ", made.name, "(nn.Module):\n", DescribeClass(made));
    absl::StrAppend(&text, "\n", ConstructorText(made, block));
    absl::StrAppend(&text, ForwardText(block));
    return text;
  }

 private:
  std::string ShapesOf(const std::vector<int>& nodes) const {
    return absl::StrJoin(nodes, ", ", [this](std::string* out, int node) {
      absl::StrAppend(out, network::ToText(network_.nodes[node].shape));
    });
  }

  std::string DescribeClass(const BlockClass& made) const {
    const Block& block = *made.blocks[0];
    std::string text = absl::StrCat(ShapesOf(block.inputs), " -> ", ShapesOf(block.outputs));
    if (block.path.empty()) {
      absl::StrAppend(&text, " for each example.");
    } else {
      absl::StrAppend(&text, " in ", block.path);
      const size_t others = made.blocks.size() - 1;
      if (others > 0) absl::StrAppend(&text, " and ", others, others == 1 ? " other" : " others");
      absl::StrAppend(&text, ".");
    }
    return Docstring(4, text);
  }

  std::string ConstructorText(const BlockClass& made, const Block& block) const {
    std::vector<std::string> names = {"self"};
    for (const Argument& parameter : made.parameters) names.push_back(parameter.name);
    std::string text =
        CallStatement(4, "def __init__", names, "):") + "        super().__init__()\n";
    size_t next = 0;
    for (const Block::Item& item : block.items) {
      const std::vector<Argument> arguments = ArgumentsOf(network_, table_, item);
      std::vector<std::string> written;
      bool positional = true;
      for (const Argument& argument : arguments) {
        const int source = made.sources[next++];
        const std::string value =
            source >= 0 ? made.parameters[static_cast<size_t>(source)].name : argument.value;
        if (source < 0 && !argument.default_value.empty() &&
            argument.value == argument.default_value) {
          positional = false;
          continue;
        }
        // The first two are told by their places, as people write them.
        positional = positional && written.size() < 2;
        written.push_back(positional ? value : absl::StrCat(argument.name, "=", value));
      }
      const std::string type = TypeOf(item);
      if (!type.empty()) {
        text += CallStatement(8, absl::StrCat("self.", item.name, " = ", type), written);
      }
    }
    return text;
  }

  // "" where the item needs no object.
  std::string TypeOf(const Block::Item& item) const {
    if (item.block == nullptr) return NodeSource(network_, item.node)->module;
    return table_.classes[table_.class_of.at(item.block.get())].name;
  }

  static std::vector<int> ReadsOf(const Network& network, const Block::Item& item) {
    if (item.block != nullptr) return item.block->inputs;
    const auto& inputs = network.nodes[item.node].inputs;
    return {inputs.begin(), inputs.end()};
  }

  static std::vector<int> ResultsOf(const Block::Item& item) {
    return item.block != nullptr ? item.block->outputs : std::vector<int>{item.node};
  }

  std::string ExpressionOf(const Block::Item& item, const Variables& variables) const {
    std::vector<std::string> values;
    for (const int read : ReadsOf(network_, item)) values.push_back(variables.Of(read));
    if (item.block != nullptr) {
      return absl::StrCat("self.", item.name, "(", absl::StrJoin(values, ", "), ")");
    }
    std::string call = NodeSource(network_, item.node)->call;
    // From the last: "$1" begins "$10", too.
    for (size_t i = values.size(); i-- > 0;) {
      call = absl::StrReplaceAll(call, {{absl::StrCat("$", i), values[i]}});
    }
    return absl::StrReplaceAll(call, {{"$self", absl::StrCat("self.", item.name)}});
  }

  // What the function returns, in order; of the root those for training come last.
  std::vector<int> ReturnedBy(const Block& block, bool training) const {
    if (!block.path.empty()) return block.outputs;
    std::vector<int> returned;
    for (const network::Output& output : network_.outputs) {
      if (training || !output.training_only) returned.push_back(output.node);
    }
    return returned;
  }

  std::string ForwardText(const Block& block) const {
    const std::vector<int> main = ReturnedBy(block, /*training=*/false);
    const std::vector<int> all = ReturnedBy(block, /*training=*/true);
    const size_t end = block.items.size();
    std::map<int, size_t> last_use;
    for (size_t i = 0; i < end; ++i) {
      for (const int read : ReadsOf(network_, block.items[i])) last_use[read] = i;
    }
    for (const int node : all) last_use[node] = end;
    const size_t split = all.size() == main.size() ? end : MainEnd(block, main);

    Variables variables;
    std::vector<std::string> names = {"self"};
    for (size_t i = 0; i < block.inputs.size(); ++i) {
      const std::string name = block.inputs.size() == 1 ? "x" : absl::StrCat("x", i + 1);
      names.push_back(name);
      variables.Bind(block.inputs[i], name);
    }
    std::string text = "\n" + CallStatement(4, "def forward", names, "):");
    for (size_t i = 0; i < end; ++i) {
      if (i == split) {
        absl::StrAppend(&text, "        if not self.training:\n",
                        ReturnStatement(12, NamesOf(main, variables)));
      }
      const Block::Item& item = block.items[i];
      const std::string expression = ExpressionOf(item, variables);
      const std::vector<int> results = ResultsOf(item);
      if (i + 1 == end && results == all) {
        return text + ExpressionStatement(8, "return ", expression);
      }
      std::vector<std::string> bound;
      for (const int node : results) {
        bound.push_back(NameFor(block, i, node, results.size(), last_use, variables));
        variables.Bind(node, bound.back());
      }
      text += AssignStatement(8, bound, expression);
    }
    return text + ReturnStatement(8, NamesOf(all, variables));
  }

  static std::vector<std::string> NamesOf(const std::vector<int>& nodes,
                                          const Variables& variables) {
    std::vector<std::string> names;
    for (const int node : nodes) names.push_back(variables.Of(node));
    return names;
  }

  // The item before which everything that `main` needs is computed.
  static size_t MainEnd(const Block& block, const std::vector<int>& main) {
    size_t end = 0;
    for (size_t i = 0; i < block.items.size(); ++i) {
      for (const int node : ResultsOf(block.items[i])) {
        if (std::find(main.begin(), main.end(), node) != main.end()) end = i + 1;
      }
    }
    return end;
  }

  std::string NameFor(const Block& block, size_t line, int node, size_t results,
                      const std::map<int, size_t>& last_use, const Variables& variables) const {
    const auto use = last_use.find(node);
    const bool handed_on = use == last_use.end() || use->second == line + 1;
    if (results == 1 && handed_on && !variables.IsTaken("x", last_use, line)) return "x";
    std::string name = block.items[line].name;
    if (results > 1) {
      const std::string& path = network_.nodes[node].path;
      const size_t start = block.items[line].block->path.size() + 1;
      const std::string part =
          Identifier(path.size() > start ? path.substr(start) : network_.nodes[node].operation);
      name = variables.IsTaken(part, last_use, line) ? absl::StrCat(name, "_", part) : part;
    }
    while (variables.IsTaken(name, last_use, line)) name += "_";
    return name;
  }

  const Network& network_;
  const ClassTable& table_;
};

// The names of parameters and statistics: paths of the network to those of the module.
void NameTensors(const Network& network, const Block& block, const std::string& prefix,
                 std::map<std::string, std::string>& names) {
  for (const Block::Item& item : block.items) {
    const std::string path = absl::StrCat(prefix, item.name);
    if (item.block != nullptr) {
      NameTensors(network, *item.block, path + ".", names);
      continue;
    }
    const network::Node& node = network.nodes[item.node];
    const network::Operation& operation = *network::FindOperation(node.operation);
    std::vector<network::Shape> shapes;
    for (const int input : node.inputs) shapes.push_back(network.nodes[input].shape);
    if (operation.parameters != nullptr) {
      for (const auto& p : operation.parameters(node.attributes, shapes, node.shape)) {
        names[absl::StrCat(node.path, ".", p.name)] = absl::StrCat(path, ".", p.name);
      }
    }
    if (node.operation == "batch_norm") {
      for (const char* buffer : {".running_mean", ".running_var"}) {
        names[node.path + buffer] = path + buffer;
      }
    }
  }
}

absl::StatusOr<Network> Completed(const Network& network) {
  Network complete = network;
  int inputs = 0;
  for (network::Node& node : complete.nodes) {
    const network::Operation* operation = network::FindOperation(node.operation);
    if (operation == nullptr) {
      return absl::UnimplementedError(
          absl::StrCat("node ", node.path, ": operation \"", node.operation, "\" is not known"));
    }
    NASCENT_ASSIGN_OR_RETURN(node.attributes, network::Complete(*operation, node.attributes));
    inputs += node.operation == "input" ? 1 : 0;
  }
  if (inputs != 1 || complete.outputs.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a network needs one input and an output, found ", inputs, " inputs and ",
                     complete.outputs.size(), " outputs"));
  }
  return complete;
}

}  // namespace

absl::StatusOr<Source> ToPyTorch(const Network& network, const SourceOptions& options) {
  NASCENT_ASSIGN_OR_RETURN(const Network complete, Completed(network));
  Block root = MakeBlocks(complete);
  // Also where no operation reads it.
  for (size_t i = 0; i < complete.nodes.size(); ++i) {
    if (complete.nodes[i].operation == "input") root.inputs = {static_cast<int>(i)};
  }
  NASCENT_ASSIGN_OR_RETURN(const auto table, MakeClasses(complete, root, options.class_name));
  Source source;
  if (!options.description.empty()) {
    absl::StrAppend(&source.text, Docstring(0, options.description), "\n");
  }
  source.text += kHead;
  for (const std::string& definition : table.definitions) {
    absl::StrAppend(&source.text, "\n\n", DefinitionText(definition));
  }
  const ClassWriter writer(complete, table);
  for (const BlockClass& made : table.classes) {
    absl::StrAppend(&source.text, "\n\n", writer.ClassText(made));
  }
  NameTensors(complete, root, "", source.tensor_names);
  return source;
}

}  // namespace nascent::pytorch
