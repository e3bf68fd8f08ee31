#include "common/network/live.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "common/network/builder.h"
#include "common/network/costs.h"
#include "common/network/mix.h"
#include "common/network/random_network.h"
#include "common/network/symbolic_evaluation.h"
#include "tests/support/repetitions.h"

namespace nascent::network {
namespace {

using ::testing::ElementsAre;

const Attributes kConvolution = {{"channels", 4}, {"kernel", 3}, {"padding", 1}, {"bias", false}};
const Attributes kBiased = {{"channels", 4}, {"kernel", 3}, {"padding", 1}};

// A network on [4, 8, 8] whose nodes are named as they are added.
class Sketch {
 public:
  Sketch() { Add("input", {}, {{"shape", std::vector<int64_t>{4, 8, 8}}}); }

  int Add(std::string_view operation, std::vector<int> inputs, const Attributes& attributes = {}) {
    absl::StatusOr<int> node =
        builder_.Add(absl::StrCat("n", builder_.size()), operation, attributes, inputs);
    EXPECT_TRUE(node.ok()) << node.status();
    return *node;
  }

  Network Live(int output) {
    builder_.AddOutput("logits", output);
    return network::Live(builder_.Take());
  }

 private:
  NetworkBuilder builder_;
};

std::vector<std::string> Operations(const Network& network) {
  std::vector<std::string> operations;
  for (const Node& node : network.nodes) operations.push_back(node.operation);
  return operations;
}

TEST(Live, IdentitiesAreContractedAndDeadEndsDropped) {
  Sketch s;
  const int a = s.Add("identity", {0});
  const int b = s.Add("conv2d", {a}, kConvolution);
  s.Add("relu", {b});
  const int c = s.Add("dropout", {b}, {{"p", 0.0}});
  const int d = s.Add("flatten", {c});
  const int e = s.Add("flatten", {d});
  const Network live = s.Live(e);
  EXPECT_THAT(Operations(live), ElementsAre("input", "conv2d", "flatten"));
  EXPECT_EQ(live.nodes[1].path, "n2");
  EXPECT_EQ(live.outputs[0].node, 2);
}

TEST(Live, SumsAreFlattenedWithMultiplicity) {
  Sketch s;
  const int a = s.Add("conv2d", {0}, kConvolution);
  const int b = s.Add("add", {0, a});
  const int c = s.Add("add", {b, 0});
  const int d = s.Add("add", {c, 0, a});
  const Network live = s.Live(d);
  ASSERT_THAT(Operations(live), ElementsAre("input", "conv2d", "add"));
  EXPECT_THAT(live.nodes[2].inputs, ElementsAre(0, 1));
  EXPECT_THAT(IntegersOf(live.nodes[2].attributes, "multiplicity"), ElementsAre(3, 2));
}

TEST(Live, EqualSumsAreOneHoweverTheyArePutTogether) {
  Sketch s;
  const int a = s.Add("conv2d", {0}, kConvolution);
  const int b = s.Add("conv2d", {0}, kConvolution);
  const int left = s.Add("add", {s.Add("add", {0, a}), b});
  const int right = s.Add("add", {0, s.Add("add", {b, a})});
  const int product = s.Add("multiply", {s.Add("relu", {left}), s.Add("relu", {right})});
  EXPECT_THAT(Operations(s.Live(product)),
              ElementsAre("input", "conv2d", "conv2d", "add", "relu", "multiply"));
}

TEST(Live, ADoublingChainStaysSmall) {
  Sketch s;
  int node = 0;
  for (int i = 0; i < 200; ++i) node = s.Add("add", {node, node});
  const Network live = s.Live(node);
  EXPECT_LT(live.nodes.size(), 30);
  for (const Node& n : live.nodes) EXPECT_LE(n.inputs.size(), 1);
}

TEST(Live, DeterministicOperationsWithoutParametersAreOneAndOthersAreNot) {
  Sketch s;
  const int relus = s.Add("multiply", {s.Add("relu", {0}), s.Add("relu", {0})});
  const int convolutions =
      s.Add("multiply", {s.Add("conv2d", {0}, kConvolution), s.Add("conv2d", {0}, kConvolution)});
  const int drops = s.Add("multiply", {s.Add("dropout", {0}), s.Add("dropout", {0})});
  const Network live = s.Live(s.Add("concatenate", {relus, convolutions, drops}));
  EXPECT_THAT(Operations(live),
              ElementsAre("input", "relu", "multiply", "conv2d", "conv2d", "multiply", "dropout",
                          "dropout", "multiply", "concatenate"));
}

TEST(Live, ZeroLeavesSumsAndEndsProducts) {
  Sketch s;
  const int zero = s.Add("zero", {s.Add("conv2d", {0}, kConvolution)});
  const int product = s.Add("multiply", {s.Add("relu", {0}), zero});
  const int sum =
      s.Add("add", {s.Add("tanh", {0}), product,
                    s.Add("max_pool2d", {zero}, {{"kernel", 3}, {"stride", 1}, {"padding", 1}})});
  EXPECT_THAT(Operations(s.Live(sum)), ElementsAre("input", "tanh"));
}

TEST(Live, ZeroStaysInConcatenationsAndMeans) {
  Sketch s;
  const int zero = s.Add("zero", {0});
  const int mean = s.Add("mean", {0, s.Add("relu", {zero})});
  const Network live = s.Live(s.Add("concatenate", {mean, zero, zero}));
  EXPECT_THAT(Operations(live), ElementsAre("input", "zero", "mean", "concatenate"));
  EXPECT_THAT(live.nodes[3].inputs, ElementsAre(2, 1, 1));
}

TEST(Live, AnOperationWithABiasOnZeroIsAConstant) {
  Sketch s;
  const int zero = s.Add("zero", {0});
  const int unbiased = s.Add("conv2d", {zero}, kConvolution);
  const int norm = s.Add("batch_norm", {unbiased});
  const int biased = s.Add("conv2d", {zero}, kBiased);
  const int other = s.Add("sigmoid", {zero});
  const Network live = s.Live(s.Add("concatenate", {norm, biased, other}));
  EXPECT_THAT(Operations(live),
              ElementsAre("input", "zero", "constant", "constant", "sigmoid", "concatenate"));
  EXPECT_EQ(live.nodes[2].path, "n3");
  EXPECT_EQ(ComputeCosts(live).parameters, 8);
}

TEST(Live, ALinearLayerOnZeroIsAConstantAlongItsFeatures) {
  Sketch s;
  const int zero = s.Add("zero", {0});
  const int tokens = s.Add("reshape", {zero}, {{"shape", std::vector<int64_t>{16, 16}}});
  const Network live = s.Live(s.Add("linear", {tokens}, {{"features", 3}}));
  ASSERT_THAT(Operations(live), ElementsAre("input", "constant"));
  EXPECT_EQ(IntegerOf(live.nodes[1].attributes, "dim"), 1);
  EXPECT_EQ(ComputeCosts(live).parameters, 3);
}

TEST(Live, ASumThatZeroRepeatsKeepsIt) {
  Sketch s;
  const int small = s.Add("global_avg_pool", {0}, {{"keepdim", true}});
  const Network live = s.Live(s.Add("add", {small, s.Add("zero", {0})}));
  EXPECT_THAT(Operations(live), ElementsAre("input", "global_avg_pool", "zero", "add"));
}

TEST(Live, KeepsWhatANetworkComputesOnRandomNetworks) {
  for (uint64_t seed = 0; seed < ::nascent::testing::Repetitions(2000u); ++seed) {
    RandomStream random(seed, 1);
    const Network network = RandomNetwork(random, 5 + static_cast<int>(random.Below(40)));
    const Network live = Live(network);
    const auto by_path = [](const Network& of) {
      return [&of](int node) { return HashText(of.nodes[node].path); };
    };
    EXPECT_EQ(Evaluate(network, by_path(network)), Evaluate(live, by_path(live))) << seed;
    EXPECT_EQ(Live(live), live) << seed;
    std::set<std::string> paths;
    for (const Node& node : live.nodes) EXPECT_TRUE(paths.insert(node.path).second) << seed;
  }
}

}  // namespace
}  // namespace nascent::network
