#include "common/network/draw.h"

#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/network/operations.h"

namespace nascent::network {
namespace {

constexpr size_t kMostFrameLevels = 2;  // deeper frames only take space

std::string Quote(std::string_view text) {
  return absl::StrCat("\"",
                      absl::StrReplaceAll(absl::string_view(text.data(), text.size()),
                                          {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}}),
                      "\"");
}

// In lines of about so many bytes: a long title would make the picture wide.
std::string Wrapped(std::string_view title) {
  constexpr size_t kLine = 100;
  std::string text;
  size_t length = 0;
  for (const char c : title) {
    const bool breaks = c == ' ' && length >= kLine;
    text.push_back(breaks ? '\n' : c);
    length = breaks ? 0 : length + 1;
  }
  return text;
}

// 950, 12.3k, 4.5M
std::string Short(int64_t number) {
  if (number < 1000) return absl::StrCat(number);
  if (number < 1'000'000) return absl::StrFormat("%.3gk", static_cast<double>(number) / 1e3);
  return absl::StrFormat("%.4gM", static_cast<double>(number) / 1e6);
}

// Kernel, stride and what else differs from the default and is not seen in the shape.
std::string Details(const Node& node) {
  std::vector<std::string> details;
  for (const AttributeSpec& spec : FindOperation(node.operation)->attributes) {
    const auto found = node.attributes.find(spec.name);
    if (found == node.attributes.end() || spec.name == "channels" || spec.name == "features" ||
        spec.name == "shape" || spec.name == "padding" || spec.name == "bias") {
      continue;
    }
    const Attribute& value = found->second;
    if (!spec.required && value == spec.default_value) continue;
    const auto* list = std::get_if<std::vector<int64_t>>(&value);
    if (spec.name == "kernel") {
      details.push_back(absl::StrJoin(*list, "×"));
    } else if (list != nullptr && list->size() == 2 && (*list)[0] == (*list)[1]) {
      if (spec.name != "stride" || (*list)[0] != 1) {
        details.push_back(absl::StrCat(spec.name, " ", (*list)[0]));
      }
    } else {
      details.push_back(absl::StrCat(spec.name, " ", ToText(value)));
    }
  }
  return absl::StrJoin(details, ", ");
}

struct NodeCosts {
  int64_t parameters = 0;
  int64_t products = 0;
  bool multiplies = false;  // it is an operation that has products at all
};

NodeCosts CostsOf(const Network& network, size_t i) {
  const Node& node = network.nodes[i];
  const Operation& operation = *FindOperation(node.operation);
  std::vector<Shape> inputs;
  for (int input : node.inputs) inputs.push_back(network.nodes[static_cast<size_t>(input)].shape);
  NodeCosts costs;
  if (operation.parameters != nullptr) {
    for (const Parameter& p : operation.parameters(node.attributes, inputs, node.shape)) {
      costs.parameters += ElementCount(p.shape);
    }
  }
  costs.multiplies = operation.multiply_accumulates != nullptr;
  if (costs.multiplies) {
    costs.products = operation.multiply_accumulates(node.attributes, inputs, node.shape);
  }
  return costs;
}

std::string CostText(const NodeCosts& costs) {
  std::string text;
  if (costs.parameters > 0) absl::StrAppend(&text, "\n", Short(costs.parameters), " parameters");
  if (costs.multiplies) {
    absl::StrAppend(&text, text.empty() ? "\n" : ", ", Short(costs.products), " products");
  }
  return text;
}

std::string Label(const Network& network, size_t i, bool costs) {
  const Node& node = network.nodes[i];
  std::string label = node.operation;
  if (const std::string details = Details(node); !details.empty()) {
    absl::StrAppend(&label, " ", details);
  }
  absl::StrAppend(&label, "\n", absl::StrJoin(node.shape, " × "));
  return costs ? label + CostText(CostsOf(network, i)) : label;
}

std::string_view Colour(const Operation& operation) {
  const std::string& name = operation.name;
  if (name == "zero") return "#eeeeee";
  if (operation.multiply_accumulates != nullptr) return "#cfe2f3";
  if (operation.parameters != nullptr) return "#d9ead3";
  if (absl::StrContains(name, "pool")) return "#fff2cc";
  if (operation.max_inputs != 1) return "#f4cccc";
  return "#ffffff";
}

bool IsIn(const std::string& path, const std::string& part) {
  return part.empty() || path == part || (absl::StartsWith(path, part) && path[part.size()] == '.');
}

// The frames around a node, outermost first.
std::vector<std::string> FramesOf(const std::string& path, const std::string& part) {
  std::vector<std::string> frames;
  for (size_t dot = path.find('.'); dot != std::string::npos && frames.size() < kMostFrameLevels;
       dot = path.find('.', dot + 1)) {
    if (dot > part.size()) frames.push_back(path.substr(0, dot));
  }
  return frames;
}

// The part of a node at `level` words of its path below `part`; the whole path where it is shorter.
std::string PartAt(const std::string& path, const std::string& part, int level) {
  size_t end = part.empty() ? 0 : part.size() + 1;
  for (int i = 0; i < level && end != std::string::npos; ++i) {
    end = path.find('.', end);
    if (end != std::string::npos && i + 1 < level) ++end;
  }
  return end == std::string::npos ? path : path.substr(0, end);
}

// What a frame is called: its last word, or more of its path where that says nothing alone.
std::string FrameTitle(const std::string& path) {
  const size_t dot = path.rfind('.');
  const std::string last = dot == std::string::npos ? path : path.substr(dot + 1);
  const bool telling = last != "if" && last.find_first_not_of("0123456789") != std::string::npos;
  if (telling) return last;
  return dot == std::string::npos ? absl::StrCat("part ", path) : path;
}

class Drawing {
 public:
  Drawing(const Network& network, const DrawOptions& options)
      : network_(network), options_(options) {}

