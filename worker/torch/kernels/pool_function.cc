#include "worker/torch/kernels/pool_function.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "worker/torch/kernels/fast_tensors.h"
#include "worker/torch/kernels/pool.h"

namespace nascent::worker {
namespace {

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

using kernels::ChannelsLast;
using kernels::IsFast;
using kernels::kPieceValues;
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// Images [first, first + count) for each thread.
template <typename Work>
void ForEachImages(const at::Tensor& x, Work work) {
  const int64_t grain =
      std::max<int64_t>(1, kPieceValues / std::max<int64_t>(1, x.numel() / x.size(0)));
  at::parallel_for(0, x.size(0), grain,
                   [&](int64_t begin, int64_t end) { work(begin, end - begin); });
}

int64_t InputValues(const kernels::Pool& p) { return p.channels * p.height * p.width; }
int64_t OutputValues(const kernels::Pool& p) { return p.channels * p.out_height * p.out_width; }

std::vector<int64_t> Save(const kernels::Pool& p) {
  return {p.channels, p.height,   p.width,    p.out_height, p.out_width, p.kernel_h,
          p.kernel_w, p.stride_h, p.stride_w, p.pad_h,      p.pad_w,     p.count_padding};
}

kernels::Pool Load(const std::vector<int64_t>& v) {
  return {v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11] != 0};
}

at::Tensor AverageForward(const kernels::Pool& pool, const at::Tensor& x) {
  at::Tensor y = at::empty({x.size(0), pool.channels, pool.out_height, pool.out_width}, x.options(),
                           kChannelsLast);
  ForEachImages(x, [&](int64_t first, int64_t count) {
    kernels::AveragePool(pool, count, x.data_ptr<float>() + first * InputValues(pool),
                         y.data_ptr<float>() + first * OutputValues(pool));
  });
  return y;
}

class AveragePoolFunction : public torch::autograd::Function<AveragePoolFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x,
                            const std::vector<int64_t>& settings) {
    context->saved_data["pool"] = settings;
    return AverageForward(Load(settings), x);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const kernels::Pool pool = Load(context->saved_data["pool"].toIntVector());
    const at::Tensor dy = ChannelsLast(gradients[0]);
    at::Tensor dx = at::empty({dy.size(0), pool.channels, pool.height, pool.width}, dy.options(),
                              kChannelsLast);
    ForEachImages(dx, [&](int64_t first, int64_t count) {
      kernels::AveragePoolBackward(pool, count, dy.data_ptr<float>() + first * OutputValues(pool),
                                   dx.data_ptr<float>() + first * InputValues(pool));
    });
    return {dx, Variable()};
  }
};

class MaxPoolFunction : public torch::autograd::Function<MaxPoolFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x,
                            const std::vector<int64_t>& settings) {
    const kernels::Pool pool = Load(settings);
    at::Tensor y = at::empty({x.size(0), pool.channels, pool.out_height, pool.out_width},
                             x.options(), kChannelsLast);
    at::Tensor winner = at::empty(y.sizes(), y.options().dtype(at::kByte), kChannelsLast);
    ForEachImages(x, [&](int64_t first, int64_t count) {
      kernels::MaxPool(pool, count, x.data_ptr<float>() + first * InputValues(pool),
                       y.data_ptr<float>() + first * OutputValues(pool),
                       winner.data_ptr<uint8_t>() + first * OutputValues(pool));
    });
    context->saved_data["pool"] = settings;
    context->save_for_backward({winner});
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const kernels::Pool pool = Load(context->saved_data["pool"].toIntVector());
    const at::Tensor winner = context->get_saved_variables()[0];
    const at::Tensor dy = ChannelsLast(gradients[0]);
    at::Tensor dx = at::empty({dy.size(0), pool.channels, pool.height, pool.width}, dy.options(),
                              kChannelsLast);
    ForEachImages(dx, [&](int64_t first, int64_t count) {
      kernels::MaxPoolBackward(pool, count, dy.data_ptr<float>() + first * OutputValues(pool),
                               winner.data_ptr<uint8_t>() + first * OutputValues(pool),
                               dx.data_ptr<float>() + first * InputValues(pool));
    });
    return {dx, Variable()};
  }
};

}  // namespace

at::Tensor PoolAverageOfPadded(const kernels::Pool& pool, const at::Tensor& x) {
  // What lies behind the last row and column until the last window ends.
  const auto behind = [](int64_t size, int64_t out, int64_t kernel, int64_t stride, int64_t pad) {
    return std::max<int64_t>(0, (out - 1) * stride + kernel - size - pad);
  };
  const int64_t below =
      behind(pool.height, pool.out_height, pool.kernel_h, pool.stride_h, pool.pad_h);
  const int64_t right =
      behind(pool.width, pool.out_width, pool.kernel_w, pool.stride_w, pool.pad_w);
  const auto sums = [&](const at::Tensor& padded) {
    return at::avg_pool2d(padded, {pool.kernel_h, pool.kernel_w}, {pool.stride_h, pool.stride_w},
                          {0, 0}, /*ceil_mode=*/false, /*count_include_pad=*/true,
                          /*divisor_override=*/1);
  };
  // How many values each window has: rounding up can make it end behind the padding.
  at::Tensor counted = at::ones({1, 1, pool.height, pool.width}, x.options());
  counted = at::constant_pad_nd(counted, {pool.pad_w, pool.pad_w, pool.pad_h, pool.pad_h},
                                pool.count_padding ? 1 : 0);
  counted = at::constant_pad_nd(counted, {0, std::max<int64_t>(0, right - pool.pad_w), 0,
                                          std::max<int64_t>(0, below - pool.pad_h)});
  return sums(at::constant_pad_nd(x, {pool.pad_w, right, pool.pad_h, below})).div(sums(counted));
}

at::Tensor PoolAverage(const kernels::Pool& pool, const at::Tensor& x, bool ceil_mode) {
  if (!IsFast(kernels::Family::kPool, x)) {
    if (x.is_cuda() && (pool.pad_h > 0 || pool.pad_w > 0)) return PoolAverageOfPadded(pool, x);
    return at::avg_pool2d(x, {pool.kernel_h, pool.kernel_w}, {pool.stride_h, pool.stride_w},
                          {pool.pad_h, pool.pad_w}, ceil_mode, pool.count_padding);
  }
  const at::Tensor input = ChannelsLast(x);
  if (!at::GradMode::is_enabled()) return AverageForward(pool, input);
  return AveragePoolFunction::apply(input, Save(pool));
}

at::Tensor PoolMaximum(const kernels::Pool& pool, const at::Tensor& x, bool ceil_mode,
                       int64_t dilation_h, int64_t dilation_w) {
  const bool fits = pool.kernel_h * pool.kernel_w <= 255 && dilation_h == 1 && dilation_w == 1;
  if (!IsFast(kernels::Family::kPool, x) || !fits) {
    return at::max_pool2d(x, {pool.kernel_h, pool.kernel_w}, {pool.stride_h, pool.stride_w},
                          {pool.pad_h, pool.pad_w}, {dilation_h, dilation_w}, ceil_mode);
  }
  return MaxPoolFunction::apply(ChannelsLast(x), Save(pool));
}

}  // namespace nascent::worker
