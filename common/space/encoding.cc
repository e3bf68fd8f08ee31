#include "common/space/encoding.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/space/decisions/one_hot.h"
#include "common/space/notation/cell_graph.h"

namespace nascent::space {
namespace {

class OneHot : public Encoding {
 public:
  OneHot(const Space& space, int64_t /*most_columns*/) : space_(space) {}
  std::vector<double> Encode(const Genotype& genotype) const override {
    return EncodeOneHot(space_.decisions(), genotype);
  }
  std::vector<std::string> ColumnNames() const override { return OneHotNames(space_.decisions()); }

 private:
  const Space& space_;
};

// Whether an operation stands at `vertex`.
bool HasOperation(const CellGraph& cell, int vertex) {
  return cell.at_vertices && vertex >= cell.inputs && !cell.IsEnd(vertex);
}

class Adjacency : public Encoding {
 public:
  Adjacency(const Space& space, int64_t /*most_columns*/) : space_(space) {}

  std::vector<double> Encode(const Genotype& genotype) const override {
    std::vector<double> columns;
    for (const CellGraph& cell : space_.Cells(genotype)) {
      const size_t start = columns.size();
      const size_t each = cell.at_vertices ? 1 : cell.operations.size();
      columns.resize(start + cell.Pairs() * each);
      for (const CellGraph::Edge& edge : cell.edges) {
        const size_t pair = start + cell.PairIndex(edge.from, edge.to) * each;
        columns[pair + (cell.at_vertices ? 0 : edge.operation)] = 1;
      }
      for (size_t v = 0; v < cell.vertices.size(); ++v) {
        if (!HasOperation(cell, static_cast<int>(v))) continue;
        const size_t first = columns.size();
        columns.resize(first + cell.operations.size());
        if (cell.vertex_operations[v] >= 0) columns[first + cell.vertex_operations[v]] = 1;
      }
    }
    return columns;
  }

  std::vector<std::string> ColumnNames() const override {
    std::vector<std::string> names;
    for (const CellGraph& cell : space_.Cells(space_.decisions().First())) {
      const auto add = [&](const std::string& place) {
        for (const std::string& operation : cell.operations) {
          names.push_back(absl::StrCat(cell.name, ".", place, "=", operation));
        }
      };
      for (size_t to = cell.inputs; to < cell.vertices.size(); ++to) {
        for (size_t from = 0; from < to; ++from) {
          const std::string pair = absl::StrCat(cell.vertices[from], "-", cell.vertices[to]);
          if (cell.at_vertices) {
            names.push_back(absl::StrCat(cell.name, ".", pair));
          } else {
            add(pair);
          }
        }
      }
      for (size_t v = 0; v < cell.vertices.size(); ++v) {
        if (HasOperation(cell, static_cast<int>(v))) add(cell.vertices[v]);
      }
    }
    return names;
  }

 private:
  const Space& space_;
};

// Where the columns of sequences of each length begin, for one input; the last entry is their
// number.
struct PathColumns {
  PathColumns(const CellGraph& cell, int64_t most_columns) {
    const auto vertices = static_cast<int>(cell.vertices.size());
    const auto base = static_cast<int64_t>(cell.operations.size());
    shortest = cell.at_vertices ? 0 : 1;
    const int longest = vertices - cell.inputs - (cell.at_vertices ? 1 : 0);
    int64_t size = cell.at_vertices ? 1 : base;  // sequences of this length
    starts.push_back(0);
    for (int length = shortest; length <= longest; ++length) {
      if ((starts.back() + size) * cell.inputs > most_columns) break;
      starts.push_back(starts.back() + size);
      size *= base;
    }
  }

  int64_t count() const { return starts.back(); }
  int longest() const { return shortest + static_cast<int>(starts.size()) - 2; }

  int shortest;
  std::vector<int64_t> starts;  // by length - shortest
};

class Paths : public Encoding {
 public:
  Paths(const Space& space, int64_t most_columns) : space_(space), most_columns_(most_columns) {}