  std::string Run() {
    absl::StrAppend(&text_, "digraph network {\n  rankdir=TB;\n  fontname=\"Helvetica\";\n",
                    "  node [shape=box, style=\"filled,rounded\", fontname=\"Helvetica\", ",
                    "fontsize=10];\n  edge [arrowsize=0.6];\n");
    if (!options_.title.empty()) {
      absl::StrAppend(&text_, "  label=", Quote(Wrapped(options_.title)), ";\n  labelloc=t;\n");
    }
    if (options_.overview) {
      DrawParts();
      text_ += "}\n";
      return std::move(text_);
    }
    for (size_t i = 0; i < network_.nodes.size(); ++i) {
      const std::string& path = network_.nodes[i].path;
      if (!IsIn(path, options_.part)) continue;
      const std::vector<std::string> frames = FramesOf(path, options_.part);
      root_.Place(frames, 0, static_cast<int>(i));
    }
    DrawFrame(root_, 1);
    DrawEdges();
    text_ += "}\n";
    return std::move(text_);
  }

 private:
  struct Frame {
    std::string path;
    std::vector<int> nodes;
    std::vector<Frame> frames;  // in order of appearance

    void Place(const std::vector<std::string>& around, size_t level, int node) {
      if (level == around.size()) {
        nodes.push_back(node);
        return;
      }
      for (Frame& frame : frames) {
        if (frame.path == around[level]) return frame.Place(around, level + 1, node);
      }
      frames.emplace_back().path = around[level];
      frames.back().Place(around, level + 1, node);
    }
  };

  // The nodes that an overview draws as one box, in the network's order.
  struct Part {
    std::string path;
    std::vector<size_t> nodes;
  };

  // By the first words of their paths that tell more than one part.
  std::vector<Part> Parts() const {
    constexpr int kDeepest = 6;
    std::vector<Part> parts;
    for (int level = 1; level <= kDeepest && parts.size() < 2; ++level) {
      parts.clear();
      std::map<std::string, size_t> places;
      for (size_t i = 0; i < network_.nodes.size(); ++i) {
        if (!IsIn(network_.nodes[i].path, options_.part)) continue;
        const std::string path = PartAt(network_.nodes[i].path, options_.part, level);
        const auto [place, fresh] = places.emplace(path, parts.size());
        if (fresh) parts.push_back({path, {}});
        parts[place->second].nodes.push_back(i);
      }
    }
    return parts;
  }

