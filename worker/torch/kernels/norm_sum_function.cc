#include "worker/torch/kernels/norm_sum_function.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "worker/torch/kernels/batch_norm.h"
#include "worker/torch/kernels/batch_statistics.h"
#include "worker/torch/kernels/fast_tensors.h"
#include "worker/torch/kernels/norm_sum.h"

namespace nascent::worker {
namespace {

using kernels::ChannelsLast;
using kernels::EmptyLike;
using kernels::RowsOf;
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

using Terms = std::span<const SumTerm>;

// Tensors that gradients go to are the first argument: each term's x, and then gamma and beta of
// each norm.
class NormalizedSum : public torch::autograd::Function<NormalizedSum> {
 public:
  static variable_list forward(AutogradContext* context, at::ArrayRef<at::Tensor> tensors,
                               const Terms* terms, bool relu) {
    context->set_materialize_grads(false);
    const kernels::Rows size = RowsOf(tensors[0]);
    std::vector<kernels::BatchStatistics> statistics;
    variable_list saved;
    std::vector<int64_t> normalized;
    size_t next = terms->size();
    for (size_t i = 0; i < terms->size(); ++i) {
      normalized.push_back((*terms)[i].norm.has_value() ? 1 : 0);
      statistics.emplace_back();
      if (!(*terms)[i].norm.has_value()) continue;
      statistics[i] =
          kernels::LookAt(*(*terms)[i].norm, tensors[i], tensors[next], tensors[next + 1]);
      saved.insert(saved.end(), {tensors[i], tensors[next], statistics[i].saved});
      next += 2;
    }
    variable_list outputs = {EmptyLike(tensors[0])};
    if (relu) outputs.push_back(EmptyLike(tensors[0]));
    kernels::ForEachPiece(size, [&](int64_t, int64_t row, int64_t rows) {
      const kernels::Rows piece = {rows, size.channels};
      const int64_t first = row * size.channels;
      const int64_t count = rows * size.channels;
      float* y = outputs[0].data_ptr<float>() + first;
      for (size_t i = 0; i < terms->size(); ++i) {
        const float* x = tensors[i].data_ptr<float>() + first;
        const float* scale = statistics[i].scale.data();
        const float* shift = statistics[i].shift.data();
        if (normalized[i] != 0 && i == 0) {
          kernels::ScaleShift(piece, x, scale, shift, /*relu=*/false, y);
        } else if (normalized[i] != 0) {
          kernels::AddScaled(piece, x, scale, shift, y);
        } else if (i == 0) {
          std::copy_n(x, count, y);
        } else {
          kernels::AddValues(count, x, y);
        }
      }
      if (relu) kernels::Relu(count, y, outputs[1].data_ptr<float>() + first);
    });
    if (relu) saved.push_back(outputs[1]);
    context->save_for_backward(std::move(saved));
    context->saved_data["normalized"] = normalized;
    return outputs;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const std::vector<int64_t> normalized = context->saved_data["normalized"].toIntVector();
    const auto norms = static_cast<size_t>(std::count(normalized.begin(), normalized.end(), 1));
    const at::Tensor dy = gradients[0].defined() ? ChannelsLast(gradients[0]) : at::Tensor();
    const bool masked = gradients.size() > 1 && gradients[1].defined();
    const at::Tensor dr = masked ? ChannelsLast(gradients[1]) : at::Tensor();
    const at::Tensor d = masked ? EmptyLike(dr) : dy;
    const kernels::Rows size = RowsOf(d);
    // Per norm the sums of d, and of d * (x - mean), while the piece of d is in a cache.
    const auto at = [](const at::Tensor& tensor, int64_t first) {
      return tensor.defined() ? tensor.data_ptr<float>() + first : nullptr;
    };
    std::vector<kernels::PieceSums> sums(norms, kernels::PieceSums(size));
    kernels::ForEachPiece(size, [&](int64_t piece, int64_t row, int64_t rows) {
      const int64_t first = row * size.channels;
      if (masked) {
        kernels::ReluGradient(rows * size.channels, at(dy, first), at(dr, first),
                              at(saved.back(), first), at(d, first));
      }
      for (size_t k = 0; k < norms; ++k) {
        kernels::GradientSums({rows, size.channels}, at(saved[3 * k], first), at(d, first), nullptr,
                              saved[3 * k + 2].data_ptr<float>(), sums[k].first(piece),
                              sums[k].second(piece));
      }
    });
    variable_list result;
    variable_list of_parameters;
    size_t k = 0;
    for (const int64_t with_norm : normalized) {
      if (with_norm == 0) {
        result.push_back(d);
        continue;
      }
      const at::Tensor& x = saved[3 * k];
      const kernels::NormGradients norm =
          kernels::GradientsOf(sums[k].Total(), size.rows, saved[3 * k + 2], saved[3 * k + 1]);
      at::Tensor dx = EmptyLike(x);
      kernels::ForEachPiece(size, [&](int64_t, int64_t row, int64_t rows) {
        const int64_t first = row * size.channels;
        kernels::NormGradient({rows, size.channels}, at(x, first), at(d, first), nullptr,
                              norm.a.data(), norm.b.data(), norm.c.data(), at(dx, first));
      });
      result.push_back(std::move(dx));
      of_parameters.insert(of_parameters.end(), {norm.d_gamma, norm.d_beta});
      ++k;
    }
    result.insert(result.end(), of_parameters.begin(), of_parameters.end());
    result.insert(result.end(), 2, Variable());
    return result;
  }
};

bool IsFast(Terms terms) {
  return std::all_of(terms.begin(), terms.end(), [](const SumTerm& term) {
    return kernels::IsFast(kernels::Family::kNormSum, term.x) && term.x.dim() == 4;
  });
}

}  // namespace

SumAndRelu AddNormalized(Terms terms, bool relu) {
  if (!IsFast(terms)) {
    at::Tensor sum;
    for (const SumTerm& term : terms) {
      const at::Tensor value =
          term.norm.has_value() ? NormalizeBatch(*term.norm, term.x, true, false) : term.x;
      sum = sum.defined() ? sum + value : value;
    }
    return {sum, relu ? at::relu(sum) : at::Tensor()};
  }
  std::vector<at::Tensor> tensors;
  for (const SumTerm& term : terms) tensors.push_back(ChannelsLast(term.x));
  for (const SumTerm& term : terms) {
    if (!term.norm.has_value()) continue;
    tensors.push_back(term.norm->gamma());
    tensors.push_back(term.norm->beta());
  }
  const variable_list outputs =
      NormalizedSum::apply(at::ArrayRef<at::Tensor>(tensors), &terms, relu);
  return {outputs[0], relu ? outputs[1] : at::Tensor()};
}

}  // namespace nascent::worker
