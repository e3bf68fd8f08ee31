// The parameters of a network, all in one flat buffer, each by its stable name.

#ifndef NASCENT_WORKER_TORCH_PARAMETERS_H_
#define NASCENT_WORKER_TORCH_PARAMETERS_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nascent::worker {

struct NamedTensor {
  std::string name;  // the node's path + "." + the parameter's own name
  at::Tensor tensor;
};

// How a parameter starts. `bound`: uniform in [-bound, bound]; 0: `value` everywhere.
struct ParameterSpec {
  std::string name;
  std::vector<int64_t> shape;
  double bound = 0;
  double value = 0;
};

// Each tensor is a leaf of autograd and a view of `flat`, its gradient a view of `flat_gradients`;
// so an optimizer needs to know the two flat ones only. Weights of four dimensions are stored
// channels last. Padding between tensors is zero and stays zero.
class Parameters {
 public:
  // A value depends on (seed, name) and its place in its tensor alone: not on the order or number
  // of the others, not on the device, not on LibTorch's version.
  Parameters(const std::vector<ParameterSpec>& specs, uint64_t seed, at::Device device);

  const std::vector<NamedTensor>& named() const { return named_; }
  // Undefined where there is no such parameter.
  at::Tensor Find(std::string_view name) const;

  // The same places in another buffer laid out as `flat`, e.g. an optimizer's moment.
  std::vector<NamedTensor> ViewsOf(const at::Tensor& buffer) const;

  const at::Tensor& flat() const { return flat_; }
  const at::Tensor& flat_gradients() const { return flat_gradients_; }

  // Number of values, padding not counted.
  int64_t count() const { return count_; }

 private:
  std::vector<NamedTensor> named_;
  at::Tensor flat_;
  at::Tensor flat_gradients_;
  int64_t count_ = 0;
};

// 64 bits of a name, the same everywhere (FNV-1a).
uint64_t HashName(std::string_view name);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_PARAMETERS_H_
