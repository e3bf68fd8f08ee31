#include "common/network/draw.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace nascent::network
