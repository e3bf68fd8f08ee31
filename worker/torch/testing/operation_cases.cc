#include "worker/torch/testing/operation_cases.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/status/statusor.h"
#include "common/network/builder.h"

namespace nascent::worker {

using Pair = std::vector<int64_t>;

std::vector<OperationCase> OperationCases() {
  return {
      {"identity", {}},
      {"zero", {{"stride", Pair{2, 2}}}},
      {"zero", {{"shape", Pair{7, 2, 2}}}},
      {"constant", {{"shape", Pair{3, 6, 5}}}},
      {"constant", {{"shape", Pair{6, 5}}, {"dim", int64_t{-1}}}},
      {"conv2d", {{"channels", int64_t{8}}, {"kernel", Pair{3, 3}}, {"padding", Pair{1, 1}}}},
      {"conv2d",
       {{"channels", int64_t{8}},
        {"kernel", Pair{3, 2}},
        {"stride", Pair{2, 1}},
        {"padding", Pair{2, 1}},
        {"dilation", Pair{2, 1}},
        {"groups", int64_t{4}},
        {"bias", false}}},
      {"conv_transpose2d",
       {{"channels", int64_t{6}},
        {"kernel", Pair{3, 3}},
        {"stride", Pair{2, 2}},
        {"padding", Pair{1, 1}},
        {"output_padding", Pair{1, 1}},
        {"groups", int64_t{2}}}},
      {"linear", {{"features", int64_t{7}}}},
      {"linear", {{"features", int64_t{7}}, {"bias", false}}, 1, {12}},
      {"batch_norm", {}},
      {"batch_norm", {{"affine", false}, {"eps", 1e-3}, {"momentum", 0.5}}, 1, {12}},
      {"batch_norm", {}, 1, {4, 9}},
      {"layer_norm", {}},
      {"layer_norm", {{"dimensions", int64_t{3}}, {"eps", 1e-3}}},
      {"group_norm", {{"groups", int64_t{2}}}},
      {"instance_norm", {{"affine", true}}},
      {"max_pool2d", {{"kernel", Pair{3, 3}}, {"stride", Pair{1, 1}}, {"padding", Pair{1, 1}}}},
      {"max_pool2d", {{"kernel", Pair{2, 2}}, {"stride", Pair{2, 2}}, {"ceil_mode", true}}},
      {"max_pool2d", {{"kernel", Pair{2, 2}}, {"stride", Pair{1, 1}}, {"dilation", Pair{2, 2}}}},
      {"avg_pool2d", {{"kernel", Pair{3, 3}}, {"stride", Pair{1, 1}}, {"padding", Pair{1, 1}}}},
      {"avg_pool2d",
       {{"kernel", Pair{3, 2}},
        {"stride", Pair{2, 2}},
        {"padding", Pair{1, 1}},
        {"ceil_mode", true},
        {"count_include_pad", false}}},
      {"adaptive_avg_pool2d", {{"size", Pair{3, 2}}}},
      {"adaptive_max_pool2d", {{"size", Pair{3, 2}}}},
      {"global_avg_pool", {}},
      {"global_max_pool", {{"keepdim", true}}},
      {"relu", {}},
      {"relu6", {}},
      {"leaky_relu", {{"negative_slope", 0.2}}},
      {"gelu", {{"approximate", std::string("tanh")}}},
      {"silu", {}},
      {"hard_swish", {}},
      {"hard_sigmoid", {}},
      {"sigmoid", {}},
      {"tanh", {}},
      {"softmax", {{"dim", int64_t{0}}}},
      {"dropout", {{"p", 0.25}}},
      {"drop_path", {{"p", 0.25}}},
      {"add", {}, 3},
      {"add", {{"multiplicity", Pair{2, 1}}}, 2},
      {"multiply", {}, 2},
      {"mean", {}, 3},
      {"concatenate", {{"dim", int64_t{-1}}}, 2},
      {"split", {{"parts", int64_t{2}}, {"index", int64_t{1}}}},
      {"channel_shuffle", {{"groups", int64_t{2}}}},
      {"flatten", {}},
      {"reshape", {{"shape", Pair{2, -1}}}},
      {"transpose", {{"dim0", int64_t{0}}, {"dim1", int64_t{2}}}},
      {"pad", {{"padding", Pair{1, 2, 0, 1}}, {"value", 0.5}}},
      {"pad", {{"padding", Pair{1, 2, 0, 1}}, {"mode", std::string("reflect")}}},
      {"pad", {{"padding", Pair{1, 2, 0, 1}}, {"mode", std::string("replicate")}}},
      {"crop", {{"dim", int64_t{1}}, {"start", int64_t{2}}, {"length", int64_t{3}}}},
      {"interpolate", {{"size", Pair{9, 8}}}},
      {"interpolate",
       {{"size", Pair{9, 8}}, {"mode", std::string("bilinear")}, {"align_corners", true}}},
  };
}

std::vector<OperationCase> IdentityCases() {
  return {
      {"identity", {}},
      {"max_pool2d", {{"kernel", Pair{1, 1}}, {"stride", Pair{1, 1}}}},
      {"avg_pool2d", {{"kernel", Pair{1, 1}}, {"stride", Pair{1, 1}}}},
      {"adaptive_avg_pool2d", {{"size", Pair{6, 5}}}},
      {"adaptive_max_pool2d", {{"size", Pair{6, 5}}}},
      {"global_avg_pool", {{"keepdim", true}}, 1, {4, 1, 1}},
      {"global_max_pool", {{"keepdim", true}}, 1, {4, 1, 1}},
      {"dropout", {{"p", 0.0}}},
      {"drop_path", {{"p", 0.0}}},
      {"add", {}},
      {"multiply", {}},
      {"mean", {}},
      {"concatenate", {}},
      {"split", {{"parts", int64_t{1}}, {"index", int64_t{0}}}},
      {"channel_shuffle", {{"groups", int64_t{1}}}},
      {"channel_shuffle", {{"groups", int64_t{4}}}},
      {"flatten", {}, 1, {12}},
      {"reshape", {{"shape", Pair{4, 6, -1}}}},
      {"transpose", {{"dim0", int64_t{1}}, {"dim1", int64_t{1}}}},
      {"pad", {{"padding", Pair{0, 0, 0, 0}}}},
      {"crop", {{"dim", int64_t{1}}, {"start", int64_t{0}}, {"length", int64_t{6}}}},
      {"interpolate", {{"size", Pair{6, 5}}}},
      {"interpolate", {{"size", Pair{6, 5}}, {"mode", std::string("bilinear")}}},
  };
}

network::Network NetworkOf(const OperationCase& c, bool reversed) {
  network::NetworkBuilder builder;
  std::vector<int> inputs = {*builder.Add("in", "input", {{"shape", c.shape}}, {})};
  const char* const functions[] = {"relu", "tanh"};
  for (int i = 1; i < c.inputs; ++i) {
    inputs.push_back(*builder.Add(functions[i - 1], functions[i - 1], {}, {inputs[0]}));
  }
  if (reversed) std::reverse(inputs.begin(), inputs.end());
  const absl::StatusOr<int> node = builder.Add("op", c.operation, c.attributes, inputs);
  EXPECT_TRUE(node.ok()) << node.status();
  builder.AddOutput("out", *node);
  return builder.Take();
}

}  // namespace nascent::worker
