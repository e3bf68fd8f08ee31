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

std::string Label(const Network& network, int i, bool costs) {
  const Node& node = network.nodes[i];
  std::string label = node.operation;
  if (const std::string details = Details(node); !details.empty()) {
    absl::StrAppend(&label, " ", details);
  }
  absl::StrAppend(&label, "\n", absl::StrJoin(node.shape, " × "));
  if (!costs) return label;
  const Operation& operation = *FindOperation(node.operation);
  std::vector<Shape> inputs;
  for (int input : node.inputs) inputs.push_back(network.nodes[input].shape);
  int64_t parameters = 0;
  if (operation.parameters != nullptr) {
    for (const Parameter& p : operation.parameters(node.attributes, inputs, node.shape)) {
      parameters += ElementCount(p.shape);
    }
  }
  if (parameters > 0) absl::StrAppend(&label, "\n", Short(parameters), " parameters");
  if (operation.multiply_accumulates != nullptr) {
    absl::StrAppend(&label, parameters > 0 ? ", " : "\n",
                    Short(operation.multiply_accumulates(node.attributes, inputs, node.shape)),
                    " products");
  }
  return label;
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

  void DrawFrame(const Frame& frame, int depth) {
    const std::string indent(2 * depth, ' ');
    for (int i : frame.nodes) {
      absl::StrAppend(&text_, indent, "n", i, " [label=", Quote(Label(network_, i, options_.costs)),
                      ", fillcolor=\"",
                      std::string(Colour(*FindOperation(network_.nodes[i].operation))),
                      "\", tooltip=", Quote(network_.nodes[i].path), "];\n");
    }
    for (const Frame& inner : frame.frames) {
      const std::string last = inner.path.substr(frame.path.empty() ? 0 : frame.path.size() + 1);
      absl::StrAppend(&text_, indent, "subgraph ", Quote(absl::StrCat("cluster_", inner.path)),
                      " {\n", indent, "  label=", Quote(last),
                      "; fontsize=10; color=\"#999999\";\n");
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
