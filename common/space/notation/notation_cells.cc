// The notation `cells`, as DARTS and what followed it print cells:
//   Genotype(normal=[('sep_conv_3x3', 0), …], normal_concat=[2, 3, 4, 5], reduce=[…], …)
// Each node has as many pairs (operation, source) as it has inputs; sources are counted from 0.
//
//   cells:
//     normal:                              # the name before "=" and "_concat="
//       nodes: [n0, n1, n2, n3]
//       sources: [s0, s1, n0, n1, n2, n3]
//       inputs: "normal.{node}"            # label of the select with `count` inputs, or, with
//       slots: [left, right]               # slots, of one select with one input per slot
//       operation: "normal.{node}.{source}"   # label; may hold {node}, {slot}, {source}
//       concat: [2, 3, 4, 5]               # or: unused

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/space/notation/notation.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

struct Cell {
  std::string name;
  std::vector<std::string> nodes, sources, slots;  // slots: empty where inputs are chosen together
  std::string inputs, operation;                   // labels with {node}, {slot}, {source}
  std::vector<std::string> operations;             // of all its decisions
  std::vector<int64_t> concat;
  bool concat_unused = false;
};

struct SourcedOperation {
  std::string operation;
  int64_t source = 0;
};

struct Field {
  std::vector<SourcedOperation> pairs;
  std::vector<int64_t> numbers;
};

std::string Label(const std::string& pattern, const std::string& node, const std::string& slot,
                  const std::string& source) {
  return absl::StrReplaceAll(pattern, {{"{node}", node}, {"{slot}", slot}, {"{source}", source}});
}

// Reads the Python text; knows lists of pairs, lists of numbers and range(a, b).
class CellsReader {
 public:
  explicit CellsReader(std::string_view text) : text_(text) {}

  absl::StatusOr<std::vector<std::pair<std::string, Field>>> Read() {
    std::vector<std::pair<std::string, Field>> fields;
    if (!Take("Genotype") || !Take("(")) return Expected("Genotype(");
    while (!Take(")")) {
      if (!fields.empty() && !Take(",")) return Expected("\",\" or \")\"");
      const std::string name = Word();
      if (name.empty() || !Take("=")) return Expected("a name and \"=\"");
      Field field;
      if (!ReadField(field))
        return Expected("[(\"operation\", source), …], [numbers] or range(a, b)");
      fields.emplace_back(name, std::move(field));
    }
    Skip();
    if (at_ < text_.size()) return Expected("the end");
    return fields;
  }

 private:
  void Skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) {
      ++at_;
    }
  }
  bool Take(std::string_view symbol) {
    Skip();
    if (text_.substr(at_, symbol.size()) != symbol) return false;
    at_ += symbol.size();
    return true;
  }
  std::string Word() {
    Skip();
    const size_t start = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_')) {
      ++at_;
    }
    return std::string(text_.substr(start, at_ - start));
  }
  std::optional<int64_t> Number() {
    Skip();
    int64_t number = 0;
    const auto result = std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
    if (result.ec != std::errc() || number < 0 || number > 1000) return std::nullopt;
    at_ = result.ptr - text_.data();
    return number;
  }
  bool ReadPair(Field& field) {
    const char quote = Take("'") ? '\'' : Take("\"") ? '"' : '\0';
    const size_t end = quote == '\0' ? std::string_view::npos : text_.find(quote, at_);
    if (end == std::string_view::npos) return false;
    SourcedOperation pair{.operation = std::string(text_.substr(at_, end - at_))};
    at_ = end + 1;
    const std::optional<int64_t> source = Take(",") ? Number() : std::nullopt;
    if (!source || !Take(")")) return false;
    pair.source = *source;
    field.pairs.push_back(std::move(pair));
    return true;
  }
  bool ReadField(Field& field) {
    if (Take("range")) {
      const std::optional<int64_t> low = Take("(") ? Number() : std::nullopt;
      const std::optional<int64_t> high = Take(",") ? Number() : std::nullopt;
      if (!low || !high || !Take(")")) return false;
      for (int64_t i = *low; i < *high; ++i) field.numbers.push_back(i);
      return true;
    }
    if (!Take("[")) return false;
    while (!Take("]")) {
      if ((!field.pairs.empty() || !field.numbers.empty()) && !Take(",")) return false;
      if (Take("]")) return true;
      if (Take("(")) {
        if (!ReadPair(field)) return false;
        continue;
      }
      const std::optional<int64_t> number = Number();
      if (!number) return false;
      field.numbers.push_back(*number);
    }
    return true;
  }
  absl::Status Expected(std::string_view what) {
    Skip();
    const std::string found = at_ < text_.size()
                                  ? absl::StrCat("\"", std::string(text_.substr(at_, 24)), "\"")
                                  : "the end";
    return absl::InvalidArgumentError(absl::StrCat("genotype, character ", at_ + 1, ": found ",
                                                   found, ", expected ", std::string(what)));
  }

  std::string_view text_;
  size_t at_ = 0;
};

