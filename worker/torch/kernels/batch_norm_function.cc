#include "worker/torch/kernels/batch_norm_function.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "worker/torch/kernels/batch_norm.h"
#include "worker/torch/kernels/batch_statistics.h"
#include "worker/torch/kernels/fast_tensors.h"

namespace nascent::worker {
namespace {

using kernels::ChannelsLast;
using kernels::EmptyLike;
using kernels::IsFast;
using kernels::RowsOf;
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

void ScaleShift(const at::Tensor& x, const std::vector<float>& scale,
                const std::vector<float>& shift, bool relu, at::Tensor& y) {
  const kernels::Rows size = RowsOf(x);
  const float* from = x.data_ptr<float>();
  float* to = y.data_ptr<float>();
  kernels::ForEachPiece(size, [&](int64_t, int64_t row, int64_t rows) {
    kernels::ScaleShift({rows, size.channels}, from + row * size.channels, scale.data(),
                        shift.data(), relu, to + row * size.channels);
  });
}

class TrainingBatchNorm : public torch::autograd::Function<TrainingBatchNorm> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& gamma,
                            const at::Tensor& beta, const BatchNorm* norm, bool relu) {
    const kernels::BatchStatistics statistics = kernels::LookAt(*norm, x, gamma, beta);
    at::Tensor y = EmptyLike(x);
    ScaleShift(x, statistics.scale, statistics.shift, relu, y);
    context->save_for_backward({x, gamma, statistics.saved, relu ? y : at::Tensor()});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor dy = ChannelsLast(gradients[0]);
    const kernels::Rows size = RowsOf(x);
    const float* x_at = x.data_ptr<float>();
    const float* dy_at = dy.data_ptr<float>();
    const float* y_at = saved[3].defined() ? saved[3].data_ptr<float>() : nullptr;
    const auto from = [&](const float* at, int64_t row) {
      return at == nullptr ? nullptr : at + row * size.channels;
    };
    const kernels::ChannelSums sums =
        kernels::SumPieces(size, [&](int64_t row, int64_t rows, double* first, double* second) {
          kernels::GradientSums({rows, size.channels}, from(x_at, row), from(dy_at, row),
                                from(y_at, row), saved[2].data_ptr<float>(), first, second);
        });
    const kernels::NormGradients norm = kernels::GradientsOf(sums, size.rows, saved[2], saved[1]);
    at::Tensor dx = EmptyLike(x);
    float* dx_at = dx.data_ptr<float>();
    kernels::ForEachPiece(size, [&](int64_t, int64_t row, int64_t rows) {
      kernels::NormGradient({rows, size.channels}, from(x_at, row), from(dy_at, row),
                            from(y_at, row), norm.a.data(), norm.b.data(), norm.c.data(),
                            dx_at + row * size.channels);
    });
    return {dx, norm.d_gamma, norm.d_beta, Variable(), Variable()};
  }
};

}  // namespace

at::Tensor BatchNorm::gamma() const {
  return weight.defined() ? weight : at::ones_like(running_mean);
}

at::Tensor BatchNorm::beta() const { return bias.defined() ? bias : at::zeros_like(running_mean); }

at::Tensor NormalizeBatch(const BatchNorm& norm, const at::Tensor& x, bool training, bool relu) {
  // One value per channel, as the last batch of a table may have, has no variance: it is normalised
  // by what the batches before it have shown, and teaches nothing.
  if (training && x.numel() == x.size(1)) training = false;
  const bool fast = IsFast(kernels::Family::kBatchNorm, x) && x.dim() != 3;
  if (fast && training) {
    return TrainingBatchNorm::apply(ChannelsLast(x), norm.gamma(), norm.beta(), &norm, relu);
  }
  if (fast && !at::GradMode::is_enabled()) {
    const at::Tensor input = ChannelsLast(x);
    at::Tensor scale = (norm.running_variance + norm.epsilon).rsqrt_();
    if (norm.weight.defined()) scale = scale * norm.weight;
    at::Tensor shift = norm.running_mean * scale;
    shift = norm.bias.defined() ? norm.bias - shift : -shift;
    const auto values = [](const at::Tensor& t) {
      return std::vector<float>(t.data_ptr<float>(), t.data_ptr<float>() + t.numel());
    };
    at::Tensor y = EmptyLike(input);
    ScaleShift(input, values(scale), values(shift), relu, y);
    return y;
  }
  at::Tensor y = at::batch_norm(x, norm.weight, norm.bias, norm.running_mean, norm.running_variance,
                                training, norm.momentum, norm.epsilon, /*cudnn_enabled=*/true);
  return relu ? at::relu(y) : y;
}

}  // namespace nascent::worker
