#include "common/network/key.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/network/builder.h"
#include "common/network/costs.h"
#include "common/network/key_graph.h"
#include "common/network/live.h"
#include "common/network/mix.h"
#include "common/network/operations.h"
#include "common/network/random_network.h"
#include "common/network/symbolic_evaluation.h"

namespace nascent::network {
namespace {

constexpr int kNetworks = 2000;

Network Random(uint64_t seed) {
  RandomStream random(seed, 2);
  return RandomNetwork(random, 5 + static_cast<int>(random.Below(40)));
}

// What a live network computes when parameters are told apart by their place in the key's order.
std::vector<uint64_t> EvaluateByOrder(const Network& live, const Key& key) {
  std::vector<uint64_t> seeds(live.nodes.size(), 0);
  for (size_t k = 0; k < key.order.size(); ++k) seeds[key.order[k]] = k + 1;
  return Evaluate(live, [&seeds](int node) { return seeds[node]; });
}

TEST(Key, CopiesWithOtherNamesAndOrdersShareItAndComputeTheSame) {
  for (uint64_t seed = 0; seed < kNetworks; ++seed) {
    const Network network = Random(seed);
    RandomStream random(seed, 3);
    const Network live = Live(network);
    const Network other = Live(Disguise(network, random));
    const Key key = ComputeKey(live);
    const Key other_key = ComputeKey(other);
    ASSERT_TRUE(key.canonical);
    ASSERT_EQ(key.hex, other_key.hex) << seed;
    ASSERT_EQ(key.hex.size(), 64);
    ASSERT_EQ(EvaluateByOrder(live, key), EvaluateByOrder(other, other_key)) << seed;
  }
}

TEST(Key, PairsThatShareItComputeTheSameAndHaveTheSameParameters) {
  std::map<std::string, std::pair<int64_t, std::vector<uint64_t>>> known;
  int shared = 0;
  for (uint64_t seed = 0; seed < kNetworks; ++seed) {
    RandomStream random(seed, 4);
    // Small ones, so that many are equal.
    const Network live = Live(RandomNetwork(random, 4));
    const Key key = ComputeKey(live);
    const std::pair value(ComputeCosts(live).parameters, EvaluateByOrder(live, key));
    const auto [found, is_new] = known.try_emplace(key.hex, value);
    shared += is_new ? 0 : 1;
    EXPECT_EQ(found->second, value) << seed;
  }
  EXPECT_GT(shared, kNetworks / 4);
}

// Changes that keep all shapes.
std::string OtherOperation(const std::string& operation) {
  if (operation == "relu") return "tanh";
  if (operation == "hard_swish") return "silu";
  if (operation == "sigmoid") return "hard_sigmoid";
  if (operation == "mean") return "multiply";
  return "";
}

TEST(Key, AChangedLiveOperationChangesIt) {
  int changed = 0;
  for (uint64_t seed = 0; seed < kNetworks; ++seed) {
    const Network live = Live(Random(seed));
    const Key key = ComputeKey(live);
    for (size_t i = 0; i < live.nodes.size(); ++i) {
      const std::string other = OtherOperation(live.nodes[i].operation);
      if (other.empty()) continue;
      Network copy = live;
      copy.nodes[i].operation = other;
      EXPECT_NE(ComputeKey(Live(copy)).hex, key.hex) << seed;
      ++changed;
    }
  }
  EXPECT_GT(changed, kNetworks);
}

TEST(Key, AChangedLiveAttributeChangesIt) {
  int changed = 0;
  for (uint64_t seed = 0; seed < kNetworks; ++seed) {
    const Network live = Live(Random(seed));
    const Key key = ComputeKey(live);
    for (size_t i = 0; i < live.nodes.size(); ++i) {
      Network copy = live;
      Attributes& attributes = copy.nodes[i].attributes;
      if (attributes.contains("eps")) {
        attributes["eps"] = 1e-3;
      } else if (attributes.contains("count_include_pad")) {
        attributes["count_include_pad"] = true;
      } else if (attributes.contains("p")) {
        attributes["p"] = 0.25;
      } else if (attributes.contains("dilation") && live.nodes[i].operation == "conv2d" &&
                 IntegersOf(attributes, "kernel")[0] == 3) {
        attributes["dilation"] = std::vector<int64_t>{2, 2};
        attributes["padding"] = std::vector<int64_t>{2, 2};
      } else {
        continue;
      }
      EXPECT_NE(ComputeKey(Live(copy)).hex, key.hex) << seed;
      ++changed;
    }
  }
  EXPECT_GT(changed, kNetworks);
}

TEST(Key, AChangedLiveEdgeChangesItUnlessTheNetworkIsTheSame) {
  int changed = 0;
  int equal = 0;
  for (uint64_t seed = 0; seed < kNetworks; ++seed) {
    const Network live = Live(Random(seed));
    const Key key = ComputeKey(live);
    RandomStream random(seed, 5);
    for (int tries = 0; tries < 3; ++tries) {
      const int i = 1 + static_cast<int>(random.Below(live.nodes.size() - 1));
      Network copy = live;
      int& input = copy.nodes[i].inputs[random.Below(copy.nodes[i].inputs.size())];
      const int other = static_cast<int>(random.Below(i));
      if (other == input || live.nodes[other].shape != live.nodes[input].shape) continue;
      input = other;
      copy = Live(copy);
      const Key copy_key = ComputeKey(copy);
      if (copy_key.hex == key.hex) {
        EXPECT_EQ(EvaluateByOrder(copy, copy_key), EvaluateByOrder(live, key)) << seed;
        ++equal;
      }
      ++changed;
    }
  }
  EXPECT_GT(changed, kNetworks / 2);
  EXPECT_LT(equal, changed / 20);
}

// `count` branches of a convolution, a norm and a convolution between the same two nodes: their
// permutations are automorphisms.
Network Branches(int count, bool crossed) {
  const Attributes convolution = {{"channels", 4}, {"kernel", 3}, {"padding", 1}};
  NetworkBuilder builder;
  builder.Add("image", "input", {{"shape", std::vector<int64_t>{4, 8, 8}}}, {}).value();
  std::vector<int> nodes;
  for (int i = 0; i < count; ++i) {
    nodes.push_back(*builder.Add(absl::StrCat("a", i), "conv2d", convolution, {0}));
  }
  std::vector<int> ends;
  for (int i = 0; i < count; ++i) {
    const int next = crossed ? nodes[(i + 1) % count] : nodes[i];
    const int both = crossed ? *builder.Add(absl::StrCat("b", i), "multiply", {}, {nodes[i], next})
                             : *builder.Add(absl::StrCat("b", i), "batch_norm", {}, {nodes[i]});
    ends.push_back(*builder.Add(absl::StrCat("c", i), "conv2d", convolution, {both}));
  }
  builder.AddOutput("logits", *builder.Add("sum", "add", {}, ends));
  return builder.Take();
}

TEST(Key, TwinsAreCollapsedWithTheirNumber) {
  const Network twins = Live(Branches(60, false));
  const KeyGraph graph = MakeKeyGraph(twins);
  EXPECT_EQ(graph.vertices.size(), 3);
  EXPECT_TRUE(ComputeKey(twins).canonical);
  EXPECT_EQ(ComputeKey(twins).order.size(), twins.nodes.size());
  EXPECT_NE(ComputeKey(twins).hex, ComputeKey(Live(Branches(61, false))).hex);
}

TEST(Key, SymmetricNetworksShareItWithTheirCopies) {
  const Network ring = Branches(24, true);
  RandomStream random(1, 6);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(ComputeKey(Live(ring)).hex, ComputeKey(Live(Disguise(ring, random))).hex);
  }
  // Two rings of 12 look the same from every vertex.
  Network rings = ring;
  for (int& input : rings.nodes[25 + 2 * 11].inputs) {
    if (input == 13) input = 1;
  }
  for (int& input : rings.nodes[25 + 2 * 23].inputs) {
    if (input == 1) input = 13;
  }
  EXPECT_NE(ComputeKey(Live(ring)).hex, ComputeKey(Live(rings)).hex);
}

TEST(Key, PastTheWorkLimitItIsMarkedAndOfTheNetworkAsItStands) {
  const Network ring = Live(Branches(40, true));
  RandomStream random(1, 8);
  const Network copy = Live(Disguise(ring, random));
  const Key key = ComputeKey(ring, 1);
  EXPECT_FALSE(key.canonical);
  EXPECT_EQ(key.hex.size(), 65);
  EXPECT_EQ(key.hex[0], 'u');
  EXPECT_EQ(key.order.size(), ring.nodes.size());
  EXPECT_EQ(ComputeKey(ring, 1).hex, key.hex);
  EXPECT_NE(ComputeKey(copy, 1).hex, key.hex);
  // A later call is not disturbed by one that was stopped.
  EXPECT_TRUE(ComputeKey(ring).canonical);
  EXPECT_EQ(ComputeKey(copy).hex, ComputeKey(ring).hex);
}

TEST(Key, GraphsOfTwoThousandNodesStayWithinTheWorkLimit) {
  for (const Network& network : {Live(Branches(667, true)), Live(Branches(667, false)), [] {
                                   RandomStream random(1, 7);
                                   return Live(RandomNetwork(random, 3000));
                                 }()}) {
    EXPECT_TRUE(ComputeKey(network).canonical) << network.nodes.size();
  }
}

TEST(Key, ThreadsAgree) {
  std::vector<std::string> expected;
  for (uint64_t seed = 0; seed < 50; ++seed) expected.push_back(ComputeKey(Live(Random(seed))).hex);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&expected] {
      for (uint64_t seed = 0; seed < 50; ++seed) {
        EXPECT_EQ(ComputeKey(Live(Random(seed))).hex, expected[seed]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Key, IsTheSameInEveryRunAndOnEveryPlatform) {
  NetworkBuilder builder;
  builder.Add("image", "input", {{"shape", std::vector<int64_t>{3, 8, 8}}}, {}).value();
  builder.Add("c", "conv2d", {{"channels", 4}, {"kernel", 3}}, {0}).value();
  builder.AddOutput("logits", 1);
  EXPECT_EQ(ComputeKey(Live(builder.Take())).hex,
            "c272500af146d54f2412f4fd1bffbd4f8a410adacfcb7c15327fd35e4eaf072b");
}

}  // namespace
}  // namespace nascent::network