class CellsNotation : public Notation {
 public:
  CellsNotation(const DecisionSpace& space, std::vector<Cell> cells)
      : space_(space), cells_(std::move(cells)) {}

  std::string Print(const Genotype& genotype) const override {
    std::string text = "Genotype(";
    for (const Cell& cell : cells_) {
      std::vector<std::string> pairs;
      std::set<int64_t> used;
      for (const std::string& node : cell.nodes) {
        for (const Input& input : InputsOf(cell, node, genotype)) {
          used.insert(input.source);
          pairs.push_back(absl::StrCat("('", input.operation, "', ", input.source, ")"));
        }
      }
      absl::StrAppend(&text, text.size() > 9 ? ", " : "", cell.name, "=[",
                      absl::StrJoin(pairs, ", "), "], ", cell.name, "_concat=[",
                      absl::StrJoin(Concat(cell, used), ", "), "]");
    }
    return text + ")";
  }

  std::vector<CellGraph> Cells(const Genotype& genotype) const override {
    std::vector<CellGraph> graphs;
    for (const Cell& cell : cells_) {
      CellGraph& graph = graphs.emplace_back();
      graph.name = cell.name;
      graph.vertices = cell.sources;
      graph.inputs = static_cast<int>(cell.sources.size() - cell.nodes.size());
      graph.operations = cell.operations;
      std::set<int64_t> used;
      for (size_t n = 0; n < cell.nodes.size(); ++n) {
        for (const Input& input : InputsOf(cell, cell.nodes[n], genotype)) {
          const auto operation =
              std::find(cell.operations.begin(), cell.operations.end(), input.operation);
          used.insert(input.source);
          graph.edges.push_back({static_cast<int>(input.source), graph.inputs + static_cast<int>(n),
                                 static_cast<int>(operation - cell.operations.begin())});
        }
      }
      for (const int64_t end : Concat(cell, used)) graph.ends.push_back(static_cast<int>(end));
    }
    return graphs;
  }

