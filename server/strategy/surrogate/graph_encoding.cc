#include "server/strategy/surrogate/graph_encoding.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <variant>

namespace nascent::strategy {
namespace {

// Writes a row's parts at their places.
class RowWriter {
 public:
  explicit RowWriter(const GraphLayout& layout)
      : layout_(layout), row_(Eigen::RowVectorXd::Zero(layout.columns())) {}

  double& Feature(Eigen::Index node, Eigen::Index feature) {
    return row_[node * layout_.features + feature];
  }
  void Connect(Eigen::Index from, Eigen::Index to) {
    row_[layout_.nodes * layout_.features + from * layout_.nodes + to] = 1;
  }
  void SetOthers(const Eigen::RowVectorXd& others) { row_.tail(layout_.others) = others; }
  Eigen::RowVectorXd Take() { return std::move(row_); }

 private:
  const GraphLayout& layout_;
  Eigen::RowVectorXd row_;
};

// Nodes of the largest graph that a cell of this kind can be.
Eigen::Index MostNodes(const space::CellGraph& cell) {
  const auto vertices = static_cast<Eigen::Index>(cell.vertices.size());
  return cell.at_vertices ? vertices : vertices + cell.Pairs();
}

class CellGraphs : public GraphEncoding {
 public:
  explicit CellGraphs(const space::Space& space) : space_(space), recipe_(space.decisions()) {
    const std::vector<space::CellGraph> cells = space.Cells(space.decisions().First());
    for (const space::CellGraph& cell : cells) {
      layout_.nodes += MostNodes(cell);
      for (const std::string& operation : cell.operations) {
        if (OperationIndex(operation) < 0) operations_.push_back(operation);
      }
    }
    layout_.features = static_cast<Eigen::Index>(operations_.size()) + kRoles +
                       static_cast<Eigen::Index>(cells.size());
    layout_.others = recipe_.columns();
  }

  const GraphLayout& layout() const override { return layout_; }

  Eigen::RowVectorXd Encode(const space::Genotype& genotype) const override {
    RowWriter row(layout_);
    Eigen::Index start = 0, number = 0;
    for (const space::CellGraph& cell : space_.Cells(genotype)) {
      const auto add = [&](Eigen::Index node, Eigen::Index feature) {
        row.Feature(node, feature) = 1;
        row.Feature(node, static_cast<Eigen::Index>(operations_.size()) + kRoles + number) = 1;
      };
      for (int vertex = 0; vertex < static_cast<int>(cell.vertices.size()); ++vertex) {
        const int operation = cell.at_vertices ? cell.vertex_operations[vertex] : -1;
        const Role role = vertex < cell.inputs ? kInput : cell.IsEnd(vertex) ? kEnd : kSum;
        add(start + vertex, operation >= 0 ? OperationIndex(cell.operations[operation])
                                           : static_cast<Eigen::Index>(operations_.size()) + role);
      }
      const Eigen::Index limit = start + MostNodes(cell);
      Eigen::Index next = start + static_cast<Eigen::Index>(cell.vertices.size());
      for (const space::CellGraph::Edge& edge : cell.edges) {
        if (cell.at_vertices) {
          row.Connect(start + edge.from, start + edge.to);
        } else if (next < limit) {
          add(next, OperationIndex(cell.operations[edge.operation]));
          row.Connect(start + edge.from, next);
          row.Connect(next, start + edge.to);
          ++next;
        }
      }
      start = limit;
      ++number;
    }
    row.SetOthers(recipe_.Encode(genotype));
    return row.Take();
  }

 private:
  enum Role { kInput, kSum, kEnd, kRoles };

  Eigen::Index OperationIndex(const std::string& name) const {
    const auto it = std::find(operations_.begin(), operations_.end(), name);
    return it == operations_.end() ? -1 : it - operations_.begin();
  }

  const space::Space& space_;
  const RecipeEncoding recipe_;
  std::vector<std::string> operations_;
  GraphLayout layout_;
};

class DecisionGraphs : public GraphEncoding {
 public:
  explicit DecisionGraphs(const space::Space& space)
      : decisions_(space.decisions()), encoding_(space.decisions()) {
    layout_.nodes = decisions_.size();
    layout_.features = encoding_.columns() + 1;
  }

  const GraphLayout& layout() const override { return layout_; }

  Eigen::RowVectorXd Encode(const space::Genotype& genotype) const override {
    RowWriter row(layout_);
    const Eigen::RowVectorXd columns = encoding_.Encode(genotype);
    int before = -1;
    for (int i = 0; i < decisions_.size(); ++i) {
      if (std::holds_alternative<std::monostate>(genotype.values[i])) continue;
      for (Eigen::Index k = encoding_.begins()[i]; k < encoding_.begins()[i + 1]; ++k) {
        row.Feature(i, k) = columns[k];
      }
      row.Feature(i, layout_.features - 1) = 1;  // it is there, whatever its value
      bool depends = false;
      for (const space::Condition& condition : decisions_.decisions()[i].active_when) {
        for (const space::Condition::Term& term : condition.terms) {
          if (std::holds_alternative<std::monostate>(genotype.values[term.decision])) continue;
          row.Connect(term.decision, i);
          depends = true;
        }
      }
      if (!depends && before >= 0) row.Connect(before, i);
      before = i;
    }
    return row.Take();
  }

 private:
  const space::DecisionSpace& decisions_;
  const SplineEncoding encoding_;
  GraphLayout layout_;
};

}  // namespace

std::unique_ptr<const GraphEncoding> MakeGraphEncoding(const space::Space& space) {
  if (space.Cells(space.decisions().First()).empty()) {
    return std::make_unique<DecisionGraphs>(space);
  }
  return std::make_unique<CellGraphs>(space);
}

}  // namespace nascent::strategy
