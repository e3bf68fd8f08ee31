#include "common/pytorch/block_tree.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace nascent::pytorch {
namespace {

using network::Network;

// Nodes that may become one item: all whose paths begin with `path`, or one node.
struct Group {
  std::string path;
  std::vector<int> nodes;  // ascending
};

class Builder {
 public:
  explicit Builder(const Network& network) : network_(network), readers_(network.nodes.size()) {
    for (size_t i = 0; i < network.nodes.size(); ++i) {
      for (const int input : network.nodes[i].inputs)
        readers_[input].push_back(static_cast<int>(i));
    }
    for (const network::Output& output : network.outputs) is_output_.insert(output.node);
  }

  Block Make(std::string path, std::vector<int> nodes) {
    Block block;
    block.path = std::move(path);
    FindEnds(block, nodes);
    std::set<std::string> names;
    for (Group& group : Ordered(Split(block.path, nodes))) {
      block.items.push_back(MakeItem(block.path, std::move(group), names));
    }
    return block;
  }

 private:
  const std::string& PathOf(int node) const { return network_.nodes[node].path; }

  void FindEnds(Block& block, const std::vector<int>& nodes) const {
    const std::set<int> inside(nodes.begin(), nodes.end());
    std::set<int> seen;
    for (const int node : nodes) {
      for (const int input : network_.nodes[node].inputs) {
        if (!inside.contains(input) && seen.insert(input).second) block.inputs.push_back(input);
      }
      const bool read = std::any_of(readers_[node].begin(), readers_[node].end(),
                                    [&](int reader) { return !inside.contains(reader); });
      if (read || is_output_.contains(node)) block.outputs.push_back(node);
    }
  }

  // By the next part of their paths after `path`; a node at `path` itself is a group of its own.
  std::vector<Group> Split(const std::string& path, const std::vector<int>& nodes) const {
    std::vector<Group> groups;
    const size_t start = path.empty() ? 0 : path.size() + 1;
    for (const int node : nodes) {
      const std::string& full = PathOf(node);
      const size_t dot = start > full.size() ? std::string::npos : full.find('.', start);
      std::string part = full.substr(0, dot);
      const auto found = std::find_if(groups.begin(), groups.end(),
                                      [&](const Group& group) { return group.path == part; });
      if (found == groups.end()) {
        groups.push_back({std::move(part), {node}});
      } else {
        found->nodes.push_back(node);
      }
    }
    return groups;
  }

  static int SpanOf(const Group& group) { return group.nodes.back() - group.nodes.front(); }

  // In an order in which each finds what it reads. Groups that read each other are taken apart.
  std::vector<Group> Ordered(std::vector<Group> groups) const {
    for (;;) {
      std::vector<int> group_of(network_.nodes.size(), -1);
      for (size_t g = 0; g < groups.size(); ++g) {
        for (const int node : groups[g].nodes) group_of[node] = static_cast<int>(g);
      }
      std::vector<std::set<int>> reads(groups.size());
      for (size_t g = 0; g < groups.size(); ++g) {
        for (const int node : groups[g].nodes) {
          for (const int input : network_.nodes[node].inputs) {
            const int from = group_of[input];
            if (from >= 0 && from != static_cast<int>(g)) reads[g].insert(from);
          }
        }
      }
      std::vector<Group> ordered;
      std::vector<bool> done(groups.size());
      for (bool progress = true; progress;) {
        progress = false;
        // The first that can go, by its first node: close to the order of the template.
        for (size_t g = 0; g < groups.size() && !progress; ++g) {
          const bool ready = !done[g] && std::all_of(reads[g].begin(), reads[g].end(),
                                                     [&](int from) { return done[from]; });
          if (!ready) continue;
          done[g] = true;
          ordered.push_back(groups[g]);
          progress = true;
        }
      }
      if (ordered.size() == groups.size()) return ordered;
      // Of those in circles, the one whose nodes lie farthest apart.
      size_t widest = groups.size();
      for (size_t g = 0; g < groups.size(); ++g) {
        if (done[g] || groups[g].nodes.size() == 1) continue;
        if (widest == groups.size() || SpanOf(groups[g]) > SpanOf(groups[widest])) widest = g;
      }
      std::vector<Group> smaller = Split(groups[widest].path, groups[widest].nodes);
      for (size_t g = 0; g < groups.size(); ++g) {
        if (g != widest) smaller.push_back(std::move(groups[g]));
      }
      std::sort(smaller.begin(), smaller.end(),
                [](const Group& a, const Group& b) { return a.nodes[0] < b.nodes[0]; });
      groups = std::move(smaller);
    }
  }

