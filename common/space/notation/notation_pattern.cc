// The notation `pattern`: a text with decisions in it, e.g. "|{cell.node1}~0|+|…|" or "{c1}:{c2}".
//
//   pattern: "{block0}{block1}"
//   names: {identity: 0, mb3: 1}     # optional: how options are written
//   edges: {cell.a: [0, 1], …}       # optional: the cell's vertices between which a decision's
//                                    # operation stands; 0 is its input, the last its output

#include <algorithm>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/space/notation/notation.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

class PatternNotation : public Notation {
 public:
  struct Part {
    std::string literal;  // before the decision
    int decision;         // -1: the end
    std::vector<std::string> options;
  };
  // `cell`: operations are decisions.
  PatternNotation(const DecisionSpace& space, std::string pattern, std::vector<Part> parts,
                  CellGraph cell)
      : space_(space),
        pattern_(std::move(pattern)),
        parts_(std::move(parts)),
        cell_(std::move(cell)) {}

  std::vector<CellGraph> Cells(const Genotype& genotype) const override {
    if (cell_.edges.empty()) return {};
    CellGraph cell = cell_;
    cell.edges.clear();
    for (const CellGraph::Edge& edge : cell_.edges) {
      const auto* option = std::get_if<int64_t>(&genotype.values[edge.operation]);
      if (option == nullptr) continue;
      cell.edges.push_back({edge.from, edge.to, static_cast<int>(*option)});
    }
    return {std::move(cell)};
  }

  std::string Print(const Genotype& genotype) const override {
    std::string text;
    for (const Part& part : parts_) {
      text += part.literal;
      if (part.decision < 0) continue;
      const Value& value = genotype.values[part.decision];
      text += part.options.empty() || !std::holds_alternative<int64_t>(value)
                  ? space_.decisions()[part.decision].domain.Text(value)
                  : part.options[std::get<int64_t>(value)];
    }
    return text;
  }

  absl::StatusOr<Genotype> Read(std::string_view text) const override {
    Genotype genotype;
    genotype.values.resize(space_.size());
    std::string_view rest = text;
    for (size_t i = 0; i < parts_.size(); ++i) {
      const Part& part = parts_[i];
      if (rest.substr(0, part.literal.size()) != part.literal) {
        return Fails(text, rest, absl::StrCat("\"", part.literal, "\""));
      }
      rest.remove_prefix(part.literal.size());
      if (part.decision < 0) break;
      absl::StatusOr<size_t> length = ReadValue(part, parts_[i + 1].literal, rest, genotype);
      if (!length.ok()) return Fails(text, rest, length.status().message());
      rest.remove_prefix(*length);
    }
    if (!rest.empty()) return Fails(text, rest, "the end");
    return genotype;
  }

 private:
  // How many characters the value takes.
  absl::StatusOr<size_t> ReadValue(const Part& part, std::string_view next, std::string_view rest,
                                   Genotype& genotype) const {
    int64_t best = -1;
    size_t longest = 0;
    for (size_t o = 0; o < part.options.size(); ++o) {
      const std::string& option = part.options[o];
      if (rest.substr(0, option.size()) != option || (best >= 0 && option.size() <= longest)) {
        continue;
      }
      if (rest.substr(option.size(), next.size()) != next) continue;
      best = static_cast<int64_t>(o);
      longest = option.size();
    }
    if (best >= 0) {
      genotype.values[part.decision] = best;
      return longest;
    }
    if (!part.options.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("one of ", absl::StrJoin(part.options, ", "),
                                                     " followed by \"", std::string(next), "\""));
    }
    const size_t end = next.empty() ? rest.size() : rest.find(next);
    const std::string_view number = rest.substr(0, end);
    NASCENT_RETURN_IF_ERROR(SetByText(space_, part.decision, number, genotype));
    return number.size();
  }

  absl::Status Fails(std::string_view text, std::string_view rest, absl::string_view wanted) const {
    const size_t at = text.size() - rest.size() + 1;
    const std::string found =
        rest.empty() ? "the end" : absl::StrCat("\"", std::string(rest.substr(0, 24)), "\"");
    return absl::InvalidArgumentError(absl::StrCat("genotype, character ", at, ": found ", found,
                                                   ", expected ", wanted, "; the notation is ",
                                                   pattern_));
  }

  const DecisionSpace& space_;
  const std::string pattern_;
  const std::vector<Part> parts_;
  const CellGraph cell_;
};

