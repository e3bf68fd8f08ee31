// Keys of the presets' networks: copies share them, changes do not.

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "common/network/key.h"
#include "common/network/live.h"
#include "common/network/random_network.h"
#include "common/network/symbolic_evaluation.h"
#include "common/space/sampler.h"
#include "common/space/testing/small_presets.h"
#include "tests/support/repetitions.h"

namespace nascent::space {
namespace {

using network::Key;
using network::Network;
using network::Node;

constexpr unsigned kNetworks = ::nascent::testing::Repetitions(200u);  // of each preset

// What a live network computes when parameters are told apart by their place in the key's order.
std::vector<uint64_t> EvaluateByOrder(const Network& live, const Key& key) {
  std::vector<uint64_t> seeds(live.nodes.size(), 0);
  for (size_t k = 0; k < key.order.size(); ++k) seeds[key.order[k]] = k + 1;
  return network::Evaluate(live, [&seeds](int node) { return seeds[node]; });
}

// Calls `check` with live networks of random genotypes, their keys and a stream of their own.
template <typename Check>
void ForEachNetwork(const std::string& preset, Check check) {
  const auto space = testing::SmallSpace(preset);
  ASSERT_NE(space, nullptr);
  for (uint64_t i = 0; i < kNetworks; ++i) {
    RandomStream random(2000, i);
    const auto genotype = Sample(*space, random);
    ASSERT_TRUE(genotype.ok()) << genotype.status();
    SCOPED_TRACE(space->Print(*genotype));
    const Network network = space->Build(*genotype).value();
    const Network live = network::Live(network);
    check(network, live, network::ComputeKey(live), random);
    if (::testing::Test::HasFailure()) return;
  }
}

class PresetKeys : public ::testing::TestWithParam<std::string> {};

TEST_P(PresetKeys, RelabelledAndReorderedCopiesShareThem) {
  std::map<std::string, std::pair<int64_t, std::vector<uint64_t>>> known;
  ForEachNetwork(GetParam(), [&](const Network& network, const Network& live, const Key& key,
                                 RandomStream& random) {
    const Network other = network::Live(network::Disguise(network, random));
    const Key other_key = network::ComputeKey(other);
    EXPECT_TRUE(key.canonical);
    EXPECT_EQ(key.hex, other_key.hex);
    // Equal keys mean equal networks, for copies and for whatever else shares a key.
    const std::pair value(network::ComputeCosts(live).parameters, EvaluateByOrder(live, key));
    EXPECT_EQ(value, std::pair(network::ComputeCosts(other).parameters,
                               EvaluateByOrder(other, other_key)));
    EXPECT_EQ(known.try_emplace(key.hex, value).first->second, value);
  });
}

// Changes that keep all shapes.
std::string OtherOperation(const std::string& operation) {
  static const std::map<std::string, std::string> kOthers = {
      {"relu", "tanh"},       {"relu6", "relu"},       {"silu", "relu"},     {"gelu", "relu"},
      {"hard_swish", "silu"}, {"sigmoid", "tanh"},     {"multiply", "mean"}, {"mean", "multiply"},
      {"max_pool2d", ""},     {"hard_sigmoid", "tanh"}};
  const auto found = kOthers.find(operation);
  return found == kOthers.end() ? "" : found->second;
}

bool ChangeAttribute(Node& node, RandomStream& random) {
  network::Attributes& attributes = node.attributes;
  if (attributes.contains("eps")) {
    attributes["eps"] = 0.001 + 0.001 * random.Uniform();
  } else if (attributes.contains("count_include_pad")) {
    attributes["count_include_pad"] = !std::get<bool>(attributes.at("count_include_pad"));
  } else if (attributes.contains("bias") && node.operation == "linear") {
    attributes["bias"] = !std::get<bool>(attributes.at("bias"));
  } else {
    return false;
  }
  return true;
}

TEST_P(PresetKeys, AChangedOperationAttributeOrEdgeChangesThem) {
  int operations = 0, attributes = 0, edges = 0;
  ForEachNetwork(
      GetParam(), [&](const Network&, const Network& live, const Key& key, RandomStream& random) {
        const auto pick = [&] { return static_cast<size_t>(random.Below(live.nodes.size())); };
        for (int tries = 0; tries < 10; ++tries) {
          Network copy = live;
          Node& node = copy.nodes[pick()];
          if (OtherOperation(node.operation).empty()) continue;
          node.operation = OtherOperation(node.operation);
          EXPECT_NE(network::ComputeKey(network::Live(copy)).hex, key.hex) << node.path;
          ++operations;
          break;
        }
        for (int tries = 0; tries < 10; ++tries) {
          Network copy = live;
          Node& node = copy.nodes[pick()];
          if (!ChangeAttribute(node, random)) continue;
          EXPECT_NE(network::ComputeKey(network::Live(copy)).hex, key.hex) << node.path;
          ++attributes;
          break;
        }
        for (int tries = 0; tries < 10; ++tries) {
          Network copy = live;
          const size_t i = pick();
          if (copy.nodes[i].inputs.empty()) continue;
          int& input = copy.nodes[i].inputs[random.Below(copy.nodes[i].inputs.size())];
          const int other = static_cast<int>(random.Below(i));
          if (other == input || live.nodes[other].shape != live.nodes[input].shape) continue;
          input = other;
          copy = network::Live(copy);
          const Key copy_key = network::ComputeKey(copy);
          // The same key is right only where the change made no difference.
          if (copy_key.hex == key.hex) {
            EXPECT_EQ(EvaluateByOrder(copy, copy_key), EvaluateByOrder(live, key)) << i;
          } else {
            ++edges;
          }
          break;
        }
      });
  EXPECT_GT(operations + attributes, kNetworks / 2);
  EXPECT_GT(edges, 0);
}

INSTANTIATE_TEST_SUITE_P(Presets, PresetKeys, ::testing::ValuesIn(testing::PresetNames()),
                         [](const auto& preset) {
                           std::string name = preset.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace nascent::space
