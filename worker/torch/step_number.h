// A factor of an optimizer's step that differs from step to step.

#ifndef NASCENT_WORKER_TORCH_STEP_NUMBER_H_
#define NASCENT_WORKER_TORCH_STEP_NUMBER_H_

#include <ATen/core/Tensor.h>

namespace nascent::worker {

// The host holds it while each step is launched by itself. Once MoveTo was called the device holds
// it too: work that is recorded then reads what Set wrote last, whenever it is launched. Used by
// one thread.
class StepNumber {
 public:
  void MoveTo(at::Device device);
  // On a device ordered before the work that is launched next.
  void Set(double value);

  // y += number * x
  void AddProduct(const at::Tensor& x, at::Tensor& y) const;
  // y += number * x / z
  void AddQuotient(const at::Tensor& x, const at::Tensor& z, at::Tensor& y) const;
  // y *= number
  void Multiply(at::Tensor& y) const;
  // y /= number
  void Divide(at::Tensor& y) const;

 private:
  double value_ = 0;
  at::Tensor on_device_;  // [], float32; undefined while the host alone holds it
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_STEP_NUMBER_H_