  std::vector<double> Encode(const Genotype& genotype) const override {
    std::vector<double> columns;
    for (const CellGraph& cell : space_.Cells(genotype)) {
      const PathColumns layout(cell, most_columns_);
      for (int input = 0; input < cell.inputs; ++input) {
        const size_t start = columns.size();
        columns.resize(start + layout.count());
        for (const int64_t path : PathsOf(cell, layout, input)) columns[start + path] = 1;
      }
    }
    return columns;
  }

  std::vector<std::string> ColumnNames() const override {
    std::vector<std::string> names;
    for (const CellGraph& cell : space_.Cells(space_.decisions().First())) {
      const PathColumns layout(cell, most_columns_);
      for (int input = 0; input < cell.inputs; ++input) {
        for (int length = layout.shortest; length <= layout.longest(); ++length) {
          const int64_t first = layout.starts[length - layout.shortest];
          const int64_t end = layout.starts[length - layout.shortest + 1];
          for (int64_t code = 0; code < end - first; ++code) {
            std::string name = absl::StrCat(cell.name, ".", cell.vertices[input]);
            int64_t rest = code;
            for (int i = 0; i < length; ++i) {
              const auto base = static_cast<int64_t>(cell.operations.size());
              absl::StrAppend(&name, ">", cell.operations[rest % base]);
              rest /= base;
            }
            names.push_back(std::move(name));
          }
        }
      }
    }
    return names;
  }

 private:
  // Columns of the sequences from `input` to the ends. All paths of one length are followed
  // together, so that equal sequences to one vertex are followed once.
  static std::set<int64_t> PathsOf(const CellGraph& cell, const PathColumns& layout, int input) {
    std::set<int64_t> found;
    // (vertex, code): the first operation counts least.
    std::set<std::pair<int, int64_t>> here = {{input, 0}};
    int64_t factor = 1;
    for (int length = 0; !here.empty() && length <= layout.longest(); ++length) {
      std::set<std::pair<int, int64_t>> next;
      for (const auto& [vertex, code] : here) {
        if (!cell.at_vertices && length >= layout.shortest && cell.IsEnd(vertex)) {
          found.insert(layout.starts[length - layout.shortest] + code);
        }
        for (const CellGraph::Edge& edge : cell.edges) {
          if (edge.from != vertex) continue;
          if (!cell.at_vertices) {
            next.emplace(edge.to, code + factor * edge.operation);
          } else if (cell.IsEnd(edge.to)) {
            found.insert(layout.starts[length] + code);
          } else if (cell.vertex_operations[edge.to] >= 0) {
            next.emplace(edge.to, code + factor * cell.vertex_operations[edge.to]);
          }
        }
      }
      here = std::move(next);
      factor *= static_cast<int64_t>(cell.operations.size());
    }
    return found;
  }

  const Space& space_;
  const int64_t most_columns_;
};

template <typename E>
std::unique_ptr<const Encoding> MakeKind(const Space& space, int64_t most_columns) {
  return std::make_unique<E>(space, most_columns);
}

struct EncodingKind {
  const char* name;
  bool needs_cells;
  std::unique_ptr<const Encoding> (*make)(const Space& space, int64_t most_columns);
};

constexpr EncodingKind kEncodings[] = {{"one_hot", false, MakeKind<OneHot>},
                                       {"adjacency", true, MakeKind<Adjacency>},
                                       {"path", true, MakeKind<Paths>}};

}  // namespace

std::vector<std::string> EncodingNames(const Space& space) {
  const bool cells = !space.Cells(space.decisions().First()).empty();
  std::vector<std::string> names;
  for (const EncodingKind& kind : kEncodings) {
    if (cells || !kind.needs_cells) names.emplace_back(kind.name);
  }
  return names;
}

absl::StatusOr<std::unique_ptr<const Encoding>> MakeEncoding(const Space& space,
                                                             std::string_view name,
                                                             int64_t most_columns) {
  const std::vector<std::string> names = EncodingNames(space);
  for (const EncodingKind& kind : kEncodings) {
    const bool known = std::find(names.begin(), names.end(), kind.name) != names.end();
    if (known && name == kind.name) return kind.make(space, most_columns);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("encoding: found \"", std::string(name.substr(0, 80)), "\", ", space.name(),
                   " has ", absl::StrJoin(names, ", ")));
}

}  // namespace nascent::space
