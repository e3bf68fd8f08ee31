#include "common/network/operations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "common/network/builder.h"
#include "common/status_macros.h"

namespace nascent::network {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<Shape> Infer(std::string_view name, const Attributes& given,
                            std::vector<Shape> inputs) {
  const Operation* operation = FindOperation(name);
  NASCENT_ASSIGN_OR_RETURN(Attributes complete, Complete(*operation, given));
  return InferShape(*operation, complete, inputs);
}

Shape ShapeOf(std::string_view name, const Attributes& given, std::vector<Shape> inputs) {
  absl::StatusOr<Shape> shape = Infer(name, given, std::move(inputs));
  EXPECT_TRUE(shape.ok()) << shape.status();
  return shape.value_or(Shape());
}

std::string ErrorOf(std::string_view name, const Attributes& given, std::vector<Shape> inputs) {
  return std::string(Infer(name, given, std::move(inputs)).status().message());
}

int64_t ParametersOf(std::string_view name, const Attributes& given, std::vector<Shape> inputs) {
  const Operation& operation = *FindOperation(name);
  const Attributes complete = *Complete(operation, given);
  int64_t count = 0;
  if (operation.parameters == nullptr) return 0;
  const Shape output = *InferShape(operation, complete, inputs);
  for (const Parameter& p : operation.parameters(complete, inputs, output)) {
    count += ElementCount(p.shape);
  }
  return count;
}

int64_t ProductsOf(std::string_view name, const Attributes& given, std::vector<Shape> inputs) {
  const Operation& operation = *FindOperation(name);
  const Attributes complete = *Complete(operation, given);
  const Shape output = *InferShape(operation, complete, inputs);
  return operation.multiply_accumulates(complete, inputs, output);
}

TEST(Operations, EveryEntryIsWholeAndItsDefaultsAreAllowed) {
  std::set<std::string> names;
  for (const Operation& operation : AllOperations()) {
    EXPECT_TRUE(names.insert(operation.name).second) << operation.name;
    EXPECT_FALSE(operation.description.empty()) << operation.name;
    EXPECT_NE(operation.infer, nullptr) << operation.name;
    EXPECT_NE(operation.on_zero, nullptr) << operation.name << " must say what it makes of zero";
    Attributes defaults;
    for (const AttributeSpec& spec : operation.attributes) {
      EXPECT_FALSE(spec.description.empty()) << operation.name << "." << spec.name;
      if (!spec.required) defaults[spec.name] = spec.default_value;
      if (spec.required) {
        defaults[spec.name] = spec.count == 0 && spec.type == AttributeSpec::Type::kIntegers
                                  ? Attribute(std::vector<int64_t>{1})
                                  : Attribute(int64_t{1});
      }
    }
    EXPECT_TRUE(Complete(operation, defaults).ok()) << Complete(operation, defaults).status();
  }
}

TEST(Operations, ConvolutionsFollowPyTorchsShapes) {
  EXPECT_EQ(ShapeOf("conv2d", {{"channels", 16}, {"kernel", 3}}, {{3, 32, 32}}),
            (Shape{16, 30, 30}));
  EXPECT_EQ(ShapeOf("conv2d", {{"channels", 16}, {"kernel", 3}, {"stride", 2}, {"padding", 1}},
                    {{3, 33, 32}}),
            (Shape{16, 17, 16}));
  EXPECT_EQ(ShapeOf("conv2d", {{"channels", 8}, {"kernel", 5}, {"dilation", 2}, {"padding", 4}},
                    {{8, 9, 10}}),
            (Shape{8, 9, 10}));
  EXPECT_EQ(ShapeOf("conv2d",
                    {{"channels", 8},
                     {"kernel", std::vector<int64_t>{1, 7}},
                     {"padding", std::vector<int64_t>{0, 3}}},
                    {{8, 9, 10}}),
            (Shape{8, 9, 10}));
  EXPECT_EQ(
      ShapeOf("conv_transpose2d", {{"channels", 8}, {"kernel", 2}, {"stride", 2}}, {{16, 7, 7}}),
      (Shape{8, 14, 14}));
  EXPECT_EQ(
      ShapeOf(
          "conv_transpose2d",
          {{"channels", 8}, {"kernel", 3}, {"stride", 2}, {"padding", 1}, {"output_padding", 1}},
          {{16, 7, 7}}),
      (Shape{8, 14, 14}));
}

TEST(Operations, CountsOfConvolutionsAndLinearLayersAreExact) {
  EXPECT_EQ(ParametersOf("conv2d", {{"channels", 16}, {"kernel", 3}}, {{3, 32, 32}}),
            16 * 3 * 9 + 16);
  const Attributes depthwise = {
      {"channels", 16}, {"kernel", 3}, {"padding", 1}, {"groups", 16}, {"bias", false}};
  EXPECT_EQ(ParametersOf("conv2d", depthwise, {{16, 8, 8}}), 16 * 9);
  EXPECT_EQ(ProductsOf("conv2d", depthwise, {{16, 8, 8}}), 16 * 9 * 64);
  EXPECT_EQ(ProductsOf("conv2d", {{"channels", 16}, {"kernel", 3}}, {{3, 32, 32}}),
            16 * 3 * 9 * 30 * 30);
  const Attributes transposed = {{"channels", 8}, {"kernel", 2}, {"stride", 2}, {"groups", 4}};
  EXPECT_EQ(ParametersOf("conv_transpose2d", transposed, {{16, 7, 7}}), 16 * 2 * 4 + 8);
  EXPECT_EQ(ProductsOf("conv_transpose2d", transposed, {{16, 7, 7}}), 16 * 49 * 2 * 4);
  EXPECT_EQ(ParametersOf("linear", {{"features", 10}}, {{64}}), 650);
  EXPECT_EQ(ProductsOf("linear", {{"features", 10}}, {{64}}), 650);
  EXPECT_EQ(ProductsOf("linear", {{"features", 10}, {"bias", false}}, {{5, 64}}), 3200);
  EXPECT_EQ(ParametersOf("batch_norm", {}, {{16, 8, 8}}), 32);
  EXPECT_EQ(ParametersOf("layer_norm", {{"dimensions", 2}}, {{4, 8, 6}}), 96);
  EXPECT_EQ(ParametersOf("instance_norm", {}, {{4, 8, 6}}), 0);
  EXPECT_EQ(ParametersOf("constant", {{"shape", std::vector<int64_t>{4, 8, 6}}}, {{3, 9, 9}}), 4);
}

TEST(Operations, PoolsFollowPyTorchsShapes) {
  EXPECT_EQ(ShapeOf("max_pool2d", {{"kernel", 3}, {"stride", 2}, {"padding", 1}}, {{4, 7, 8}}),
            (Shape{4, 4, 4}));
  EXPECT_EQ(ShapeOf("max_pool2d", {{"kernel", 2}, {"stride", 2}, {"ceil_mode", true}}, {{4, 7, 8}}),
            (Shape{4, 4, 4}));
  // The last window would start in the padding.
  EXPECT_EQ(
      ShapeOf("avg_pool2d", {{"kernel", 2}, {"stride", 3}, {"padding", 1}, {"ceil_mode", true}},
              {{4, 5, 5}}),
      (Shape{4, 2, 2}));
  EXPECT_EQ(ShapeOf("adaptive_avg_pool2d", {{"size", 3}}, {{4, 7, 8}}), (Shape{4, 3, 3}));
  EXPECT_EQ(ShapeOf("global_avg_pool", {}, {{4, 7, 8}}), (Shape{4}));
  EXPECT_EQ(ShapeOf("global_max_pool", {{"keepdim", true}}, {{4, 7, 8}}), (Shape{4, 1, 1}));
}

TEST(Operations, ShapesChangeAsTheirAttributesSay) {
  EXPECT_EQ(ShapeOf("add", {}, {{4, 7, 8}, {4, 1, 1}}), (Shape{4, 7, 8}));
  EXPECT_EQ(ShapeOf("concatenate", {}, {{4, 7, 8}, {5, 7, 8}}), (Shape{9, 7, 8}));
  EXPECT_EQ(ShapeOf("concatenate", {{"dim", -1}}, {{4, 7, 8}, {4, 7, 2}}), (Shape{4, 7, 10}));
  EXPECT_EQ(ShapeOf("split", {{"parts", 2}, {"index", 1}}, {{4, 7, 8}}), (Shape{2, 7, 8}));
  EXPECT_EQ(ShapeOf("flatten", {}, {{4, 7, 8}}), (Shape{224}));
  EXPECT_EQ(ShapeOf("flatten", {{"start_dim", 1}}, {{4, 7, 8}}), (Shape{4, 56}));
  EXPECT_EQ(ShapeOf("reshape", {{"shape", std::vector<int64_t>{8, -1}}}, {{4, 7, 8}}),
            (Shape{8, 28}));
  EXPECT_EQ(ShapeOf("transpose", {{"dim0", 0}, {"dim1", 2}}, {{4, 7, 8}}), (Shape{8, 7, 4}));
  EXPECT_EQ(ShapeOf("pad", {{"padding", std::vector<int64_t>{1, 2, 3, 4}}}, {{4, 7, 8}}),
            (Shape{4, 14, 11}));
  EXPECT_EQ(ShapeOf("crop", {{"dim", 1}, {"start", 2}, {"length", 5}}, {{4, 7, 8}}),
            (Shape{4, 5, 8}));
  EXPECT_EQ(ShapeOf("interpolate", {{"size", std::vector<int64_t>{14, 16}}}, {{4, 7, 8}}),
            (Shape{4, 14, 16}));
  EXPECT_EQ(ShapeOf("zero", {{"stride", 2}}, {{4, 7, 8}}), (Shape{4, 4, 4}));
}

TEST(Operations, WhatDoesNotFitIsNamed) {
  EXPECT_THAT(ErrorOf("conv2d", {{"channels", 16}, {"kernel", 3}, {"groups", 2}}, {{3, 32, 32}}),
              HasSubstr("groups is 2, which does not divide the input's channels, found "
                        "[3, 32, 32]"));
  EXPECT_THAT(ErrorOf("conv2d", {{"channels", 15}, {"kernel", 3}, {"groups", 2}}, {{4, 32, 32}}),
              HasSubstr("does not divide channels 15"));
  EXPECT_THAT(ErrorOf("conv2d", {{"channels", 16}, {"kernel", 5}}, {{3, 4, 4}}),
              HasSubstr("does not fit into the input, found [3, 4, 4]"));
  EXPECT_THAT(ErrorOf("conv2d", {{"channels", 16}, {"kernel", 5}}, {{64}}),
              HasSubstr("[channels, height, width], found [64]"));
  EXPECT_THAT(ErrorOf("add", {}, {{4, 7, 8}, {4, 7, 7}}),
              HasSubstr("input 1 has shape [4, 7, 7], which does not fit input 0 of shape "
                        "[4, 7, 8]"));
  EXPECT_THAT(ErrorOf("concatenate", {}, {{4, 7, 8}, {4, 7, 7}}), HasSubstr("[4, 7, 7]"));
  EXPECT_THAT(ErrorOf("max_pool2d", {{"kernel", 2}, {"stride", 2}, {"padding", 2}}, {{4, 7, 8}}),
              HasSubstr("more than half of kernel"));
  EXPECT_THAT(ErrorOf("reshape", {{"shape", std::vector<int64_t>{5, -1}}}, {{4, 7, 8}}),
              HasSubstr("another number of elements"));
  EXPECT_THAT(ErrorOf("softmax", {{"dim", 3}}, {{4, 7, 8}}), HasSubstr("dim is 3"));
  EXPECT_THAT(ErrorOf("relu", {}, {{4}, {4}}), HasSubstr("has 2 inputs, needs 1"));
}

TEST(Operations, AttributesOfAnotherNameTypeOrRangeAreRefused) {
  const auto complete = [](std::string_view name, const Attributes& given) {
    return std::string(Complete(*FindOperation(name), given).status().message());
  };
  EXPECT_THAT(complete("conv2d", {{"kernel", 3}}), HasSubstr("attribute channels of conv2d is "
                                                             "missing"));
  EXPECT_THAT(complete("conv2d", {{"channels", 8}, {"kernel", 3}, {"strides", 2}}),
              HasSubstr("strides is unknown to conv2d; allowed: channels, kernel"));
  EXPECT_THAT(complete("conv2d", {{"channels", 0}, {"kernel", 3}}), HasSubstr("at least 1"));
  EXPECT_THAT(complete("conv2d", {{"channels", 1.5}, {"kernel", 3}}), HasSubstr("whole number"));
  EXPECT_THAT(complete("conv2d", {{"channels", 8}, {"kernel", std::vector<int64_t>{1, 2, 3}}}),
              HasSubstr("kernel is [1, 2, 3]"));
  EXPECT_THAT(complete("dropout", {{"p", std::nan("")}}), HasSubstr("from 0 to 1"));
  EXPECT_THAT(complete("dropout", {{"p", 2}}), HasSubstr("from 0 to 1"));
  EXPECT_THAT(complete("gelu", {{"approximate", "erf"}}), HasSubstr("one of none, tanh"));
}

TEST(Operations, SizesThatOverflowAreRefusedAndNotComputed) {
  const int64_t huge = int64_t{1} << 31;
  EXPECT_THAT(ErrorOf("conv2d", {{"channels", huge}, {"kernel", 1}}, {{3, 4, 4}}),
              HasSubstr("2^31 - 1"));
  EXPECT_THAT(ErrorOf("input", {{"shape", std::vector<int64_t>{huge - 1, huge - 1, huge - 1}}}, {}),
              HasSubstr("2^40"));
  EXPECT_THAT(ErrorOf("conv2d", {{"channels", 1}, {"kernel", int64_t{1} << 52}}, {{3, 4, 4}}),
              HasSubstr("does not fit"));
}

TEST(NetworkBuilder, AnErrorNamesBothShapesAndWhereTheyComeFrom) {
  NetworkBuilder builder;
  const int input =
      *builder.Add("image", "input", {{"shape", std::vector<int64_t>{3, 32, 32}}}, {});
  const int a = *builder.Add("stem", "conv2d", {{"channels", 8}, {"kernel", 3}}, {input});
  const absl::Status status = builder.Add("sum", "add", {}, {input, a}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("sum: add of image [3, 32, 32], stem [8, 30, 30]: input 1 has shape "
                        "[8, 30, 30], which does not fit input 0 of shape [3, 32, 32]"));
  EXPECT_THAT(std::string(builder.Add("x", "conv3d", {}, {input}).status().message()),
              HasSubstr("no operation is called conv3d"));
}

TEST(NetworkBuilder, AMemoGivesTheSameShapesAndAttributes) {
  InferenceMemo memo;
  const Attributes convolution = {{"channels", 8}, {"kernel", 3}};
  Network networks[2];
  for (Network& network : networks) {
    NetworkBuilder builder(&memo);
    int node = *builder.Add("image", "input", {{"shape", std::vector<int64_t>{3, 32, 32}}}, {});
    for (int i = 0; i < 3; ++i) node = *builder.Add("c", "conv2d", convolution, {node});
    builder.AddOutput("logits", node);
    network = builder.Take();
  }
  EXPECT_EQ(networks[0], networks[1]);
  EXPECT_EQ(networks[0].nodes[3].shape, (Shape{8, 26, 26}));
  EXPECT_EQ(IntegersOf(networks[0].nodes[3].attributes, "stride"), (std::vector<int64_t>{1, 1}));
}

}  // namespace
}  // namespace nascent::network