  void DrawParts() {
    const std::vector<Part> parts = Parts();
    std::map<size_t, size_t> part_of;
    for (size_t p = 0; p < parts.size(); ++p) {
      for (const size_t node : parts[p].nodes) part_of[node] = p;
    }
    for (size_t p = 0; p < parts.size(); ++p) {
      const Part& part = parts[p];
      const Node& last = network_.nodes[part.nodes.back()];
      if (part.nodes.size() == 1) {
        DrawNode(part.nodes[0], absl::StrCat("p", p), "  ");
        continue;
      }
      NodeCosts sum;
      for (const size_t node : part.nodes) {
        const NodeCosts costs = CostsOf(network_, node);
        sum.parameters += costs.parameters;
        sum.products += costs.products;
        sum.multiplies = sum.multiplies || costs.multiplies;
      }
      absl::StrAppend(&text_, "  p", p,
                      " [shape=box3d, style=filled, fillcolor=\"#e8eef7\", label=",
                      Quote(absl::StrCat(FrameTitle(part.path), "\n", part.nodes.size(),
                                         " operations\n", absl::StrJoin(last.shape, " × "),
                                         options_.costs ? CostText(sum) : "")),
                      ", tooltip=", Quote(part.path), "];\n");
    }
    std::set<std::pair<size_t, size_t>> drawn;
    for (const auto& [node, part] : part_of) {
      for (const int input : network_.nodes[node].inputs) {
        const auto from = part_of.find(static_cast<size_t>(input));
        if (from == part_of.end() || from->second == part) continue;
        if (drawn.emplace(from->second, part).second) {
          absl::StrAppend(&text_, "  p", from->second, " -> p", part, ";\n");
        }
      }
    }
  }

  void DrawNode(size_t i, const std::string& name, const std::string& indent) {
    const Node& node = network_.nodes[i];
    absl::StrAppend(&text_, indent, name, " [label=", Quote(Label(network_, i, options_.costs)),
                    ", fillcolor=\"", std::string(Colour(*FindOperation(node.operation))),
                    "\", tooltip=", Quote(node.path), "];\n");
  }

  void DrawFrame(const Frame& frame, int depth) {
    const std::string indent(2 * depth, ' ');
    for (int i : frame.nodes) DrawNode(static_cast<size_t>(i), absl::StrCat("n", i), indent);
    for (const Frame& inner : frame.frames) {
      absl::StrAppend(&text_, indent, "subgraph ", Quote(absl::StrCat("cluster_", inner.path)),
                      " {\n", indent, "  label=", Quote(FrameTitle(inner.path)),
                      "; labeljust=l; fontsize=10; color=\"#999999\";\n");
      DrawFrame(inner, depth + 1);
      absl::StrAppend(&text_, indent, "}\n");
    }
  }

  void DrawEdges() {
    std::set<int> outside;
    for (size_t i = 0; i < network_.nodes.size(); ++i) {
      const Node& node = network_.nodes[i];
      if (!IsIn(node.path, options_.part)) continue;
      for (size_t k = 0; k < node.inputs.size(); ++k) {
        const int input = node.inputs[k];
        const Node& from = network_.nodes[input];
        if (!IsIn(from.path, options_.part) && outside.insert(input).second) {
          absl::StrAppend(&text_, "  n", input, " [shape=ellipse, fillcolor=\"#ffffff\", label=",
                          Quote(absl::StrCat(from.path, "\n", absl::StrJoin(from.shape, " × "))),
                          "];\n");
        }
        absl::StrAppend(&text_, "  n", input, " -> n", i, Times(node, k), ";\n");
      }
    }
    for (size_t k = 0; k < network_.outputs.size(); ++k) {
      const Output& output = network_.outputs[k];
      if (!IsIn(network_.nodes[output.node].path, options_.part)) continue;
      absl::StrAppend(
          &text_, "  o", k, " [shape=ellipse, fillcolor=\"#ffffff\", label=", Quote(output.name),
          "];\n  n", output.node, " -> o", k, output.training_only ? " [style=dashed]" : "", ";\n");
    }
  }

  // How often a sum counts its input, where not once.
  static std::string Times(const Node& node, size_t input) {
    if (node.operation != "add") return "";
    const auto& multiplicity = IntegersOf(node.attributes, "multiplicity");
    if (multiplicity.empty() || multiplicity[input] == 1) return "";
    return absl::StrCat(" [label=\"×", multiplicity[input], "\", fontsize=10]");
  }

  const Network& network_;
  const DrawOptions& options_;
  Frame root_;
  std::string text_;
};

}  // namespace

absl::StatusOr<std::string> ToDot(const Network& network, const DrawOptions& options) {
  std::set<std::string> parts;
  for (const Node& node : network.nodes) {
    if (IsIn(node.path, options.part)) return Drawing(network, options).Run();
    for (std::string& frame : FramesOf(node.path, "")) parts.insert(std::move(frame));
  }
  return absl::NotFoundError(
      absl::StrCat("part: found \"", options.part, "\", allowed are ", absl::StrJoin(parts, ", ")));
}

}  // namespace nascent::network
