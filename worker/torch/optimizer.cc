#include "worker/torch/optimizer.h"

#include <ATen/ATen.h>

#include <cmath>

#include "common/recipe/resolve_recipe.h"

namespace nascent::worker {
namespace {

// Every field set.
v1::Optimizer WithDefaults(v1::Optimizer settings) {
  recipe::FillDefaults(settings);
  return settings;
}

}  // namespace

FlatOptimizer::FlatOptimizer(const v1::Optimizer& settings, double gradient_clip,
                             at::Tensor parameters, at::Tensor gradients)
    : settings_(WithDefaults(settings)),
      gradient_clip_(gradient_clip),
      parameters_(std::move(parameters)),
      gradients_(std::move(gradients)) {
  int moments = 0;
  switch (settings_.kind_case()) {
    case v1::Optimizer::kAdam:
      learning_rate_ = settings_.adam().learning_rate();
      moments = 2;
      break;
    case v1::Optimizer::kAdamw:
      learning_rate_ = settings_.adamw().learning_rate();
      moments = 2;
      break;
    case v1::Optimizer::kRmsprop:
      learning_rate_ = settings_.rmsprop().learning_rate();
      moments = settings_.rmsprop().momentum() > 0 ? 2 : 1;
      break;
    case v1::Optimizer::kSgd:
    case v1::Optimizer::KIND_NOT_SET:
      learning_rate_ = settings_.sgd().learning_rate();
      moments = settings_.sgd().momentum() > 0 ? 1 : 0;
      break;
  }
  for (int i = 0; i < moments; ++i) state_.push_back(at::zeros_like(parameters_));
}

void FlatOptimizer::KeepNumbersOnDevice() {
  for (StepNumber* number : {&descent_, &kept_, &correction_}) number->MoveTo(parameters_.device());
}

void FlatOptimizer::Step(double factor) {
  Advance(factor);
  Apply();
}

void FlatOptimizer::Advance(double factor) {
  const double rate = learning_rate_ * factor;
  ++steps_;
  switch (settings_.kind_case()) {
    case v1::Optimizer::kAdam:
      return AdvanceAdam(settings_.adam(), rate);
    case v1::Optimizer::kAdamw:
      return AdvanceAdam(settings_.adamw(), rate);
    case v1::Optimizer::kRmsprop:
    case v1::Optimizer::kSgd:
    case v1::Optimizer::KIND_NOT_SET:
      return descent_.Set(-rate);
  }
}

void FlatOptimizer::AdvanceAdam(const v1::Adam& adam, double rate) {
  const double correction1 = 1 - std::pow(adam.beta1(), static_cast<double>(steps_));
  const double correction2 = 1 - std::pow(adam.beta2(), static_cast<double>(steps_));
  descent_.Set(-rate / correction1);
  correction_.Set(std::sqrt(correction2));
  kept_.Set(1 - rate * adam.weight_decay());
}

void FlatOptimizer::Apply() {
  if (gradient_clip_ > 0) {
    // On the device, without waiting for it: min(1, clip / (norm + 1e-6)), as PyTorch does.
    gradients_.mul_((gradient_clip_ / (gradients_.norm() + 1e-6)).clamp_max_(1.0));
  }
  switch (settings_.kind_case()) {
    case v1::Optimizer::kAdam:
      return ApplyAdam(/*decoupled=*/false);
    case v1::Optimizer::kAdamw:
      return ApplyAdam(/*decoupled=*/true);
    case v1::Optimizer::kRmsprop:
      return ApplyRmsProp();
    case v1::Optimizer::kSgd:
    case v1::Optimizer::KIND_NOT_SET:
      return ApplySgd();
  }
}

void FlatOptimizer::ApplySgd() {
  const v1::Sgd& sgd = settings_.sgd();
  if (sgd.weight_decay() > 0) gradients_.add_(parameters_, sgd.weight_decay());
  if (sgd.momentum() == 0) return descent_.AddProduct(gradients_, parameters_);
  // From a zero buffer the first step gives the gradient itself, as torch.optim.SGD has it.
  state_[0].mul_(sgd.momentum()).add_(gradients_);
  if (sgd.nesterov()) {
    descent_.AddProduct(gradients_.add_(state_[0], sgd.momentum()), parameters_);
  } else {
    descent_.AddProduct(state_[0], parameters_);
  }
}

void FlatOptimizer::ApplyAdam(bool decoupled) {
  const v1::Adam& adam = decoupled ? settings_.adamw() : settings_.adam();
  if (adam.weight_decay() > 0) {
    if (decoupled) {
      kept_.Multiply(parameters_);
    } else {
      gradients_.add_(parameters_, adam.weight_decay());
    }
  }
  state_[0].mul_(adam.beta1()).add_(gradients_, 1 - adam.beta1());
  state_[1].mul_(adam.beta2()).addcmul_(gradients_, gradients_, 1 - adam.beta2());
  at::Tensor denominator = state_[1].sqrt();
  correction_.Divide(denominator);
  descent_.AddQuotient(state_[0], denominator.add_(adam.epsilon()), parameters_);
}

void FlatOptimizer::ApplyRmsProp() {
  const v1::RmsProp& rms = settings_.rmsprop();
  if (rms.weight_decay() > 0) gradients_.add_(parameters_, rms.weight_decay());
  state_[0].mul_(rms.decay()).addcmul_(gradients_, gradients_, 1 - rms.decay());
  const at::Tensor denominator = state_[0].sqrt().add_(rms.epsilon());
  if (rms.momentum() > 0) {
    state_[1].mul_(rms.momentum()).addcdiv_(gradients_, denominator);
    descent_.AddProduct(state_[1], parameters_);
  } else {
    descent_.AddQuotient(gradients_, denominator, parameters_);
  }
}

}  // namespace nascent::worker