  absl::StatusOr<Genotype> Read(std::string_view text) const override {
    if (text.size() > kLongestNotation) return absl::InvalidArgumentError("genotype too long");
    NASCENT_ASSIGN_OR_RETURN(auto fields, CellsReader(text).Read());
    Genotype genotype;
    genotype.values.resize(space_.size());
    if (fields.size() != 2 * cells_.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("genotype: found ", fields.size(), " fields, needs ", 2 * cells_.size()));
    }
    for (const Cell& cell : cells_) {
      const Field* pairs = Find(fields, cell.name);
      const Field* concat = Find(fields, cell.name + "_concat");
      if (pairs == nullptr || concat == nullptr) {
        return absl::InvalidArgumentError(
            absl::StrCat("genotype: ", cell.name, " or ", cell.name, "_concat is missing"));
      }
      NASCENT_RETURN_IF_ERROR(ReadCell(cell, *pairs, *concat, genotype));
    }
    return genotype;
  }

 private:
  static const Field* Find(const std::vector<std::pair<std::string, Field>>& fields,
                           const std::string& name) {
    for (const auto& [known, field] : fields) {
      if (known == name) return &field;
    }
    return nullptr;
  }

  // The concatenated sources, given the used ones.
  static std::vector<int64_t> Concat(const Cell& cell, const std::set<int64_t>& used) {
    if (!cell.concat_unused) return cell.concat;
    std::vector<int64_t> unused;
    for (size_t i = 0; i < cell.sources.size(); ++i) {
      if (!used.contains(static_cast<int64_t>(i))) unused.push_back(static_cast<int64_t>(i));
    }
    return unused;
  }

  std::string ValueText(const std::string& label, const Genotype& genotype) const {
    const std::optional<int> decision = space_.Find(label);
    if (!decision) return "";
    return space_.decisions()[*decision].domain.Text(genotype.values[*decision]);
  }

  struct Input {
    std::string operation;
    int64_t source;
  };

  std::vector<Input> InputsOf(const Cell& cell, const std::string& node,
                              const Genotype& genotype) const {
    std::vector<Input> inputs;
    const auto add = [&](const std::string& slot, const std::string& source) {
      const auto index =
          std::find(cell.sources.begin(), cell.sources.end(), source) - cell.sources.begin();
      inputs.push_back({ValueText(Label(cell.operation, node, slot, source), genotype), index});
    };
    if (cell.slots.empty()) {
      const std::string chosen = ValueText(Label(cell.inputs, node, "", ""), genotype);
      for (absl::string_view source : absl::StrSplit(chosen, '+')) add("", std::string(source));
    }
    for (const std::string& slot : cell.slots) {
      add(slot, ValueText(Label(cell.inputs, node, slot, ""), genotype));
    }
    return inputs;
  }

  absl::Status Set(const std::string& label, const std::string& text, Genotype& genotype) const {
    const std::optional<int> decision = space_.Find(label);
    if (!decision) return absl::InvalidArgumentError(absl::StrCat("no such input: ", label));
    return SetByText(space_, *decision, text, genotype);
  }

  absl::Status ReadCell(const Cell& cell, const Field& field, const Field& concat,
                        Genotype& genotype) const {
    const size_t each = cell.nodes.empty() ? 0 : field.pairs.size() / cell.nodes.size();
    if (each == 0 || each * cell.nodes.size() != field.pairs.size() ||
        (!cell.slots.empty() && each != cell.slots.size())) {
      return absl::InvalidArgumentError(absl::StrCat("genotype: ", cell.name, ": found ",
                                                     field.pairs.size(), " pairs for ",
                                                     cell.nodes.size(), " nodes"));
    }
    std::set<int64_t> used;
    for (size_t n = 0; n < cell.nodes.size(); ++n) {
      std::vector<SourcedOperation> pairs(
          field.pairs.begin() + static_cast<ptrdiff_t>(n * each),
          field.pairs.begin() + static_cast<ptrdiff_t>((n + 1) * each));
      if (cell.slots.empty()) {
        std::sort(pairs.begin(), pairs.end(),
                  [](const SourcedOperation& a, const SourcedOperation& b) {
                    return a.source < b.source;
                  });
      }
      std::vector<std::string> names;
      for (const SourcedOperation& pair : pairs) {
        if (pair.source >= static_cast<int64_t>(cell.sources.size())) {
          return absl::InvalidArgumentError(absl::StrCat("genotype: ", cell.name, ": found source ",
                                                         pair.source, ", allowed are 0 to ",
                                                         cell.sources.size() - 1));
        }
        used.insert(pair.source);
        names.push_back(cell.sources[pair.source]);
      }
      if (cell.slots.empty()) {
        NASCENT_RETURN_IF_ERROR(
            Set(Label(cell.inputs, cell.nodes[n], "", ""), absl::StrJoin(names, "+"), genotype));
      }
      for (size_t i = 0; i < pairs.size(); ++i) {
        const std::string slot = cell.slots.empty() ? "" : cell.slots[i];
        absl::Status status = cell.slots.empty() ? absl::OkStatus()
                                                 : Set(Label(cell.inputs, cell.nodes[n], slot, ""),
                                                       names[i], genotype);
        if (status.ok()) {
          status = Set(Label(cell.operation, cell.nodes[n], slot, names[i]), pairs[i].operation,
                       genotype);
        }
        if (!status.ok()) return status;
      }
    }
    std::vector<int64_t> given = concat.numbers;
    std::sort(given.begin(), given.end());
    if (given != Concat(cell, used)) {
      return absl::InvalidArgumentError(
          absl::StrCat("genotype: ", cell.name, "_concat: found [", absl::StrJoin(given, ", "),
                       "], in this space it is [", absl::StrJoin(Concat(cell, used), ", "), "]"));
    }
    return absl::OkStatus();
  }

  const DecisionSpace& space_;
  const std::vector<Cell> cells_;
};

