// Networks of the presets as LibTorch builds them, against what the cost model says of them.

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <ATen/record_function.h>

#include <memory>
#include <string>

#include "common/random.h"
#include "common/space/sampler.h"
#include "common/space/testing/small_presets.h"
#include "gtest/gtest.h"
#include "worker/torch/network_module.h"
#include "worker/torch/tensor_file.h"
#include "worker/torch/testing/test_device.h"

namespace nascent::worker {
namespace {

using space::testing::SmallSpace;

// Counts products of convolutions and linear layers while it lives, from the tensors that LibTorch
// is given.
class ProductCounter {
 public:
  explicit ProductCounter(int64_t batch) {
    batch_ = batch;
    products_ = 0;
    handle_ = at::addThreadLocalCallback(at::RecordFunctionCallback(&Started, &Ended)
                                             .needsInputs(true)
                                             .needsOutputs(true)
                                             .scopes({at::RecordScope::FUNCTION}));
  }
  ~ProductCounter() { at::removeCallback(handle_); }
  ProductCounter(const ProductCounter&) = delete;
  ProductCounter& operator=(const ProductCounter&) = delete;

  int64_t products() const { return products_; }

 private:
  // What a call was given: its inputs can be read while it starts, its outputs when it has ended.
  struct Call : at::ObserverContext {
    int64_t products_per_output = 0;
    int64_t products_of_inputs = 0;  // where each input value is used, not each output made
  };

  static std::unique_ptr<at::ObserverContext> Started(const at::RecordFunction& function) {
    const std::string name = function.name();
    if (name != "aten::convolution" && name != "aten::linear") return nullptr;
    auto call = std::make_unique<Call>();
    const at::Tensor weight = function.inputs()[1].toTensor();
    const int64_t per_value = weight.numel() / weight.size(0);
    if (name == "aten::linear") {
      const at::IValue& bias = function.inputs()[2];
      const bool has_bias = bias.isTensor() && bias.toTensor().defined();
      call->products_per_output = per_value + (has_bias ? 1 : 0);
    } else if (function.inputs()[6].toBool()) {  // transposed
      call->products_of_inputs = function.inputs()[0].toTensor().numel() / batch_ * per_value;
    } else {
      call->products_per_output = per_value;
    }
    return call;
  }

  static void Ended(const at::RecordFunction& function, at::ObserverContext* context) {
    if (context == nullptr) return;
    const auto& call = static_cast<const Call&>(*context);
    products_ += call.products_of_inputs;
    if (call.products_per_output == 0) return;
    products_ += function.outputs()[0].toTensor().numel() / batch_ * call.products_per_output;
  }

