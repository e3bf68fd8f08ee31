// Networks that share a key compute the same: LibTorch's outputs are equal when parameters are set
// equal through the matching of the two canonical orders.

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "common/network/key.h"
#include "common/network/live.h"
#include "common/network/random_network.h"
#include "common/space/sampler.h"
#include "common/space/testing/small_presets.h"
#include "worker/torch/network_module.h"

namespace nascent::worker {
namespace {

using network::Key;
using network::Network;

// Random values in a range in which activations neither vanish nor grow.
void FillByPlace(const Parameters& parameters, uint64_t seed) {
  const at::NoGradGuard no_grad;
  at::manual_seed(seed);
  for (const NamedTensor& parameter : parameters.named()) {
    at::Tensor values = parameter.tensor;
    const bool weight = values.dim() > 1;
    const double scale = weight ? std::sqrt(2.0 * values.size(0) / values.numel()) : 0.2;
    values.copy_(at::randn(values.sizes()) * scale + (weight ? 0 : 0.5));
  }
}

// Copies `from`'s parameters to the nodes of `to` that stand at the same places.
void CopyThroughOrders(const NetworkModule& from, const Key& from_key, const NetworkModule& to,
                       const Key& to_key) {
  const at::NoGradGuard no_grad;
  ASSERT_EQ(from_key.order.size(), to_key.order.size());
  std::map<std::string, std::string> partner;  // path of `to` → path of `from`
  for (size_t k = 0; k < to_key.order.size(); ++k) {
    partner[to.network().nodes[to_key.order[k]].path] =
        from.network().nodes[from_key.order[k]].path;
  }
  ASSERT_EQ(from.parameters().named().size(), to.parameters().named().size());
  for (const NamedTensor& parameter : to.parameters().named()) {
    const size_t dot = parameter.name.rfind('.');
    const std::string name = partner.at(parameter.name.substr(0, dot)) + parameter.name.substr(dot);
    const at::Tensor source = from.parameters().Find(name);
    ASSERT_TRUE(source.defined()) << name;
    ASSERT_EQ(source.sizes(), parameter.tensor.sizes()) << name;
    at::Tensor target = parameter.tensor;
    target.copy_(source);
  }
}

network::Shape InputShape(const Network& network) {
  for (const network::Node& node : network.nodes) {
    if (node.operation == "input") return node.shape;
  }
  return {};
}

bool IsRandom(const Network& network) {
  return std::ranges::any_of(network.nodes, [](const network::Node& node) {
    return node.operation == "dropout" || node.operation == "drop_path";
  });
}

// `a` and `b` share a key.
void ExpectEqualOutputs(const Network& a, const Key& a_key, const Network& b, const Key& b_key) {
  auto first = NetworkModule::Create(a, 1, at::kCPU);
  auto second = NetworkModule::Create(b, 2, at::kCPU);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(second.ok()) << second.status();
  FillByPlace((*first)->parameters(), 7);
  ASSERT_NO_FATAL_FAILURE(CopyThroughOrders(**first, a_key, **second, b_key));
  const at::NoGradGuard no_grad;
  const network::Shape shape = InputShape(a);
  at::manual_seed(1);
  const at::Tensor x = at::randn({2, shape[0], shape[1], shape[2]});
  // Norms use the statistics of the batch where nothing is drawn at random.
  RandomStream random(1, 1);
  const Pass pass{.training = !IsRandom(a), .random = &random};
  const at::Tensor y = (*first)->Forward(x, pass).front();
  const at::Tensor z = (*second)->Forward(x, pass).front();
  EXPECT_TRUE(y.isfinite().all().item<bool>());
  // Sums are taken in another order.
  const float size = std::max(1.0F, y.abs().max().item<float>());
  EXPECT_LT((y - z).abs().max().item<float>(), 1e-3F * size);
}

TEST(KeysTest, RelabelledAndReorderedCopiesOfEveryPresetComputeTheSame) {
  for (const std::string& preset : space::testing::PresetNames()) {
    SCOPED_TRACE(preset);
    const auto space = space::testing::SmallSpace(preset);
    ASSERT_NE(space, nullptr);
    for (uint64_t i = 0; i < 8; ++i) {
      RandomStream random(3, i);
      const auto genotype = space::Sample(*space, random);
      ASSERT_TRUE(genotype.ok()) << genotype.status();
      SCOPED_TRACE(space->Print(*genotype));
      const Network network = space->Build(*genotype).value();
      const Network live = network::Live(network);
      const Network other = network::Live(network::Disguise(network, random));
      const Key key = network::ComputeKey(live);
      const Key other_key = network::ComputeKey(other);
      ASSERT_EQ(key.hex, other_key.hex);
      ExpectEqualOutputs(live, key, other, other_key);
      if (HasFailure()) return;
    }
  }
}

TEST(KeysTest, DifferentGenotypesAndNetworksThatShareAKeyComputeTheSame) {
  std::map<std::string, std::pair<Network, Key>> known;
  int pairs = 0;
  const auto take = [&](const Network& network) {
    const Network live = network::Live(network);
    const Key key = network::ComputeKey(live);
    const auto [found, is_new] = known.try_emplace(key.hex, live, key);
    // A network without a path from its input has no parameters that act on it.
    if (is_new || InputShape(live).empty()) return;
    ++pairs;
    ExpectEqualOutputs(found->second.first, found->second.second, live, key);
  };
  const auto space = space::testing::SmallSpace("nas-bench-201");
  ASSERT_NE(space, nullptr);
  RandomStream random(4, 0);
  for (int i = 0; i < 1000 && !HasFailure(); ++i) {
    const space::Genotype genotype = space->decisions().Sample(random);
    SCOPED_TRACE(space->Print(genotype));
    take(space->Build(genotype).value());
  }
  EXPECT_GT(pairs, 100);
  // Networks of every operation that the rules of live networks tell apart.
  for (uint64_t i = 0; i < 1000 && !HasFailure(); ++i) {
    SCOPED_TRACE(i);
    RandomStream stream(5, i);
    take(network::RandomNetwork(stream, 4));
  }
  EXPECT_GT(pairs, 500);
}

}  // namespace
}  // namespace nascent::worker