// The options of every decision on an operation of the cell.
std::vector<std::string> OperationsOf(const Cell& cell, const DecisionSpace& space) {
  std::vector<std::string> operations;
  const std::vector<std::string> none = {""};
  for (const std::string& node : cell.nodes) {
    for (const std::string& slot : cell.slots.empty() ? none : cell.slots) {
      for (const std::string& source : cell.sources) {
        const std::optional<int> decision = space.Find(Label(cell.operation, node, slot, source));
        if (!decision) continue;
        for (const OptionValue& option : space.decisions()[*decision].domain.options) {
          const std::string text = OptionText(option);
          if (std::find(operations.begin(), operations.end(), text) == operations.end()) {
            operations.push_back(text);
          }
        }
      }
    }
  }
  return operations;
}

std::vector<std::string> Texts(const spec::DocumentNode* list) {
  std::vector<std::string> texts;
  for (size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
    texts.push_back(list->items[i]->text);
  }
  return texts;
}

}  // namespace

absl::StatusOr<std::unique_ptr<const Notation>> MakeCellsNotation(
    const spec::DocumentNode& settings, const DecisionSpace& space) {
  std::vector<Cell> cells;
  for (const spec::DocumentNode::Entry& entry : settings.entries) {
    const spec::DocumentNode& given = *entry.value;
    const spec::DocumentNode* inputs = given.Find("inputs");
    const spec::DocumentNode* operation = given.Find("operation");
    const spec::DocumentNode* concat = given.Find("concat");
    if (inputs == nullptr || operation == nullptr || concat == nullptr) {
      return NotationError(given, "a cell has nodes, sources, inputs, operation and concat");
    }
    Cell cell{.name = entry.key,
              .nodes = Texts(given.Find("nodes")),
              .sources = Texts(given.Find("sources")),
              .slots = Texts(given.Find("slots")),
              .inputs = inputs->text,
              .operation = operation->text,
              .operations = {},
              .concat = {},
              .concat_unused = concat->text == "unused"};
    for (const std::string& number : Texts(concat)) {
      int64_t value = 0;
      if (!absl::SimpleAtoi(number, &value)) return NotationError(*concat, "concat lists numbers");
      cell.concat.push_back(value);
    }
    std::sort(cell.concat.begin(), cell.concat.end());
    for (const std::string& node : cell.nodes) {
      const std::string label =
          Label(cell.inputs, node, cell.slots.empty() ? "" : cell.slots[0], "");
      if (!space.Find(label)) {
        return NotationError(*inputs, absl::StrCat("no decision has the label \"", label, "\""));
      }
    }
    cell.operations = OperationsOf(cell, space);
    cells.push_back(std::move(cell));
  }
  if (cells.empty()) return NotationError(settings, "cells: none");
  return std::unique_ptr<const Notation>(std::make_unique<CellsNotation>(space, std::move(cells)));
}

}  // namespace nascent::space
