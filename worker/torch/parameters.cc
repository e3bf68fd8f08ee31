#include "worker/torch/parameters.h"

#include <ATen/ATen.h>

#include "common/random.h"

namespace nascent::worker {
namespace {

// Tensors begin at multiples of a cache line.
constexpr int64_t kAlignment = 16;

std::vector<int64_t> Strides(const std::vector<int64_t>& shape) {
  if (shape.size() == 4) return {shape[1] * shape[2] * shape[3], 1, shape[3] * shape[1], shape[1]};
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

int64_t Count(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (int64_t dimension : shape) count *= dimension;
  return count;
}

at::Tensor Initial(const ParameterSpec& spec, uint64_t seed) {
  at::Tensor values = at::full(spec.shape, spec.value, at::kFloat);
  if (spec.bound > 0) {
    RandomStream random(seed, HashName(spec.name));
    float* at = values.data_ptr<float>();
    for (int64_t i = 0; i < values.numel(); ++i) {
      at[i] = static_cast<float>((2 * random.Uniform() - 1) * spec.bound);
    }
  }
  return values;
}

}  // namespace

uint64_t HashName(std::string_view name) {
  uint64_t hash = 0xCBF29CE484222325;
  for (char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3;
  return hash;
}

Parameters::Parameters(const std::vector<ParameterSpec>& specs, uint64_t seed, at::Device device) {
  std::vector<int64_t> offsets;
  int64_t size = 0;
  for (const ParameterSpec& spec : specs) {
    offsets.push_back(size);
    count_ += Count(spec.shape);
    size += (Count(spec.shape) + kAlignment - 1) / kAlignment * kAlignment;
  }
  flat_ = at::zeros({size}, at::TensorOptions(at::kFloat).device(device));
  flat_gradients_ = at::zeros_like(flat_);
  for (size_t i = 0; i < specs.size(); ++i) {
    const std::vector<int64_t> strides = Strides(specs[i].shape);
    at::Tensor tensor = flat_.as_strided(specs[i].shape, strides, offsets[i]);
    tensor.copy_(Initial(specs[i], seed));
    tensor.set_requires_grad(true);
    tensor.mutable_grad() = flat_gradients_.as_strided(specs[i].shape, strides, offsets[i]);
    named_.push_back({specs[i].name, std::move(tensor)});
  }
}

std::vector<NamedTensor> Parameters::ViewsOf(const at::Tensor& buffer) const {
  std::vector<NamedTensor> views;
  for (const NamedTensor& p : named_) {
    views.push_back({p.name, buffer.as_strided(p.tensor.sizes(), p.tensor.strides(),
                                               p.tensor.storage_offset())});
  }
  return views;
}

at::Tensor Parameters::Find(std::string_view name) const {
  for (const NamedTensor& parameter : named_) {
    if (parameter.name == name) return parameter.tensor;
  }
  return {};
}

}  // namespace nascent::worker
