#include "worker/torch/step_number.h"

#include <ATen/ATen.h>

namespace nascent::worker {

void StepNumber::MoveTo(at::Device device) {
  on_device_ = at::full({}, value_, at::TensorOptions(at::kFloat).device(device));
}

void StepNumber::Set(double value) {
  if (on_device_.defined() && value != value_) on_device_.fill_(value);
  value_ = value;
}

void StepNumber::AddProduct(const at::Tensor& x, at::Tensor& y) const {
  if (on_device_.defined()) {
    y.addcmul_(x, on_device_);
  } else {
    y.add_(x, value_);
  }
}

void StepNumber::AddQuotient(const at::Tensor& x, const at::Tensor& z, at::Tensor& y) const {
  if (on_device_.defined()) {
    y.addcdiv_(x * on_device_, z);
  } else {
    y.addcdiv_(x, z, value_);
  }
}

void StepNumber::Multiply(at::Tensor& y) const {
  if (on_device_.defined()) {
    y.mul_(on_device_);
  } else {
    y.mul_(value_);
  }
}

void StepNumber::Divide(at::Tensor& y) const {
  if (on_device_.defined()) {
    y.div_(on_device_);
  } else {
    y.div_(value_);
  }
}

}  // namespace nascent::worker
