#include "worker/torch/kernels/sum_function.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "worker/torch/kernels/fast_tensors.h"
#include "worker/torch/kernels/sum.h"

namespace nascent::worker {
namespace {

using kernels::EmptyLike;
using kernels::IsFast;
using kernels::kPieceValues;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class SumFunction : public torch::autograd::Function<SumFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, at::ArrayRef<at::Tensor> terms) {
    context->saved_data["count"] = static_cast<int64_t>(terms.size());
    return Add(terms);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    return variable_list(static_cast<size_t>(context->saved_data["count"].toInt()), gradients[0]);
  }

  static at::Tensor Add(at::ArrayRef<at::Tensor> terms) {
    at::Tensor y = EmptyLike(terms[0]);
    std::vector<const float*> at;
    for (const at::Tensor& term : terms) at.push_back(term.data_ptr<float>());
    float* to = y.data_ptr<float>();
    const auto count = static_cast<int64_t>(at.size());
    at::parallel_for(0, y.numel(), kPieceValues, [&](int64_t begin, int64_t end) {
      std::vector<const float*> from(at);
      for (const float*& term : from) term += begin;
      kernels::Sum(from.data(), count, end - begin, to + begin);
    });
    return y;
  }
};

}  // namespace

at::Tensor SumOf(std::span<const at::Tensor> terms) {
  const auto is_fast = [](const at::Tensor& term) {
    return IsFast(term) && term.is_contiguous(kernels::FormatOf(term));
  };
  if (terms.size() > 2 && std::all_of(terms.begin(), terms.end(), is_fast)) {
    const at::ArrayRef<at::Tensor> all(terms.data(), terms.size());
    return at::GradMode::is_enabled() ? SumFunction::apply(all) : SumFunction::Add(all);
  }
  at::Tensor sum = terms[0];
  for (const at::Tensor& term : terms.subspan(1)) sum = sum + term;
  return sum;
}

}  // namespace nascent::worker
