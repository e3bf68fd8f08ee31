// The notation `matrix`, as NAS-Bench-101 writes its cells:
//   {"matrix": [[0, 1, …], …], "ops": ["input", "conv3x3-bn-relu", …, "output"]}
//
//   label: cell        # of the block `dag`; operations are decided by LABEL.vertex_1, …
//   vertices: 5

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/space/notation/notation.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

class MatrixNotation : public Notation {
 public:
  MatrixNotation(const DecisionSpace& space, std::string label, std::vector<std::vector<int>> edges,
                 std::vector<int> operations)
      : space_(space),
        label_(std::move(label)),
        edges_(std::move(edges)),
        operations_(std::move(operations)) {}

  std::string Print(const Genotype& genotype) const override {
    const int size = static_cast<int>(edges_.size());
    std::string text = "{\"matrix\": [";
    for (int i = 0; i < size; ++i) {
      absl::StrAppend(&text, i > 0 ? ", [" : "[");
      for (int j = 0; j < size; ++j) {
        const bool edge = j > i && genotype.values[edges_[i][j]] == Value(int64_t{1});
        absl::StrAppend(&text, j > 0 ? ", " : "", edge ? 1 : 0);
      }
      text += "]";
    }
    text += "], \"ops\": [\"input\"";
    for (const int operation : operations_) {
      absl::StrAppend(&text, ", \"",
                      space_.decisions()[operation].domain.Text(genotype.values[operation]), "\"");
    }
    return text + ", \"output\"]}";
  }

  std::vector<CellGraph> Cells(const Genotype& genotype) const override {
    const int size = static_cast<int>(edges_.size());
    CellGraph cell{.name = label_, .vertices = {"input"}, .ends = {size - 1}, .at_vertices = true};
    cell.vertex_operations.assign(size, -1);
    for (size_t v = 0; v < operations_.size(); ++v) {
      cell.vertices.push_back(absl::StrCat(v + 1));
      if (const auto* option = std::get_if<int64_t>(&genotype.values[operations_[v]])) {
        cell.vertex_operations[v + 1] = static_cast<int>(*option);
      }
    }
    cell.vertices.emplace_back("output");
    if (!operations_.empty()) {
      for (const OptionValue& option : space_.decisions()[operations_[0]].domain.options) {
        cell.operations.push_back(OptionText(option));
      }
    }
    for (int i = 0; i < size; ++i) {
      for (int j = i + 1; j < size; ++j) {
        if (genotype.values[edges_[i][j]] == Value(int64_t{1})) cell.edges.push_back({i, j, -1});
      }
    }
    return {std::move(cell)};
  }

  absl::StatusOr<Genotype> Read(std::string_view text) const override {
    NASCENT_ASSIGN_OR_RETURN(
        spec::DocumentNodePtr root,
        spec::ParseDocument(text, "genotype",
                            {.bytes = kLongestNotation, .nodes = 10000, .depth = 6}));
    const spec::DocumentNode* matrix = root->Find("matrix");
    const spec::DocumentNode* ops = root->Find("ops");
    if (matrix == nullptr || ops == nullptr || root->entries.size() != 2) {
      return absl::InvalidArgumentError("a genotype is {\"matrix\": [[…], …], \"ops\": […]}");
    }
    const size_t given = matrix->items.size();
    if (given < 2 || given > edges_.size() || ops->items.size() != given) {
      return absl::InvalidArgumentError(
          absl::StrCat("found a matrix of ", given, " rows and ", ops->items.size(),
                       " ops, allowed are equal numbers from 2 to ", edges_.size()));
    }
    if (ops->items.front()->text != "input" || ops->items.back()->text != "output") {
      return absl::InvalidArgumentError("ops start with \"input\" and end with \"output\"");
    }
    Genotype genotype = Empty();
    // A smaller graph leaves the last vertices without edges.
    const auto place = [&](size_t vertex) {
      return vertex + 1 == given ? edges_.size() - 1 : vertex;
    };
    for (size_t i = 0; i < given; ++i) {
      const spec::DocumentNode& row = *matrix->items[i];
      if (row.items.size() != given) {
        return absl::InvalidArgumentError(absl::StrCat(
            "row ", i, " of the matrix has ", row.items.size(), " entries, needs ", given));
      }
      for (size_t j = 0; j < given; ++j) {
        const std::string& entry = row.items[j]->text;
        if ((entry != "0" && entry != "1") || (entry == "1" && j <= i)) {
          return absl::InvalidArgumentError(
              absl::StrCat("matrix[", i, "][", j, "]: found ", spec::Describe(*row.items[j]),
                           ", allowed are 0, and 1 above the diagonal"));
        }
        if (entry == "1") genotype.values[edges_[place(i)][place(j)]] = int64_t{1};
      }
      if (i == 0 || i + 1 == given) continue;
      NASCENT_RETURN_IF_ERROR(SetByText(space_, operations_[i - 1], ops->items[i]->text, genotype));
    }
    return genotype;
  }

 private:
  // No edges, the first operation everywhere.
  Genotype Empty() const {
    Genotype genotype;
    genotype.values.resize(space_.size());
    for (size_t i = 0; i < edges_.size(); ++i) {
      for (size_t j = i + 1; j < edges_.size(); ++j) genotype.values[edges_[i][j]] = int64_t{0};
    }
    for (const int operation : operations_) genotype.values[operation] = int64_t{0};
    return genotype;
  }

  const DecisionSpace& space_;
  const std::string label_;
  const std::vector<std::vector<int>> edges_;
  const std::vector<int> operations_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const Notation>> MakeMatrixNotation(
    const spec::DocumentNode& settings, const DecisionSpace& space) {
  const spec::DocumentNode* label = settings.Find("label");
  const spec::DocumentNode* vertices = settings.Find("vertices");
  int count = 0;
  if (label == nullptr || vertices == nullptr || !absl::SimpleAtoi(vertices->text, &count) ||
      count < 0 || count > 30 || settings.entries.size() != 2) {
    return NotationError(settings, "a matrix is {label: of the dag, vertices: a number up to 30}");
  }
  const int size = count + 2;
  std::vector<std::vector<int>> edges(size, std::vector<int>(size, -1));
  std::vector<int> operations;
  const auto find = [&](const std::string& name) { return space.Find(name).value_or(-1); };
  for (int i = 0; i < size; ++i) {
    for (int j = i + 1; j < size; ++j) {
      edges[i][j] = find(absl::StrCat(label->text, ".edge_", i, "_", j));
      if (edges[i][j] < 0)
        return NotationError(*label, "no dag with so many vertices has this label");
    }
  }
  for (int v = 1; v <= count; ++v) {
    operations.push_back(find(absl::StrCat(label->text, ".vertex_", v)));
    if (operations.back() < 0) {
      return NotationError(*label,
                           absl::StrCat("no decision has the label ", label->text, ".vertex_", v));
    }
  }
  return std::unique_ptr<const Notation>(std::make_unique<MatrixNotation>(
      space, label->text, std::move(edges), std::move(operations)));
}

}  // namespace nascent::space
