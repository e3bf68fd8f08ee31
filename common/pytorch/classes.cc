#include "common/pytorch/classes.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status_macros.h"

namespace nascent::pytorch {
namespace {

using network::Network;

// Levels of blocks below: a block of operations alone has 0.
int HeightOf(const Block& block, std::map<int, std::vector<const Block*>>& by_height) {
  int height = 0;
  for (const Block::Item& item : block.items) {
    if (item.block != nullptr) height = std::max(height, HeightOf(*item.block, by_height) + 1);
  }
  by_height[height].push_back(&block);
  return height;
}

// Blocks with one signature have one class: what they are made of and how it is connected, without
// the values of constructors.
std::string SignatureOf(const Network& network, const ClassTable& table, const Block& block) {
  std::map<int, std::string> value_names;  // by node
  for (size_t i = 0; i < block.inputs.size(); ++i) {
    value_names[block.inputs[i]] = absl::StrCat("in", i);
  }
  std::string text;
  for (size_t i = 0; i < block.items.size(); ++i) {
    const Block::Item& item = block.items[i];
    absl::StrAppend(&text, "\n", item.name, ":");
    std::vector<int> reads;
    if (item.block != nullptr) {
      absl::StrAppend(&text, "class ", table.class_of.at(item.block.get()));
      reads = item.block->inputs;
      for (size_t k = 0; k < item.block->outputs.size(); ++k) {
        value_names[item.block->outputs[k]] = absl::StrCat(i, ".", k);
      }
    } else {
      const OperationSource source = *NodeSource(network, item.node);
      absl::StrAppend(&text, source.module, " ", source.call);
      const auto& inputs = network.nodes[item.node].inputs;
      reads.assign(inputs.begin(), inputs.end());
      value_names[item.node] = absl::StrCat(i);
    }
    for (const Argument& argument : ArgumentsOf(network, table, item)) {
      absl::StrAppend(&text, " ", argument.name, "/", argument.kind);
    }
    for (const int read : reads) absl::StrAppend(&text, " <", value_names.at(read));
  }
  for (const int output : block.outputs) absl::StrAppend(&text, "\n>", value_names.at(output));
  return text;
}

std::vector<Argument> AllArguments(const Network& network, const ClassTable& table,
                                   const Block& block) {
  std::vector<Argument> all;
  for (const Block::Item& item : block.items) {
    for (Argument& argument : ArgumentsOf(network, table, item)) all.push_back(std::move(argument));
  }
  return all;
}

// Finds what differs between the blocks of a class. Arguments of one kind that agree in every block
// become one parameter.
void FindParameters(const Network& network, ClassTable& table, BlockClass& made) {
  std::vector<std::vector<Argument>> arguments;
  for (const Block* block : made.blocks) {
    arguments.push_back(AllArguments(network, table, *block));
  }
  const size_t count = arguments[0].size();
  made.sources.assign(count, -1);
  std::map<std::pair<std::string, std::vector<std::string>>, int> known;
  std::set<std::string> names;
  for (size_t a = 0; a < count; ++a) {
    std::vector<std::string> values;
    for (const auto& of_block : arguments) values.push_back(of_block[a].value);
    if (std::all_of(values.begin(), values.end(),
                    [&](const std::string& value) { return value == values[0]; })) {
      continue;
    }
    const std::string& kind = arguments[0][a].kind;
    const auto [found, is_new] =
        known.emplace(std::pair(kind, values), static_cast<int>(made.parameters.size()));
    made.sources[a] = found->second;
    if (!is_new) continue;
    std::string name = kind == "channels" ? arguments[0][a].name : kind;
    // The first number of channels is the one that the block begins with.
    if (kind == "channels" && names.empty()) name = "channels";
    if (kind == "channels" && name.starts_with("num_")) name = "channels";
    std::string unique = name;
    for (int n = 2; !names.insert(unique).second; ++n) unique = absl::StrCat(name, n);
    made.parameters.push_back({unique, "", "", kind});
    for (size_t b = 0; b < made.blocks.size(); ++b) {
      table.values[made.blocks[b]].push_back(values[b]);
    }
  }
  for (const Block* block : made.blocks) table.values.try_emplace(block);
}

// "InvertedResidual" of "stage1.inverted_residual3"; numbers alone name nothing.
std::string ClassName(const std::string& path) {
  const std::vector<std::string> parts = absl::StrSplit(path, '.');
  std::string word;
  std::string after;
  for (size_t i = parts.size(); i-- > 0 && word.empty();) {
    std::string part = parts[i];
    while (!part.empty() && std::isdigit(static_cast<unsigned char>(part.back())) != 0) {
      part.pop_back();
    }
    const bool tells =
        std::any_of(part.begin(), part.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
    if (tells) {
      word = part;
    } else {
      after = "Part";
    }
  }
  std::string name;
  bool upper = true;
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 128 || std::isalnum(byte) == 0) {
      upper = true;
    } else {
      name.push_back(upper ? static_cast<char>(std::toupper(byte)) : c);
      upper = false;
    }
  }
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0) name = "Block" + name;
  return name + after;
}

absl::Status FindDefinitions(const Network& network, ClassTable& table) {
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    if (network.nodes[i].operation == "input") continue;
    NASCENT_ASSIGN_OR_RETURN(const auto source, NodeSource(network, static_cast<int>(i)));
    if (!source.definition.empty()) table.definitions.insert(source.definition);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<OperationSource> NodeSource(const Network& network, int node) {
  std::vector<network::Shape> shapes;
  for (const int input : network.nodes[node].inputs) shapes.push_back(network.nodes[input].shape);
  return SourceOf(network.nodes[node], shapes);
}

std::vector<Argument> ArgumentsOf(const Network& network, const ClassTable& table,
                                  const Block::Item& item) {
  if (item.block == nullptr) return NodeSource(network, item.node)->arguments;
  const Block* block = item.block.get();
  std::vector<Argument> arguments = table.classes[table.class_of.at(block)].parameters;
  const std::vector<std::string>& values = table.values.at(block);
  for (size_t i = 0; i < arguments.size(); ++i) arguments[i].value = values[i];
  return arguments;
}

absl::StatusOr<ClassTable> MakeClasses(const Network& network, const Block& root,
                                       const std::string& root_name) {
  ClassTable table;
  NASCENT_RETURN_IF_ERROR(FindDefinitions(network, table));
  std::map<int, std::vector<const Block*>> by_height;
  HeightOf(root, by_height);
  std::set<std::string> names = {root_name, "Constant", "DropPath"};
  for (const auto& [height, blocks] : by_height) {
    std::map<std::string, int> known;  // class by signature
    const size_t first = table.classes.size();
    for (const Block* block : blocks) {
      const auto [found, is_new] = known.emplace(SignatureOf(network, table, *block),
                                                 static_cast<int>(table.classes.size()));
      if (is_new) table.classes.emplace_back();
      table.classes[found->second].blocks.push_back(block);
      table.class_of[block] = found->second;
    }
    for (size_t c = first; c < table.classes.size(); ++c) {
      BlockClass& made = table.classes[c];
      if (made.blocks[0] == &root) {
        made.name = root_name;
      } else {
        const std::string name = ClassName(made.blocks[0]->path);
        made.name = name;
        for (int n = 2; !names.insert(made.name).second; ++n) made.name = absl::StrCat(name, n);
      }
      FindParameters(network, table, made);
    }
  }
  return table;
}

}  // namespace nascent::pytorch
