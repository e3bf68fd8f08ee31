#include "worker/torch/scores/score.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "common/network/builder.h"
#include "common/scores/scores.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "worker/torch/scores/zen.h"

namespace nascent::worker {
namespace {

using ::testing::AllOf;
using ::testing::DoubleNear;
using ::testing::HasSubstr;
using Pair = std::vector<int64_t>;

constexpr double kNear = 1e-6;
const double kLog3 = std::log(3.0);

// x ─► linear, or x ─► relu ─► linear; two values in, two classes.
std::unique_ptr<NetworkModule> Line(bool with_relu = false) {
  network::NetworkBuilder builder;
  int at = *builder.Add("in", "input", {{"shape", std::vector<int64_t>{2}}}, {});
  if (with_relu) at = *builder.Add("relu", "relu", {}, {at});
  builder.AddOutput(
      "logits", *builder.Add("head", "linear", {{"features", int64_t{2}}, {"bias", false}}, {at}));
  auto network = NetworkModule::Create(builder.Take(), 1, at::kCPU);
  EXPECT_TRUE(network.ok()) << network.status();
  const at::NoGradGuard no_grad;
  (*network)
      ->parameters()
      .Find("head.weight")
      .copy_(at::tensor({std::log(3.0), 0.0, 0.0, 0.0}).view({2, 2}));
  return *std::move(network);
}

// conv ─► norm ─► relu ─► conv ─► norm ─► add (with the relu) ─► pool ─► linear
std::unique_ptr<NetworkModule> Residual(uint64_t seed = 3) {
  network::NetworkBuilder builder;
  const int in = *builder.Add("in", "input", {{"shape", std::vector<int64_t>{3, 8, 8}}}, {});
  const network::Attributes convolution = {
      {"channels", int64_t{8}}, {"kernel", Pair{3, 3}}, {"padding", Pair{1, 1}}};
  const int first = *builder.Add("first", "conv2d", convolution, {in});
  const int norm = *builder.Add("norm", "batch_norm", {}, {first});
  const int relu = *builder.Add("relu", "relu", {}, {norm});
  const int second = *builder.Add("second", "conv2d", convolution, {relu});
  const int last = *builder.Add("last", "batch_norm", {}, {second});
  const int sum = *builder.Add("sum", "add", {}, {relu, last});
  const int drop = *builder.Add("drop", "dropout", {{"p", 0.5}}, {sum});
  const int pool = *builder.Add("pool", "global_avg_pool", {}, {drop});
  builder.AddOutput("logits", *builder.Add("head", "linear", {{"features", int64_t{4}}}, {pool}));
  auto network = NetworkModule::Create(builder.Take(), seed, at::kCPU);
  EXPECT_TRUE(network.ok()) << network.status();
  return *std::move(network);
}

ScoreInput Examples(std::vector<double> values, std::vector<int64_t> labels) {
  const auto count = static_cast<int64_t>(labels.size());
  Batch batch{at::tensor(values, at::kFloat).view({count, -1}), at::tensor(labels, at::kLong)};
  return {batch, batch, 0};
}

ScoreInput Noise(int64_t count) {
  at::manual_seed(5);
  const auto batch = [&] {
    return Batch{at::randn({count, 3, 8, 8}), at::arange(count, at::kLong).remainder(4)};
  };
  const Batch first = batch();
  return {first, batch(), 7};
}

double Score(const std::string& name, const NetworkModule& network, const ScoreInput& input) {
  const absl::StatusOr<double> score = ComputeScore(name, network, input);
  EXPECT_TRUE(score.ok()) << score.status();
  return score.value_or(std::nan(""));
}

std::string Trouble(const std::string& name, const NetworkModule& network,
                    const ScoreInput& input) {
  const absl::StatusOr<double> score = ComputeScore(name, network, input);
  EXPECT_EQ(score.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(score.status().message());
}

// With W = (ln 3, 0; 0, 0), x = (1, 0) and class 0: logits (ln 3, 0), probabilities (3/4, 1/4),
// g = (-1/4, 0; 1/4, 0), Hessian in that column 3/16 (1, -1; -1, 1).
TEST(Score, GivesWhatOneLinearLayerGivesByHand) {
  const auto network = Line();
  const ScoreInput input = Examples({1, 0}, {0});
  EXPECT_NEAR(Score("snip", *network, input), kLog3 / 4, kNear);
  EXPECT_NEAR(Score("plain", *network, input), -kLog3 / 4, kNear);
  EXPECT_NEAR(Score("grad_norm", *network, input), std::sqrt(1.0 / 8), kNear);
  EXPECT_NEAR(Score("l2_norm", *network, input), kLog3, kNear);
  EXPECT_NEAR(Score("grasp", *network, input), kLog3 * 3 / 32, kNear);
  EXPECT_NEAR(Score("fisher", *network, input), kLog3 * kLog3 / 16, kNear);
  EXPECT_NEAR(Score("synflow", *network, input), std::log(kLog3), kNear);
}

TEST(Score, GivesForExamplesThatAreAlikeWhatTheCorrelationsSay) {
  // Both classes' examples have the input gradient (ln 3, 0): every correlation is 1.
  const auto network = Line();
  const ScoreInput input = Examples({1, 0, 0, 1, 2, 1}, {0, 1, 1});
  EXPECT_NEAR(Score("epe_nas", *network, input), 5 * std::log(1 + 1e-5), 1e-9);
  const double one = std::log(3 + 1e-5) + 1 / (3 + 1e-5);
  const double zero = std::log(1e-5) + 1e5;
  EXPECT_NEAR(Score("jacov", *network, input), -one - 2 * zero, 1e-3);
}

TEST(Score, CountsOnWhichReLUsExamplesAgree) {
  // Agreement is 2 with oneself and 0 with the other; then 1 with the other.
  const auto network = Line(/*with_relu=*/true);
  EXPECT_NEAR(Score("nwot", *network, Examples({1, -1, -1, 1}, {0, 0})), std::log(4), kNear);
  EXPECT_NEAR(Score("nwot", *network, Examples({1, 1, -1, 1}, {0, 0})), std::log(3), kNear);
  const double alike = Score("nwot", *network, Examples({1, 1, 2, 3}, {0, 0}));
  EXPECT_TRUE(std::isinf(alike) && alike < 0) << alike;
}

TEST(Score, SeesWhatASmallChangeOfRandomImagesDoes) {
  const auto network = Line();
  const ScoredNetwork scored(*network, at::kFloat);
  const ZenDraw draw = DrawForZen(scored, 9);
  const at::Tensor change = at::matmul(draw.images - draw.changed, draw.weights[0].t());
  ScoreInput input;
  input.seed = 9;
  EXPECT_NEAR(Score("zen", *network, input), std::log(change.abs().sum(1).mean().item<double>()),
              1e-4);
}

TEST(Score, ComparesGradientsOfTwoBatches) {
  const auto network = Line();
  ScoreInput input = Examples({1, 0}, {0});
  EXPECT_EQ(Score("zico", *network, input), 0) << "equal gradients have no deviation";
  // g = (3/4, 0; -3/4, 0): both weights have mean size 1/2 and deviation 1/2.
  input.second.labels = at::tensor({int64_t{1}}, at::kLong);
  EXPECT_NEAR(Score("zico", *network, input), std::log(2), kNear);
}

TEST(Score, OfEveryNameIsFiniteAndTheSameAgainAndLeavesTheNetworkAlone) {
  const auto network = Residual();
  const at::Tensor before = network->parameters().flat().clone();
  const ScoreInput input = Noise(12);
  for (const scores::ScoreInfo& info : scores::AllScores()) {
    const std::string name(info.name);
    const double score = Score(name, *network, input);
    EXPECT_TRUE(std::isfinite(score)) << name;
    EXPECT_EQ(score, Score(name, *network, input)) << name;
    if (info.of_data) continue;
    EXPECT_EQ(score, Score(name, *network, {{}, {}, 7})) << name;
  }
  EXPECT_TRUE(network->parameters().flat().equal(before));
  for (const NamedTensor& buffer : network->buffers()) {
    EXPECT_EQ(buffer.tensor.mean().item<double>(), buffer.name.ends_with("var") ? 1 : 0);
  }
}

TEST(Score, OfDataDoesNotDependOnTheOrderOfExamples) {
  const auto network = Residual();
  const ScoreInput input = Noise(12);
  ScoreInput turned = input;
  for (Batch* batch : {&turned.first, &turned.second}) {
    batch->images = batch->images.flip(0);
    batch->labels = batch->labels.flip(0);
  }
  for (const scores::ScoreInfo& info : scores::AllScores()) {
    const std::string name(info.name);
    const double score = Score(name, *network, input);
    EXPECT_NEAR(Score(name, *network, turned), score, 1e-4 * std::abs(score)) << name;
  }
}

TEST(Score, OfTheFlowGrowsWithEachWeightAndDoesNotFeelNorms) {
  const auto network = Residual();
  const ScoreInput none;
  const double before = Score("synflow", *network, none);
  const at::NoGradGuard no_grad;
  network->parameters().Find("norm.weight").mul_(5);
  EXPECT_EQ(Score("synflow", *network, none), before);
  // The flow through the last layer is the whole flow: all parts that reach it double.
  network->parameters().Find("head.weight").mul_(-2);
  EXPECT_NEAR(Score("synflow", *network, none), before + std::log(2), kNear);
}

TEST(Score, NamesWhatItDoesNotApplyTo) {
  const auto network = Line();
  const ScoreInput input = Examples({1, 0, 0, 1}, {0, 1});
  EXPECT_EQ(Trouble("nwot", *network, input), "score nwot does not apply: the network has no ReLU");
  EXPECT_THAT(Trouble("synflux", *network, input),
              AllOf(HasSubstr("\"synflux\""), HasSubstr("zico")));
  EXPECT_THAT(Trouble("jacov", *network, Examples({1, 0}, {0})), HasSubstr("two examples"));
  EXPECT_THAT(Trouble("snip", *network, {}), HasSubstr("needs examples"));
  ScoreInput per_pixel = input;
  per_pixel.first.labels = at::zeros({2, 1, 1}, at::kLong);
  EXPECT_THAT(Trouble("epe_nas", *network, per_pixel), HasSubstr("one label per example"));
  EXPECT_THAT(Trouble("fisher", *network, per_pixel), HasSubstr("one value per class and label"));
  network::NetworkBuilder builder;
  const int in = *builder.Add("in", "input", {{"shape", std::vector<int64_t>{2}}}, {});
  builder.AddOutput("logits", *builder.Add("relu", "relu", {}, {in}));
  const auto bare = NetworkModule::Create(builder.Take(), 1, at::kCPU);
  ASSERT_TRUE(bare.ok());
  for (const char* name : {"snip", "synflow", "zen", "l2_norm", "fisher"}) {
    EXPECT_THAT(Trouble(name, **bare, input), HasSubstr("no convolution and no linear layer"));
  }
}

}  // namespace
}  // namespace nascent::worker
