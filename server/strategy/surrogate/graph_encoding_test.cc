// Graphs of genotypes against small examples.

#include "server/strategy/surrogate/graph_encoding.h"

#include <gtest/gtest.h>

#include <string_view>

#include "common/space/presets.h"
#include "server/strategy/testing/hand_space.h"

namespace nascent::strategy {
namespace {

std::shared_ptr<const space::Space> Open(std::string_view preset) {
  return space::Space::Parse(space::FindPreset(preset)->text, preset, {}).value();
}

// What a row holds, as matrices.
struct Graph {
  Graph(const GraphLayout& layout, const Eigen::RowVectorXd& row)
      : features(row.head(layout.nodes * layout.features)
                     .reshaped<Eigen::RowMajor>(layout.nodes, layout.features)),
        edges(row.segment(layout.nodes * layout.features, layout.nodes * layout.nodes)
                  .reshaped<Eigen::RowMajor>(layout.nodes, layout.nodes)) {}
  Eigen::MatrixXd features, edges;
};

TEST(GraphEncoding, OperationsAtEdgesAreNodesBetweenTheirVertices) {
  const auto space = Open("nas-bench-201");
  const auto encoding = MakeGraphEncoding(*space);
  const GraphLayout& layout = encoding->layout();
  EXPECT_EQ(layout.nodes, 4 + 6);
  EXPECT_EQ(layout.features, 5 + 3 + 1);  // operations, roles, one cell
  EXPECT_EQ(layout.others, 0);
  const Graph graph(layout, encoding->Encode(space->Read("@resnet").value()));
  EXPECT_EQ(graph.features.sum(), 2 * 10);  // what each node is, and its cell
  EXPECT_EQ(graph.edges.sum(), 2 * 6);      // into each operation and out of it
  EXPECT_EQ(graph.edges.row(0).sum(), 3);   // the input feeds three operations,
  EXPECT_EQ(graph.edges.col(3).sum(), 3);   // and three end in the output
  EXPECT_EQ(graph.edges.topLeftCorner(4, 4).sum(), 0);
}

TEST(GraphEncoding, OperationsAtVerticesAreTheNodes) {
  const auto space = Open("nas-bench-101");
  const auto encoding = MakeGraphEncoding(*space);
  const auto genotype = space->Read("@nas-bench-101-inception").value();
  const Graph graph(encoding->layout(), encoding->Encode(genotype));
  const space::CellGraph cell = space->Cells(genotype).front();
  EXPECT_EQ(graph.edges.sum(), static_cast<double>(cell.edges.size()));
  for (const space::CellGraph::Edge& edge : cell.edges) {
    EXPECT_EQ(graph.edges(edge.from, edge.to), 1);
  }
}

TEST(GraphEncoding, WithoutCellsActiveDecisionsAreTheNodes) {
  const auto space = testing::CellSpace();
  const auto encoding = MakeGraphEncoding(*space);
  const GraphLayout& layout = encoding->layout();
  EXPECT_EQ(layout.nodes, 6);
  const Graph graph(layout, encoding->Encode(space->decisions().First()));
  EXPECT_EQ(graph.edges.sum(), 5);  // a chain
  EXPECT_EQ(graph.features.col(layout.features - 1).sum(), 6);
}

}  // namespace
}  // namespace nascent::strategy
