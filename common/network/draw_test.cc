#include "common/network/draw.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/network/builder.h"

namespace nascent::network {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Network Example() {
  NetworkBuilder builder;
  builder.Add("image", "input", {{"shape", std::vector<int64_t>{3, 8, 8}}}, {}).value();
  builder
      .Add("stem.conv", "conv2d",
           {{"channels", 16}, {"kernel", 3}, {"stride", 2}, {"padding", 1}, {"bias", false}}, {0})
      .value();
  builder.Add("cell.sum", "add", {{"multiplicity", std::vector<int64_t>{3}}}, {1}).value();
  builder.Add("cell.say \"hi\"", "relu", {}, {2}).value();
  builder.AddOutput("logits", 3);
  return builder.Take();
}

TEST(Draw, NodesSayWhatTheyDoWithShapesAndCosts) {
  const std::string dot = *ToDot(Example(), {.title = "a title", .part = "", .costs = true});
  EXPECT_THAT(dot, HasSubstr("label=\"a title\""));
  EXPECT_THAT(dot, HasSubstr("n1 [label=\"conv2d 3×3, stride 2\\n16 × 4 × 4\\n432 parameters, "
                             "6.91k products\""));
  EXPECT_THAT(dot, HasSubstr("n1 -> n2 [label=\"×3\""));
  EXPECT_THAT(dot, HasSubstr("n3 -> o0"));
  EXPECT_THAT(dot, HasSubstr("subgraph \"cluster_cell\""));
  EXPECT_THAT(dot, HasSubstr("cell.say \\\"hi\\\""));
}

TEST(Draw, APartIsDrawnAloneWithWhatItReads) {
  const std::string dot = *ToDot(Example(), {.title = "", .part = "cell", .costs = false});
  EXPECT_THAT(dot, HasSubstr("n1 [shape=ellipse, fillcolor=\"#ffffff\", label=\"stem.conv"));
  EXPECT_THAT(dot, Not(HasSubstr("conv2d")));
  EXPECT_THAT(dot, Not(HasSubstr("parameters")));
}

TEST(Draw, AnUnknownPartIsRefusedWithThoseThatThereAre) {
  const absl::Status status =
      ToDot(Example(), {.title = "", .part = "sell", .costs = true}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("found \"sell\", allowed are cell, stem"));
}

TEST(Draw, AnOverviewHasABoxForEachPart) {
  const std::string dot = *ToDot(Example(), {.title = "", .part = "", .overview = true});
  // The cell has two operations; what has one is drawn as that.
  EXPECT_THAT(dot, HasSubstr("p2 [shape=box3d, style=filled, fillcolor=\"#e8eef7\", "
                             "label=\"cell\\n2 operations\\n16 × 4 × 4\""));
  EXPECT_THAT(dot, HasSubstr("p1 [label=\"conv2d 3×3, stride 2"));
  EXPECT_THAT(dot, HasSubstr("p1 -> p2"));
  EXPECT_THAT(dot, Not(HasSubstr("relu")));
  // Of a part: the parts of that part.
  const std::string cell = *ToDot(Example(), {.title = "", .part = "cell", .overview = true});
  EXPECT_THAT(cell, HasSubstr("p1 [label=\"relu"));
  EXPECT_THAT(cell, Not(HasSubstr("conv2d")));
}

TEST(Draw, AnOverviewSumsTheCostsOfAPart) {
  NetworkBuilder builder;
  builder.Add("image", "input", {{"shape", std::vector<int64_t>{3, 8, 8}}}, {}).value();
  for (const int i : {0, 1}) {
    builder
        .Add("body." + std::to_string(i) + ".conv", "conv2d",
             {{"channels", 3}, {"kernel", 1}, {"stride", 1}, {"padding", 0}, {"bias", false}}, {i})
        .value();
  }
  builder.AddOutput("logits", 2);
  const Network network = builder.Take();
  const std::string dot = *ToDot(network, {.title = "", .part = "", .overview = true});
  EXPECT_THAT(dot, HasSubstr("body\\n2 operations\\n3 × 8 × 8\\n18 parameters, 1.15k products"));
}

TEST(Draw, AFrameWithoutANameOfItsOwnIsCalledByItsPath) {
  NetworkBuilder builder;
  builder.Add("image", "input", {{"shape", std::vector<int64_t>{3, 8, 8}}}, {}).value();
  builder.Add("body.0.relu", "relu", {}, {0}).value();
  builder.Add("1.if.relu", "relu", {}, {1}).value();
  builder.AddOutput("logits", 2);
  const std::string dot = *ToDot(builder.Take());
  EXPECT_THAT(dot, HasSubstr("label=\"body.0\""));
  EXPECT_THAT(dot, HasSubstr("label=\"part 1\""));
  EXPECT_THAT(dot, HasSubstr("label=\"1.if\""));
  EXPECT_THAT(dot, Not(HasSubstr("label=\"0\"")));
}

}  // namespace
}  // namespace nascent::network