  static inline int64_t batch_ = 1;
  static inline int64_t products_ = 0;
  at::CallbackHandle handle_ = 0;
};

// Builds it, checks shapes, parameters and products against `costs`, and gives the main output of a
// training pass on `x`.
at::Tensor CheckNetwork(NetworkModule& module, const network::Costs& costs, const at::Tensor& x) {
  int64_t parameters = 0;
  for (const NamedTensor& parameter : module.parameters().named()) {
    parameters += parameter.tensor.numel();
  }
  EXPECT_EQ(parameters, costs.parameters);
  RandomStream random(1, 1);
  const ProductCounter counter(x.size(0));
  const at::Tensor y =
      module
          .Forward(x, Pass{.training = true, .random = &random},
                   [&](int node, const at::Tensor& output) {
                     const network::Shape& shape = module.network().nodes[node].shape;
                     EXPECT_EQ(output.sizes().slice(1), at::IntArrayRef(shape.data(), shape.size()))
                         << module.network().nodes[node].path;
                   })
          .front();
  EXPECT_EQ(counter.products(), costs.multiply_accumulates);
  return y;
}

// Values that no rule of initialisation makes equal by accident, the same for equal names.
void FillByName(const Parameters& parameters) {
  const at::NoGradGuard no_grad;
  for (const NamedTensor& parameter : parameters.named()) {
    at::manual_seed(HashName(parameter.name));
    at::Tensor values = parameter.tensor;
    const double scale = values.dim() > 1 ? std::sqrt(2.0 * values.size(0) / values.numel()) : 0.2;
    values.copy_(at::randn(values.sizes()) * scale + (values.dim() > 1 ? 0 : 0.5));
  }
}

TEST(SpacesTest, TwoHundredNasBench201NetworksAreWhatTheCostModelSaysAndLiveEqualsPublished) {
  const auto space = SmallSpace("nas-bench-201");
  ASSERT_NE(space, nullptr);
  RandomStream random(201, 0);
  at::manual_seed(1);
  const at::Tensor x = at::randn({4, 3, 32, 32});
  int smaller = 0;
  for (int i = 0; i < 200; ++i) {
    const space::Genotype genotype = space->decisions().Sample(random);
    SCOPED_TRACE(space->Print(genotype));
    const auto architecture = space->BuildArchitecture(genotype);
    ASSERT_TRUE(architecture.ok()) << architecture.status();
    auto published = NetworkModule::Create(architecture->published, 1, at::kCPU);
    auto live = NetworkModule::Create(architecture->live, 1, at::kCPU);
    ASSERT_TRUE(published.ok()) << published.status();
    ASSERT_TRUE(live.ok()) << live.status();
    FillByName((*published)->parameters());
    // The same weights: every parameter of the live network is one of the published, by its path.
    const absl::Status same =
        CopyTensors((*published)->parameters().named(), (*live)->parameters().named());
    ASSERT_TRUE(same.ok()) << same;
    const at::NoGradGuard no_grad;
    const at::Tensor all = CheckNetwork(**published, architecture->published_costs, x);
    const at::Tensor some = CheckNetwork(**live, architecture->costs, x);
    EXPECT_LT((all - some).abs().max().item<float>(), 1e-5);
    smaller += architecture->costs.parameters < architecture->published_costs.parameters;
    if (HasFailure()) return;
  }
  EXPECT_GT(smaller, 20);
  EXPECT_LT(smaller, 180);
}

TEST(SpacesTest, FiftyNetworksOfEveryPresetAreWhatTheCostModelSaysAndLearn) {
  // A GPU takes a second for each new network's kernels, and the CPU has seen all fifty.
  const int networks = TestDevice().is_cpu() ? 50 : 5;
  for (const std::string& preset : space::testing::PresetNames()) {
    SCOPED_TRACE(preset);
    const auto space = SmallSpace(preset);
    ASSERT_NE(space, nullptr);
    RandomStream random(50, 0);
    for (int i = 0; i < networks; ++i) {
      const auto genotype = space::Sample(*space, random);
      ASSERT_TRUE(genotype.ok()) << genotype.status();
      SCOPED_TRACE(space->Print(*genotype));
      const auto architecture = space->BuildArchitecture(*genotype);
      ASSERT_TRUE(architecture.ok()) << architecture.status();
      auto live = NetworkModule::Create(architecture->live, 1, TestDevice());
      ASSERT_TRUE(live.ok()) << live.status();
      network::Shape input;
      for (const network::Node& node : architecture->live.nodes) {
        if (node.operation == "input") input = node.shape;
      }
      at::manual_seed(1);
      const at::Tensor x = at::randn({2, input[0], input[1], input[2]}).to(TestDevice());
      const at::Tensor y = CheckNetwork(**live, architecture->costs, x);
      EXPECT_TRUE(y.isfinite().all().item<bool>());
      y.square().mean().backward();
      const at::Tensor& gradients = (*live)->parameters().flat_gradients();
      EXPECT_TRUE(gradients.isfinite().all().item<bool>());
      EXPECT_GT(gradients.abs().max().item<float>(), 0);
      if (HasFailure()) return;
    }
  }
}

TEST(SpacesTest, NetworksForTablesAreWhatTheCostModelSaysAndLearnFromRows) {
  for (const std::string preset : {"mlp", "resnet-tabular"}) {
    SCOPED_TRACE(preset);
    const auto space = space::testing::SmallSpace(preset, {13});
    ASSERT_NE(space, nullptr);
    RandomStream random(13, 0);
    for (int i = 0; i < 30; ++i) {
      const auto genotype = space::Sample(*space, random);
      ASSERT_TRUE(genotype.ok()) << genotype.status();
      SCOPED_TRACE(space->Print(*genotype));
      const auto architecture = space->BuildArchitecture(*genotype);
      ASSERT_TRUE(architecture.ok()) << architecture.status();
      auto live = NetworkModule::Create(architecture->live, 1, TestDevice());
      ASSERT_TRUE(live.ok()) << live.status();
      at::manual_seed(1);
      const at::Tensor x = at::randn({4, 13}).to(TestDevice());
      const at::Tensor y = CheckNetwork(**live, architecture->costs, x);
      y.square().mean().backward();
      const at::Tensor& gradients = (*live)->parameters().flat_gradients();
      EXPECT_TRUE(gradients.isfinite().all().item<bool>());
      EXPECT_GT(gradients.abs().max().item<float>(), 0);
      // A last batch of one row: nothing of it is lasting but what can be learned.
      const at::Tensor one = CheckNetwork(**live, architecture->costs, x.narrow(0, 0, 1));
      EXPECT_TRUE(one.isfinite().all().item<bool>());
      for (const NamedTensor& buffer : (*live)->buffers()) {
        EXPECT_TRUE(buffer.tensor.isfinite().all().item<bool>()) << buffer.name;
      }
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace nascent::worker
