#include "worker/torch/optimizer.h"

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <vector>

#include "gtest/gtest.h"

namespace nascent::worker {
namespace {

constexpr int kSteps = 25;

// A bowl with a different slope at each place, and some noise that both see.
at::Tensor Gradient(const at::Tensor& parameters, int step) {
  const at::Tensor slopes = at::linspace(0.1, 3, parameters.numel());
  return slopes * (parameters - 1) + at::sin(slopes * step);
}

using MakeReference =
    std::function<std::unique_ptr<torch::optim::Optimizer>(std::vector<at::Tensor>)>;

void ExpectSame(const v1::Optimizer& settings, const MakeReference& make) {
  at::Tensor ours = at::linspace(-2, 2, 40);
  at::Tensor gradients = at::zeros_like(ours);
  at::Tensor theirs = ours.clone().requires_grad_(true);
  FlatOptimizer optimizer(settings, /*gradient_clip=*/0, ours, gradients);
  const auto reference = make({theirs});
  for (int step = 0; step < kSteps; ++step) {
    gradients.copy_(Gradient(ours, step));
    theirs.mutable_grad() = Gradient(theirs.detach(), step);
    optimizer.Step(1);
    reference->step();
    ASSERT_TRUE(at::allclose(ours, theirs, 1e-4, 1e-5)) << "step " << step;
  }
  EXPECT_EQ(optimizer.steps(), kSteps);
  EXPECT_GT((ours - at::linspace(-2, 2, 40)).abs().max().item<float>(), 0.01);
}

TEST(OptimizerTest, SgdWithAllItsSettingsIsThatOfPyTorch) {
  for (const bool nesterov : {false, true}) {
    for (const double momentum : {0.0, 0.9}) {
      if (nesterov && momentum == 0) continue;
      v1::Optimizer settings;
      settings.mutable_sgd()->set_learning_rate(0.05);
      settings.mutable_sgd()->set_momentum(momentum);
      settings.mutable_sgd()->set_nesterov(nesterov);
      settings.mutable_sgd()->set_weight_decay(0.01);
      ExpectSame(settings, [&](std::vector<at::Tensor> parameters) {
        return std::make_unique<torch::optim::SGD>(
            parameters,
            torch::optim::SGDOptions(0.05).momentum(momentum).nesterov(nesterov).weight_decay(
                0.01));
      });
    }
  }
}

TEST(OptimizerTest, UnsetFieldsTakeTheDefaultsOfTheRecipe) {
  ExpectSame({}, [](std::vector<at::Tensor> parameters) {
    return std::make_unique<torch::optim::SGD>(
        parameters, torch::optim::SGDOptions(0.1).momentum(0.9).nesterov(true).weight_decay(5e-4));
  });
  v1::Optimizer settings;
  settings.mutable_adamw();
  ExpectSame(settings, [](std::vector<at::Tensor> parameters) {
    return std::make_unique<torch::optim::AdamW>(
        parameters, torch::optim::AdamWOptions(1e-3).weight_decay(0.01));
  });
}

TEST(OptimizerTest, AdamIsThatOfPyTorch) {
  v1::Optimizer settings;
  settings.mutable_adam()->set_learning_rate(0.02);
  settings.mutable_adam()->set_beta1(0.8);
  settings.mutable_adam()->set_beta2(0.95);
  settings.mutable_adam()->set_epsilon(1e-6);
  settings.mutable_adam()->set_weight_decay(0.1);
  ExpectSame(settings, [](std::vector<at::Tensor> parameters) {
    return std::make_unique<torch::optim::Adam>(
        parameters, torch::optim::AdamOptions(0.02).betas({0.8, 0.95}).eps(1e-6).weight_decay(0.1));
  });
}

TEST(OptimizerTest, AdamWDecaysApartFromTheGradient) {
  v1::Optimizer settings;
  settings.mutable_adamw()->set_learning_rate(0.02);
  settings.mutable_adamw()->set_weight_decay(0.3);
  ExpectSame(settings, [](std::vector<at::Tensor> parameters) {
    return std::make_unique<torch::optim::AdamW>(
        parameters, torch::optim::AdamWOptions(0.02).weight_decay(0.3));
  });
}

TEST(OptimizerTest, RmsPropIsThatOfPyTorch) {
  for (const double momentum : {0.0, 0.9}) {
    v1::Optimizer settings;
    settings.mutable_rmsprop()->set_learning_rate(0.01);
    settings.mutable_rmsprop()->set_momentum(momentum);
    settings.mutable_rmsprop()->set_decay(0.95);
    settings.mutable_rmsprop()->set_epsilon(1e-3);
    settings.mutable_rmsprop()->set_weight_decay(0.05);
    ExpectSame(settings, [&](std::vector<at::Tensor> parameters) {
      return std::make_unique<torch::optim::RMSprop>(
          parameters,
          torch::optim::RMSpropOptions(0.01).momentum(momentum).alpha(0.95).eps(1e-3).weight_decay(
              0.05));
    });
  }
}

TEST(OptimizerTest, TheFactorScalesTheRateAndTheClipTheGradient) {
  v1::Optimizer settings;
  settings.mutable_sgd()->set_learning_rate(1);
  settings.mutable_sgd()->set_momentum(0);
  settings.mutable_sgd()->set_weight_decay(0);
  at::Tensor parameters = at::zeros({4});
  at::Tensor gradients = at::full({4}, 3.0F);  // norm 6
  FlatOptimizer clipped(settings, /*gradient_clip=*/2, parameters, gradients);
  clipped.Step(0.5);
  EXPECT_TRUE(at::allclose(parameters, at::full({4}, -0.5F), 0, 1e-5));
  gradients.fill_(0.1F);  // Below the limit it stays.
  parameters.zero_();
  clipped.Step(1);
  EXPECT_TRUE(at::allclose(parameters, at::full({4}, -0.1F), 0, 1e-6));
}

}  // namespace
}  // namespace nascent::worker