  Block::Item MakeItem(const std::string& parent, Group group, std::set<std::string>& names) {
    Block::Item item;
    std::string path = group.path;
    if (group.nodes.size() == 1) {
      item.node = group.nodes[0];
      path = PathOf(item.node);
    } else {
      Block inner = Make(group.path, group.nodes);
      // A block of one block adds nothing but a name.
      while (inner.items.size() == 1 && inner.items[0].block != nullptr) {
        Block only = std::move(*inner.items[0].block);
        inner = std::move(only);
      }
      path = inner.path;
      item.block = std::make_unique<Block>(std::move(inner));
    }
    std::string name = path == parent ? "" : path.substr(parent.empty() ? 0 : parent.size() + 1);
    if (name.empty()) name = network_.nodes[group.nodes[0]].operation;
    name = Identifier(name);
    while (!names.insert(name).second) name += "_";
    item.name = std::move(name);
    return item;
  }

  const Network& network_;
  std::vector<std::vector<int>> readers_;
  std::set<int> is_output_;
};

bool IsReserved(const std::string& name) {
  // Keywords of Python, names that the file uses, and attributes of torch.nn.Module.
  static const auto* const kReserved = new std::set<std::string_view>{"False",
                                                                      "None",
                                                                      "True",
                                                                      "and",
                                                                      "as",
                                                                      "assert",
                                                                      "async",
                                                                      "await",
                                                                      "break",
                                                                      "class",
                                                                      "continue",
                                                                      "def",
                                                                      "del",
                                                                      "elif",
                                                                      "else",
                                                                      "except",
                                                                      "finally",
                                                                      "for",
                                                                      "from",
                                                                      "global",
                                                                      "if",
                                                                      "import",
                                                                      "in",
                                                                      "is",
                                                                      "lambda",
                                                                      "nonlocal",
                                                                      "not",
                                                                      "or",
                                                                      "pass",
                                                                      "raise",
                                                                      "return",
                                                                      "try",
                                                                      "while",
                                                                      "with",
                                                                      "yield",
                                                                      "self",
                                                                      "super",
                                                                      "torch",
                                                                      "nn",
                                                                      "F",
                                                                      "channel_shuffle",
                                                                      "range",
                                                                      "add_module",
                                                                      "apply",
                                                                      "bfloat16",
                                                                      "buffers",
                                                                      "call_super_init",
                                                                      "children",
                                                                      "compile",
                                                                      "cpu",
                                                                      "cuda",
                                                                      "double",
                                                                      "dump_patches",
                                                                      "eval",
                                                                      "extra_repr",
                                                                      "float",
                                                                      "forward",
                                                                      "get_buffer",
                                                                      "get_extra_state",
                                                                      "get_parameter",
                                                                      "get_submodule",
                                                                      "half",
                                                                      "ipu",
                                                                      "load_state_dict",
                                                                      "modules",
                                                                      "mtia",
                                                                      "named_buffers",
                                                                      "named_children",
                                                                      "named_modules",
                                                                      "named_parameters",
                                                                      "parameters",
                                                                      "register_buffer",
                                                                      "register_module",
                                                                      "register_parameter",
                                                                      "requires_grad_",
                                                                      "set_extra_state",
                                                                      "set_submodule",
                                                                      "share_memory",
                                                                      "state_dict",
                                                                      "to",
                                                                      "to_empty",
                                                                      "train",
                                                                      "training",
                                                                      "type",
                                                                      "xpu",
                                                                      "zero_grad"};
  return kReserved->contains(name);
}

}  // namespace

Block MakeBlocks(const Network& network) {
  std::vector<int> nodes;
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    if (network.nodes[i].operation != "input") nodes.push_back(static_cast<int>(i));
  }
  return Builder(network).Make("", std::move(nodes));
}

std::string Identifier(const std::string& text) {
  std::string name;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    name.push_back(byte < 128 && std::isalnum(byte) != 0 ? c : '_');
  }
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0) name = "_" + name;
  if (IsReserved(name) || name.starts_with("__")) name += "_";
  return name;
}

}  // namespace nascent::pytorch
