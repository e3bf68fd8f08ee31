#include "common/network/costs.h"

#include <gtest/gtest.h>

#include "common/network/builder.h"

namespace nascent::network {
namespace {

const Attributes kUnbiased = {{"channels", 4}, {"kernel", 3}, {"padding", 1}, {"bias", false}};

TEST(Costs, AreSumsAndThePeakOfLivingOutputs) {
  NetworkBuilder builder;
  const int image = *builder.Add("image", "input", {{"shape", std::vector<int64_t>{2, 8, 8}}}, {});
  const int a = *builder.Add("a", "conv2d", kUnbiased, {image});
  const int b = *builder.Add("b", "batch_norm", {}, {a});
  const int c = *builder.Add("c", "conv2d", kUnbiased, {b});
  const int sum = *builder.Add("sum", "add", {}, {b, c});
  const int pool = *builder.Add("pool", "global_avg_pool", {}, {sum});
  const int logits = *builder.Add("logits", "linear", {{"features", 10}}, {pool});
  builder.AddOutput("logits", logits);
  const Costs costs = ComputeCosts(builder.Take());
  EXPECT_EQ(costs.parameters, 4 * 2 * 9 + 8 + 4 * 4 * 9 + 50);
  EXPECT_EQ(costs.multiply_accumulates, 64 * 4 * 2 * 9 + 64 * 4 * 4 * 9 + 50);
  // While the sum is made: b, c and the sum, 4 channels of 64 floats each.
  EXPECT_EQ(costs.activation_bytes, 3 * 4 * 64 * 4);
  EXPECT_EQ(costs.depth, 4);
}

TEST(Costs, WhatOnlyATrainingOutputNeedsDoesNotCount) {
  NetworkBuilder builder;
  const int image = *builder.Add("image", "input", {{"shape", std::vector<int64_t>{2, 8, 8}}}, {});
  const int a = *builder.Add("a", "conv2d", kUnbiased, {image});
  const int head = *builder.Add("head", "conv2d", kUnbiased, {a});
  builder.AddOutput("logits", a);
  Network network = builder.Take();
  const Costs all = ComputeCosts(network);
  network.outputs.push_back({"auxiliary", head, true});
  const Costs without = ComputeCosts(network);
  EXPECT_EQ(all.parameters, 4 * 2 * 9 + 4 * 4 * 9);
  EXPECT_EQ(without.parameters, 4 * 2 * 9);
  EXPECT_EQ(without.multiply_accumulates, 64 * 4 * 2 * 9);
}

}  // namespace
}  // namespace nascent::network
