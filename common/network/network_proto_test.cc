#include "common/network/network_proto.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "common/network/builder.h"

namespace nascent::network {
namespace {

using ::testing::HasSubstr;

Network SmallNetwork() {
  NetworkBuilder builder;
  const int image = *builder.Add("image", "input", {{"shape", std::vector<int64_t>{3, 8, 8}}}, {});
  const int a = *builder.Add("a", "conv2d", {{"channels", 4}, {"kernel", 3}}, {image});
  const int b = *builder.Add("b", "gelu", {}, {a});
  const int c = *builder.Add("c", "dropout", {{"p", 0.2}}, {b});
  const int head = *builder.Add("head", "global_avg_pool", {}, {c});
  builder.AddOutput("logits", head);
  builder.AddOutput("auxiliary", a, true);
  return builder.Take();
}

TEST(NetworkProto, ARoundTripChangesNothing) {
  const Network network = SmallNetwork();
  absl::StatusOr<Network> back = FromProto(ToProto(network));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, network);
}

TEST(NetworkProto, AStrangersMistakesAreRefusedWithTheirPlace) {
  const auto error = [](const std::function<void(v1::Network&)>& change) {
    v1::Network message = ToProto(SmallNetwork());
    change(message);
    const absl::Status status = FromProto(message).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(error([](auto& m) { m.mutable_nodes(1)->set_inputs(0, 1); }),
              HasSubstr("nodes[1]: inputs: found 1, needs the index of an earlier node"));
  EXPECT_THAT(error([](auto& m) { m.mutable_nodes(1)->set_inputs(0, -1); }), HasSubstr("found -1"));
  EXPECT_THAT(error([](auto& m) { m.mutable_nodes(1)->set_operation("conv"); }),
              HasSubstr("nodes[1]: operation: no operation is called \"conv\""));
  EXPECT_THAT(error([](auto& m) { m.mutable_nodes(2)->set_path("a"); }),
              HasSubstr("nodes[2].path: \"a\" is the path of an earlier node too"));
  EXPECT_THAT(error([](auto& m) { m.mutable_nodes(1)->mutable_shape()->set_dimensions(0, 5); }),
              HasSubstr("nodes[1]: shape: found [5, 6, 6], inferred [4, 6, 6]"));
  EXPECT_THAT(
      error([](auto& m) { (*m.mutable_nodes(1)->mutable_attributes())["kernel"].clear_value(); }),
      HasSubstr("attributes.kernel: has no value"));
  EXPECT_THAT(
      error([](auto& m) { (*m.mutable_nodes(1)->mutable_attributes())["kernel"].set_integer(9); }),
      HasSubstr("does not fit into the input"));
  EXPECT_THAT(error([](auto& m) { m.mutable_outputs(0)->set_node(99); }),
              HasSubstr("outputs[0].node: found 99"));
  EXPECT_THAT(error([](auto& m) { m.mutable_outputs(0)->set_training_only(true); }),
              HasSubstr("outputs[0].training_only"));
  EXPECT_THAT(error([](auto& m) { m.clear_outputs(); }), HasSubstr("at least one"));
}

}  // namespace
}  // namespace nascent::network
