#include "worker/torch/modules.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/network/builder.h"
#include "common/network/operations.h"
#include "gtest/gtest.h"
#include "worker/torch/kernels/pool_function.h"
#include "worker/torch/network_module.h"
#include "worker/torch/testing/operation_cases.h"
#include "worker/torch/testing/test_device.h"

namespace nascent::worker {
namespace {

using network::Attribute;
using network::Attributes;
using Pair = std::vector<int64_t>;

at::Tensor RandomInput(const Pair& shape, int64_t batch = 3) {
  at::manual_seed(1);
  Pair sizes = shape;
  sizes.insert(sizes.begin(), batch);
  return at::randn(sizes);
}

TEST(ModulesTest, EveryOperationOfTheTableHasAModuleAndACaseHere) {
  std::set<std::string> covered = {"input"};
  for (const OperationCase& c : OperationCases()) covered.insert(c.operation);
  for (const network::Operation& operation : network::AllOperations()) {
    EXPECT_TRUE(covered.count(operation.name)) << operation.name;
    if (operation.name == "input") continue;
    EXPECT_NE(FindForward(operation.name), nullptr) << operation.name;
  }
}

TEST(ModulesTest, OutputsHaveTheShapesThatTheTableInfersAndGradientsReachAllParameters) {
  for (const OperationCase& c : OperationCases()) {
    SCOPED_TRACE(c.operation);
    const network::Network network = NetworkOf(c);
    auto module = NetworkModule::Create(network, /*seed=*/1, at::kCPU);
    ASSERT_TRUE(module.ok()) << module.status();
    RandomStream random(1, 1);
    Pass pass{.training = true, .drop_path = 0.3, .random = &random};
    at::Tensor x = RandomInput(c.shape).requires_grad_(true);
    (*module)->Forward(x, pass, [&](int node, const at::Tensor& output) {
      const network::Shape& shape = network.nodes[node].shape;
      EXPECT_EQ(output.sizes().slice(1), at::IntArrayRef(shape.data(), shape.size()))
          << network.nodes[node].path;
    });
    const at::Tensor y = (*module)->Forward(x, pass).front();
    ASSERT_TRUE(y.isfinite().all().item<bool>());
    if (!y.requires_grad()) continue;  // zero
    y.mul(at::randn_like(y)).sum().backward();
    for (const NamedTensor& parameter : (*module)->parameters().named()) {
      EXPECT_GT(parameter.tensor.grad().abs().sum().item<float>(), 0) << parameter.name;
    }
  }
}

TEST(ModulesTest, ValuesAndGradientsOnTheDeviceOfTheTestsAreThoseOfTheCpu) {
  at::globalContext().setAllowTF32CuDNN(false);  // Rounds what convolutions read to ten bits.
  for (const OperationCase& c : OperationCases()) {
    if (c.operation == "dropout" || c.operation == "drop_path") continue;  // Draws of their own.
    SCOPED_TRACE(c.operation);
    const network::Network network = NetworkOf(c);
    const auto run = [&](at::Device device) {
      auto module = *NetworkModule::Create(network, /*seed=*/1, device);
      at::Tensor x = RandomInput(c.shape).to(device).requires_grad_(true);
      const at::Tensor y = module->Forward(x, Pass{.training = true}).front();
      if (y.requires_grad()) y.square().sum().backward();
      return std::vector<at::Tensor>{y.detach().cpu(),
                                     x.grad().defined() ? x.grad().cpu() : at::zeros({}),
                                     module->parameters().flat_gradients().cpu()};
    };
    const std::vector<at::Tensor> expected = run(at::kCPU);
    const std::vector<at::Tensor> found = run(TestDevice());
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_TRUE(at::allclose(found[i], expected[i], 1e-3, 1e-3))
          << "value, input or parameters " << i;
    }
  }
}

// What GPUs use; compared here with what is right on a CPU.
TEST(ModulesTest, AnAverageOfPaddedValuesIsThePaddedAverage) {
  at::manual_seed(1);
  int cases = 0;
  for (int64_t height = 4; height <= 8; ++height) {
    for (const auto& [kernel, stride, pad] :
         {std::array<int64_t, 3>{3, 1, 1}, {2, 2, 1}, {3, 2, 1}, {3, 3, 1}, {4, 3, 2}}) {
      for (const bool ceil_mode : {false, true}) {
        for (const bool count_padding : {false, true}) {
          at::Tensor x = at::randn({2, 3, height, 5}, at::kDouble)
                             .contiguous(at::MemoryFormat::ChannelsLast)
                             .requires_grad_(true);
          const at::Tensor expected =
              at::avg_pool2d(x, {kernel, 2}, {stride, 1}, {pad, 1}, ceil_mode, count_padding);
          const at::Tensor weight = at::randn_like(expected);
          expected.mul(weight).sum().backward();
          const at::Tensor gradient = x.grad().clone();
          x.mutable_grad().zero_();
          const kernels::Pool pool = {.channels = 3,
                                      .height = height,
                                      .width = 5,
                                      .out_height = expected.size(2),
                                      .out_width = expected.size(3),
                                      .kernel_h = kernel,
                                      .kernel_w = 2,
                                      .stride_h = stride,
                                      .stride_w = 1,
                                      .pad_h = pad,
                                      .pad_w = 1,
                                      .count_padding = count_padding};
          const at::Tensor found = PoolAverageOfPadded(pool, x);
          found.mul(weight).sum().backward();
          EXPECT_TRUE(found.sizes() == expected.sizes() && at::allclose(found, expected));
          EXPECT_TRUE(at::allclose(x.grad(), gradient));
          ++cases;
        }
      }
    }
  }
  EXPECT_EQ(cases, 100);
}

// Networks that the table's word makes equal share a key and so a result: it must be true.
TEST(ModulesTest, OfZeroEveryOperationMakesWhatTheTableSays) {
  for (const OperationCase& c : OperationCases()) {
    SCOPED_TRACE(c.operation);
    const network::Network network = NetworkOf(c);
    const network::Operation& operation = *network::FindOperation(c.operation);
    ASSERT_NE(operation.on_zero, nullptr);
    const network::OnZero says = operation.on_zero(network.nodes.back().attributes);
    auto module = NetworkModule::Create(network, /*seed=*/1, at::kCPU);
    ASSERT_TRUE(module.ok()) << module.status();
    const at::NoGradGuard no_grad;
    for (const NamedTensor& parameter : (*module)->parameters().named()) {
      at::Tensor tensor = parameter.tensor;
      tensor.normal_(1, 0.5);
    }
    RandomStream random(1, 1);
    const Pass pass{.training = true, .drop_path = 0.3, .random = &random};
    const at::Tensor y = (*module)->Forward(at::zeros_like(RandomInput(c.shape)), pass).front();
    const float largest = y.abs().max().item<float>();
    if (says == network::OnZero::kZero) {
      EXPECT_EQ(largest, 0) << "is not zero";
    } else {
      EXPECT_GT(largest, 0) << "is zero: the table may say so";
    }
    if (says == network::OnZero::kConstant) {
      EXPECT_LT((y - y.slice(0, 0, 1)).abs().max().item<float>(), 1e-5) << "is no constant";
    }
  }
}

// As for zero: what is said to be the identity, to be without order or without chance is merged
// with what it is equal to then.
TEST(ModulesTest, WhatTheTableCallsTheIdentityGivesItsInput) {
  std::set<std::string> covered;
  for (const OperationCase& c : IdentityCases()) {
    SCOPED_TRACE(c.operation);
    covered.insert(c.operation);
    const network::Network network = NetworkOf(c);
    const network::Node& node = network.nodes.back();
    const network::Operation& operation = *network::FindOperation(c.operation);
    ASSERT_NE(operation.is_identity, nullptr);
    EXPECT_TRUE(operation.is_identity(node.attributes, node.shape));
    auto module = NetworkModule::Create(network, /*seed=*/1, at::kCPU);
    ASSERT_TRUE(module.ok()) << module.status();
    const at::NoGradGuard no_grad;
    const at::Tensor x = RandomInput(c.shape);
    RandomStream random(1, 1);
    for (const bool training : {true, false}) {
      // The recipe's probability stands for any but 0, with which no drop_path is live.
      const Pass pass{.training = training, .drop_path = 0, .random = &random};
      EXPECT_TRUE((*module)->Forward(x, pass).front().equal(x)) << "training: " << training;
    }
  }
  for (const network::Operation& operation : network::AllOperations()) {
    if (operation.is_identity == nullptr) continue;
    EXPECT_TRUE(covered.contains(operation.name)) << operation.name << " needs a case";
  }
  for (const OperationCase& c : OperationCases()) {
    const network::Network network = NetworkOf(c);
    const network::Node& node = network.nodes.back();
    const network::Operation& operation = *network::FindOperation(c.operation);
    if (operation.is_identity == nullptr || c.operation == "identity" || c.inputs > 1) continue;
    EXPECT_FALSE(node.shape == network.nodes.front().shape &&
                 operation.is_identity(node.attributes, node.shape))
        << c.operation;
  }
}

TEST(ModulesTest, TheOrderOfInputsMattersWhereTheTableSaysSo) {
  for (const OperationCase& c : OperationCases()) {
    // A multiplicity belongs to its input.
    if (c.inputs == 1 || c.attributes.contains("multiplicity")) continue;
    SCOPED_TRACE(c.operation);
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> outputs;
    for (const bool reversed : {false, true}) {
      auto module = NetworkModule::Create(NetworkOf(c, reversed), /*seed=*/1, at::kCPU);
      ASSERT_TRUE(module.ok()) << module.status();
      outputs.push_back((*module)->Forward(RandomInput(c.shape), Pass{}).front());
    }
    EXPECT_EQ(at::allclose(outputs[0], outputs[1]),
              network::FindOperation(c.operation)->commutative);
  }
}

TEST(ModulesTest, TwoTrainingPassesDifferWhereTheTableSpeaksOfChance) {
  for (const OperationCase& c : OperationCases()) {
    SCOPED_TRACE(c.operation);
    auto module = NetworkModule::Create(NetworkOf(c), /*seed=*/1, at::kCPU);
    ASSERT_TRUE(module.ok()) << module.status();
    const at::NoGradGuard no_grad;
    RandomStream random(1, 1);
    const Pass pass{.training = true, .drop_path = 0.3, .random = &random};
    const at::Tensor x = RandomInput(c.shape, 64);
    const at::Tensor first = (*module)->Forward(x, pass).front();
    EXPECT_NE(first.equal((*module)->Forward(x, pass).front()),
              network::FindOperation(c.operation)->random);
  }
}

TEST(ModulesTest, EvaluationEqualsTheSameNetworkWithoutFolding) {
  network::NetworkBuilder builder;
  int last = *builder.Add("in", "input", {{"shape", Pair{3, 8, 8}}}, {});
  for (const char* name : {"a", "b"}) {
    const std::string path = name;
    const Attributes convolution = {
        {"channels", int64_t{8}}, {"kernel", Pair{3, 3}}, {"padding", Pair{1, 1}}};
    last = *builder.Add(path + ".conv", "conv2d", convolution, {last});
    last = *builder.Add(path + ".norm", "batch_norm", {}, {last});
    last = *builder.Add(path + ".relu", "relu", {}, {last});
  }
  last = *builder.Add("norm", "batch_norm", {}, {last});
  last = *builder.Add("relu", "relu", {}, {last});
  builder.AddOutput("out", last);
  auto module = NetworkModule::Create(builder.Take(), 1, at::kCPU);
  ASSERT_TRUE(module.ok());
  const at::Tensor x = RandomInput({3, 8, 8}, 16);
  for (int i = 0; i < 3; ++i) (*module)->Forward(x * (i + 1), Pass{.training = true});
  const at::NoGradGuard no_grad;
  const at::Tensor plain = (*module)->Forward(x, Pass{}).front();
  (*module)->Fold();
  const at::Tensor folded = (*module)->Forward(x, Pass{}).front();
  EXPECT_LT((plain - folded).abs().max().item<float>(), 1e-5);
  EXPECT_GT(plain.abs().max().item<float>(), 0.1);
  // A training pass ends it: what follows sees the new statistics.
  (*module)->Forward(x * 9, Pass{.training = true});
  EXPECT_GT(((*module)->Forward(x, Pass{}).front() - folded).abs().max().item<float>(), 1e-3);
}

// What LibTorch itself makes of an operation, in double precision.
at::Tensor Reference(const OperationCase& c, const at::Tensor& x, const Parameters& parameters) {
  const auto pair = [&](const char* name, Pair otherwise) {
    return c.attributes.contains(name) ? network::IntegersOf(c.attributes, name) : otherwise;
  };
  const auto flag = [&](const char* name, bool otherwise) {
    return c.attributes.contains(name) ? network::FlagOf(c.attributes, name) : otherwise;
  };
  const Pair kernel = pair("kernel", {});
  const Pair stride = pair("stride", {});
  const Pair padding = pair("padding", {0, 0});
  if (c.operation == "avg_pool2d") {
    return at::avg_pool2d(x, kernel, stride, padding, flag("ceil_mode", false),
                          flag("count_include_pad", true));
  }
  if (c.operation == "max_pool2d") {
    return at::max_pool2d(x, kernel, stride, padding, pair("dilation", {1, 1}),
                          flag("ceil_mode", false));
  }
  const auto parameter = [&](const char* name) {
    const at::Tensor found = parameters.Find(name);
    return found.defined() ? found.to(at::kDouble) : found;
  };
  const double epsilon = c.attributes.contains("eps") ? network::RealOf(c.attributes, "eps") : 1e-5;
  return at::batch_norm(x, parameter("op.weight"), parameter("op.bias"), {}, {}, /*training=*/true,
                        0.1, epsilon, false);
}

TEST(ModulesTest, OwnKernelsAgreeWithLibTorchInValuesAndGradients) {
  // Sizes that fill no vector, that fill some, and that need several pieces of work.
  for (const Pair& shape : {Pair{4, 6, 5}, Pair{8, 28, 28}, Pair{36, 9, 9}, Pair{70, 7, 7}}) {
    for (OperationCase c : OperationCases()) {
      if (c.operation != "avg_pool2d" && c.operation != "max_pool2d" &&
          c.operation != "batch_norm") {
        continue;
      }
      if (c.shape.size() == 3) c.shape = shape;
      SCOPED_TRACE(c.operation + " " + network::ToText(Attribute(c.shape)));
      auto module = NetworkModule::Create(NetworkOf(c), 1, at::kCPU);
      ASSERT_TRUE(module.ok()) << module.status();
      const at::Tensor value = RandomInput(c.shape, 17) + 3;
      at::Tensor x = value.clone().requires_grad_(true);
      at::Tensor exact = value.to(at::kDouble).requires_grad_(true);
      const at::Tensor y = (*module)->Forward(x, Pass{.training = true}).front();
      const at::Tensor expected = Reference(c, exact, (*module)->parameters());
      EXPECT_LT((y - expected).abs().max().item<double>(), 1e-5);
      const at::Tensor weights = at::randn_like(expected);
      (y * weights.to(at::kFloat)).sum().backward();
      (expected * weights).sum().backward();
      EXPECT_LT((x.grad() - exact.grad()).abs().max().item<double>(), 1e-4);
    }
  }
}

TEST(ModulesTest, AConvolutionOfSinglePixelsWithAStrideAgreesWithLibTorch) {
  OperationCase c{"conv2d",
                  {{"channels", int64_t{4}}, {"kernel", Pair{1, 1}}, {"stride", Pair{2, 2}}}};
  for (const int64_t side : {7, 32}) {
    c.shape = {4, side, side};
    auto module = NetworkModule::Create(NetworkOf(c), 1, at::kCPU);
    ASSERT_TRUE(module.ok()) << module.status();
    const Parameters& parameters = (*module)->parameters();
    at::Tensor x = RandomInput(c.shape).requires_grad_(true);
    at::Tensor exact = x.detach().to(at::kDouble).requires_grad_(true);
    at::Tensor weight = parameters.Find("op.weight").detach().to(at::kDouble).requires_grad_(true);
    const at::Tensor y = (*module)->Forward(x, Pass{.training = true}).front();
    const Pair two = {2, 2};
    const Pair none = {0, 0};
    const Pair one = {1, 1};
    const at::Tensor expected =
        at::convolution(exact, weight, parameters.Find("op.bias").detach().to(at::kDouble), two,
                        none, one, false, none, 1);
    ASSERT_EQ(y.sizes(), expected.sizes());
    EXPECT_LT((y - expected).abs().max().item<double>(), 1e-5);
    y.square().sum().backward();
    expected.square().sum().backward();
    EXPECT_LT((x.grad() - exact.grad()).abs().max().item<double>(), 1e-4);
    EXPECT_LT((parameters.Find("op.weight").grad() - weight.grad()).abs().max().item<double>(),
              1e-2);
  }
}

TEST(ModulesTest, ABatchNormWithItsReluAgreesWithTheTwoAlone) {
  network::NetworkBuilder builder;
  const int in = *builder.Add("in", "input", {{"shape", Pair{8, 5, 5}}}, {});
  const int norm = *builder.Add("norm", "batch_norm", {}, {in});
  builder.AddOutput("out", *builder.Add("relu", "relu", {}, {norm}));
  auto module = NetworkModule::Create(builder.Take(), 1, at::kCPU);
  ASSERT_TRUE(module.ok());
  const Parameters& parameters = (*module)->parameters();
  {
    const at::NoGradGuard no_grad;
    parameters.Find("norm.weight").uniform_(-2, 2);
    parameters.Find("norm.bias").uniform_(-1, 1);
  }
  const at::Tensor value = RandomInput({8, 5, 5}, 20);
  at::Tensor x = value.clone().requires_grad_(true);
  const at::Tensor y = (*module)->Forward(x, Pass{.training = true}).front();
  const at::Tensor slope = at::randn_like(y);
  (y * slope).sum().backward();
  at::Tensor exact = value.clone().requires_grad_(true);
  at::Tensor weight = parameters.Find("norm.weight").detach().clone().requires_grad_(true);
  at::Tensor bias = parameters.Find("norm.bias").detach().clone().requires_grad_(true);
  const at::Tensor expected =
      at::relu(at::batch_norm(exact, weight, bias, {}, {}, true, 0.1, 1e-5, false));
  (expected * slope).sum().backward();
  EXPECT_LT((y - expected).abs().max().item<float>(), 1e-5);
  EXPECT_LT((x.grad() - exact.grad()).abs().max().item<float>(), 1e-4);
  const auto gradient = [&](const char* name) { return parameters.Find(name).grad(); };
  EXPECT_LT((gradient("norm.weight") - weight.grad()).abs().max().item<float>(), 1e-3);
  EXPECT_LT((gradient("norm.bias") - bias.grad()).abs().max().item<float>(), 1e-3);
}

// x ─► norm a ─┐
// x ─► norm b ─┼─► add ─┬─► relu ─► out
// x ───────────┘        └─────────► sum, where it is an output too
network::Network NormalizedSum(bool sum_too) {
  network::NetworkBuilder builder;
  const int in = *builder.Add("in", "input", {{"shape", Pair{8, 14, 14}}}, {});
  const int a = *builder.Add("a", "batch_norm", {}, {in});
  const int b = *builder.Add("b", "batch_norm", {{"affine", false}, {"momentum", 0.3}}, {in});
  const int sum = *builder.Add("sum", "add", {}, {a, in, b});
  builder.AddOutput("out", *builder.Add("relu", "relu", {}, {sum}));
  if (sum_too) builder.AddOutput("sum", sum);
  return builder.Take();
}

TEST(ModulesTest, ASumWithItsNormsAndItsReluAgreesWithTheOperationsAlone) {
  for (const bool sum_too : {false, true}) {
    auto module = NetworkModule::Create(NormalizedSum(sum_too), 1, at::kCPU);
    ASSERT_TRUE(module.ok());
    {
      const at::NoGradGuard no_grad;
      (*module)->parameters().Find("a.weight").uniform_(-2, 2);
      (*module)->parameters().Find("a.bias").uniform_(-1, 1);
    }
    const at::Tensor value = RandomInput({8, 14, 14}, 200) + 2;  // several pieces of work
    at::Tensor x = value.clone().requires_grad_(true);
    const std::vector<at::Tensor> outputs = (*module)->Forward(x, Pass{.training = true});
    at::Tensor exact = value.to(at::kDouble).requires_grad_(true);
    const auto leaf = [&](const char* name) {
      return (*module)->parameters().Find(name).detach().to(at::kDouble).requires_grad_(true);
    };
    const at::Tensor weight = leaf("a.weight");
    const at::Tensor bias = leaf("a.bias");
    at::Tensor mean = at::zeros({8}, at::kDouble);
    at::Tensor variance = at::ones({8}, at::kDouble);
    const at::Tensor sum = at::batch_norm(exact, weight, bias, {}, {}, true, 0.1, 1e-5, false) +
                           exact +
                           at::batch_norm(exact, {}, {}, mean, variance, true, 0.3, 1e-5, false);
    const at::Tensor relu = at::relu(sum);
    EXPECT_LT((outputs[0] - relu).abs().max().item<double>(), 1e-5);
    const at::Tensor slope = at::randn_like(sum);
    at::Tensor loss = (outputs[0] * slope.to(at::kFloat)).sum();
    at::Tensor expected = (relu * slope).sum();
    if (sum_too) {
      EXPECT_LT((outputs[1] - sum).abs().max().item<double>(), 1e-5);
      loss = loss + outputs[1].mul(outputs[1]).sum() / 3;
      expected = expected + sum.mul(sum).sum() / 3;
    }
    loss.backward();
    expected.backward();
    EXPECT_LT((x.grad() - exact.grad()).abs().max().item<double>(), 1e-4);
    const auto gradient = [&](const char* name) {
      return (*module)->parameters().Find(name).grad();
    };
    EXPECT_LT(((gradient("a.weight") - weight.grad()) / weight.grad().abs().max())
                  .abs()
                  .max()
                  .item<double>(),
              1e-4);
    EXPECT_LT(
        ((gradient("a.bias") - bias.grad()) / bias.grad().abs().max()).abs().max().item<double>(),
        1e-4);
    EXPECT_EQ((*module)->buffers()[2].name, "b.running_mean");
    EXPECT_TRUE(at::allclose((*module)->buffers()[2].tensor.to(at::kDouble), mean, 1e-5, 1e-5));
    EXPECT_TRUE(at::allclose((*module)->buffers()[3].tensor.to(at::kDouble), variance, 1e-5, 1e-5));
  }
}

TEST(ModulesTest, ASumWithItsNormsGivesTheSameBitsOnAnyNumberOfThreads) {
  const at::Tensor x = RandomInput({8, 14, 14}, 200);
  std::vector<at::Tensor> gradients;
  std::vector<at::Tensor> outputs;
  const int before = at::get_num_threads();
  for (const int threads : {1, 2}) {
    at::set_num_threads(threads);
    auto module = NetworkModule::Create(NormalizedSum(/*sum_too=*/true), 1, at::kCPU);
    ASSERT_TRUE(module.ok());
    at::Tensor leaf = x.clone().requires_grad_(true);
    const std::vector<at::Tensor> both = (*module)->Forward(leaf, Pass{.training = true});
    (both[0].square() + both[1]).backward(at::ones_like(x));
    outputs.push_back(both[0]);
    gradients.push_back(leaf.grad());
  }
  at::set_num_threads(before);
  EXPECT_TRUE(outputs[0].equal(outputs[1]));
  EXPECT_TRUE(gradients[0].equal(gradients[1]));
}

TEST(ModulesTest, RunningStatisticsAreThoseOfPyTorch) {
  const OperationCase c{"batch_norm", {{"momentum", 0.3}}, 1, {8, 4, 4}};
  auto module = NetworkModule::Create(NetworkOf(c), 1, at::kCPU);
  ASSERT_TRUE(module.ok());
  const at::Tensor x = RandomInput(c.shape, 6) * 2 + 5;
  (*module)->Forward(x, Pass{.training = true});
  at::Tensor mean = at::zeros({8});
  at::Tensor variance = at::ones({8});
  at::batch_norm(x, {}, {}, mean, variance, true, 0.3, 1e-5, false);
  EXPECT_EQ((*module)->buffers()[0].name, "op.running_mean");
  EXPECT_TRUE(at::allclose((*module)->buffers()[0].tensor, mean, 1e-5, 1e-5));
  EXPECT_TRUE(at::allclose((*module)->buffers()[1].tensor, variance, 1e-5, 1e-5));
}

TEST(ModulesTest, DropPathDropsWholeImagesOnlyWhileTraining) {
  auto module = NetworkModule::Create(NetworkOf({"drop_path", {}}), 1, at::kCPU);
  ASSERT_TRUE(module.ok());
  RandomStream random(5, 5);
  const at::Tensor x = at::ones({400, 4, 6, 5});
  EXPECT_TRUE((*module)->Forward(x, Pass{}).front().equal(x));
  const at::Tensor y =
      (*module)->Forward(x, Pass{.training = true, .drop_path = 0.25, .random = &random}).front();
  const at::Tensor per_image = y.flatten(1).mean(1);
  const int64_t dropped = per_image.eq(0).sum().item<int64_t>();
  EXPECT_NEAR(static_cast<double>(dropped), 100, 30);
  EXPECT_EQ(at::isclose(per_image, at::full({}, 4.0 / 3)).sum().item<int64_t>(), 400 - dropped);
}

TEST(ModulesTest, ParametersStartTheSameWhateverStandsBesideThem) {
  const OperationCase alone{"linear", {{"features", int64_t{7}}}, 1, {12}};
  auto first = NetworkModule::Create(NetworkOf(alone), 3, at::kCPU);
  network::NetworkBuilder builder;
  int node = *builder.Add("in", "input", {{"shape", Pair{12}}}, {});
  node = *builder.Add("other", "linear", {{"features", int64_t{12}}}, {node});
  node = *builder.Add("op", "linear", {{"features", int64_t{7}}}, {node});
  builder.AddOutput("out", node);
  const network::Network both = builder.Take();
  auto second = NetworkModule::Create(both, 3, at::kCPU);
  auto other_seed = NetworkModule::Create(both, 4, at::kCPU);
  const at::Tensor weight = (*first)->parameters().Find("op.weight");
  EXPECT_TRUE(weight.equal((*second)->parameters().Find("op.weight")));
  EXPECT_FALSE(weight.equal((*other_seed)->parameters().Find("op.weight")));
  // Uniform in +-1 / sqrt(12), as PyTorch's Linear.
  EXPECT_LE(weight.abs().max().item<float>(), 0.2887);
  EXPECT_NEAR(weight.std().item<float>(), 0.2887 / std::sqrt(3), 0.03);
}

TEST(ModulesTest, ANetworkThatCannotBeBuiltIsRefused) {
  network::Network network = NetworkOf({"relu", {}});
  network.nodes[1].operation = "nonsense";
  EXPECT_EQ(NetworkModule::Create(network, 1, at::kCPU).status().code(),
            absl::StatusCode::kInvalidArgument);
  network = NetworkOf({"relu", {}});
  network.outputs.clear();
  EXPECT_EQ(NetworkModule::Create(network, 1, at::kCPU).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace nascent::worker