constexpr int kMostVertices = 30;

// The cell that `edges` describes: {label: [from, to], …}.
absl::StatusOr<CellGraph> ReadEdges(const spec::DocumentNode& edges, const DecisionSpace& space) {
  CellGraph cell{.name = "cell"};
  int last = 0;
  for (const spec::DocumentNode::Entry& entry : edges.entries) {
    const std::optional<int> decision = space.Find(entry.key);
    if (!decision) {
      return NotationError(*entry.value,
                           absl::StrCat("no decision has the label \"", entry.key, "\""));
    }
    std::vector<std::string> options;
    for (const OptionValue& option : space.decisions()[*decision].domain.options) {
      options.push_back(OptionText(option));
    }
    if (cell.operations.empty()) cell.operations = options;
    if (options.empty() || options != cell.operations) {
      return NotationError(*entry.value,
                           absl::StrCat(entry.key, " has other options than the edges before it"));
    }
    CellGraph::Edge edge{.operation = *decision};
    const auto& ends = entry.value->items;
    if (ends.size() != 2 || !absl::SimpleAtoi(ends[0]->text, &edge.from) ||
        !absl::SimpleAtoi(ends[1]->text, &edge.to) || edge.from < 0 || edge.to <= edge.from ||
        edge.to >= kMostVertices) {
      return NotationError(*entry.value,
                           absl::StrCat("an edge is [from, to] with numbers from 0 to ",
                                        kMostVertices - 1, ", the second the larger"));
    }
    last = std::max(last, edge.to);
    cell.edges.push_back(edge);
  }
  for (int v = 0; v <= last; ++v) cell.vertices.push_back(absl::StrCat(v));
  cell.ends = {last};
  cell.vertex_operations.assign(last + 1, -1);
  return cell;
}

}  // namespace

absl::StatusOr<std::unique_ptr<const Notation>> MakePatternNotation(
    const spec::DocumentNode& settings, const DecisionSpace& space) {
  const spec::DocumentNode* pattern = &settings;
  std::map<std::string, std::string> names;
  CellGraph cell;
  if (settings.kind == spec::DocumentNode::Kind::kMap) {
    pattern = settings.Find("text");
    if (const spec::DocumentNode* given = settings.Find("names")) {
      for (const auto& entry : given->entries) names[entry.key] = entry.value->text;
    }
    if (const spec::DocumentNode* edges = settings.Find("edges")) {
      NASCENT_ASSIGN_OR_RETURN(cell, ReadEdges(*edges, space));
    }
  }
  if (pattern == nullptr || pattern->kind != spec::DocumentNode::Kind::kScalar) {
    return NotationError(settings,
                         "a pattern is a text with {labels}, or {text: …, names: {…}, edges: {…}}");
  }
  std::vector<PatternNotation::Part> parts;
  std::string_view rest = pattern->text;
  while (true) {
    const size_t open = rest.find('{');
    PatternNotation::Part part{
        .literal = std::string(rest.substr(0, open)), .decision = -1, .options = {}};
    if (open == std::string_view::npos) {
      parts.push_back(std::move(part));
      break;
    }
    const size_t close = rest.find('}', open);
    if (close == std::string_view::npos) return NotationError(*pattern, "a { without its }");
    const std::string label(rest.substr(open + 1, close - open - 1));
    const std::optional<int> decision = space.Find(label);
    if (!decision) {
      return NotationError(*pattern, absl::StrCat("no decision has the label \"", label, "\""));
    }
    part.decision = *decision;
    for (const OptionValue& option : space.decisions()[*decision].domain.options) {
      const std::string text = OptionText(option);
      const auto name = names.find(text);
      part.options.push_back(name == names.end() ? text : name->second);
    }
    parts.push_back(std::move(part));
    rest.remove_prefix(close + 1);
  }
  return std::unique_ptr<const Notation>(
      std::make_unique<PatternNotation>(space, pattern->text, std::move(parts), std::move(cell)));
}

}  // namespace nascent::space
