#include "worker/torch/image_functions.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace nascent::worker {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

// Values per piece of work: small enough to share out, large enough to be worth it. Pieces depend
// on the size alone, so sums are the same for any number of threads.
constexpr int64_t kPieceValues = 1 << 16;

bool IsFast(const at::Tensor& x) {
  return x.device().is_cpu() && x.scalar_type() == at::kFloat && x.numel() > 0;
}

at::Tensor ChannelsLast(const at::Tensor& x) {
  return x.dim() == 4 ? x.contiguous(kChannelsLast) : x.contiguous();
}

at::Tensor EmptyLike(const at::Tensor& x) {
  return at::empty(x.sizes(), x.options(),
                   x.dim() == 4 ? kChannelsLast : at::MemoryFormat::Contiguous);
}

kernels::Rows RowsOf(const at::Tensor& x) { return {x.numel() / x.size(1), x.size(1)}; }

// Whole periods of 64 values where the channels divide them.
int64_t RowsPerPiece(int64_t channels) { return std::max<int64_t>(1, kPieceValues / channels); }

// Calls work(piece, first row, rows) for each piece of `size`, several at a time where LibTorch has
// threads.
template <typename Work>
int64_t ForEachPiece(kernels::Rows size, Work work) {
  const int64_t step = RowsPerPiece(size.channels);
  const int64_t pieces = (size.rows + step - 1) / step;
  at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t piece = begin; piece < end; ++piece) {
      work(piece, piece * step, std::min(step, size.rows - piece * step));
    }
  });
  return pieces;
}

struct TwoSums {
  std::vector<double> first, second;
};

// Adds the pieces' sums in order. work(first row, rows, first sums, second sums)
template <typename Work>
TwoSums SumPieces(kernels::Rows size, Work work) {
  const int64_t step = RowsPerPiece(size.channels);
  const int64_t pieces = (size.rows + step - 1) / step;
  const auto channels = static_cast<size_t>(size.channels);
  std::vector<double> parts(static_cast<size_t>(2 * pieces) * channels);
  ForEachPiece(size, [&](int64_t piece, int64_t row, int64_t rows) {
    double* at = parts.data() + 2 * piece * size.channels;
    work(row, rows, at, at + size.channels);
  });
  TwoSums sums{std::vector<double>(channels), std::vector<double>(channels)};
  for (int64_t piece = 0; piece < pieces; ++piece) {
    const double* at = parts.data() + 2 * piece * size.channels;
    for (size_t c = 0; c < channels; ++c) {
      sums.first[c] += at[c];
      sums.second[c] += at[channels + c];
    }
  }
  return sums;
}

// Somewhere near the mean of each channel: that of a few rows.
std::vector<float> NearMean(kernels::Rows size, const float* x) {
  const int64_t rows = std::min<int64_t>(size.rows, 16);
  std::vector<float> centre(static_cast<size_t>(size.channels));
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < size.channels; ++c) {
      centre[c] += x[r * size.channels + c] / static_cast<float>(rows);
    }
  }
  return centre;
}

struct Statistics {
  std::vector<float> mean;
  std::vector<float> inverse_deviation;
};

Statistics BatchStatistics(kernels::Rows size, const float* x, double epsilon, double momentum,
                           const at::Tensor& running_mean, const at::Tensor& running_variance) {
  const std::vector<float> centre = NearMean(size, x);
  const TwoSums sums =
      SumPieces(size, [&](int64_t row, int64_t rows, double* first, double* second) {
        kernels::MomentSums({rows, size.channels}, x + row * size.channels, centre.data(), first,
                            second);
      });
  Statistics statistics;
  const auto count = static_cast<double>(size.rows);
  float* mean_now = running_mean.data_ptr<float>();
  float* variance_now = running_variance.data_ptr<float>();
  for (int64_t c = 0; c < size.channels; ++c) {
    const double off = sums.first[c] / count;
    const double mean = centre[c] + off;
    const double variance = std::max(0.0, sums.second[c] / count - off * off);
    statistics.mean.push_back(static_cast<float>(mean));
    statistics.inverse_deviation.push_back(static_cast<float>(1 / std::sqrt(variance + epsilon)));
    const double unbiased = size.rows > 1 ? variance * count / (count - 1) : variance;
    mean_now[c] = static_cast<float>((1 - momentum) * mean_now[c] + momentum * mean);
    variance_now[c] = static_cast<float>((1 - momentum) * variance_now[c] + momentum * unbiased);
    // What is not finite must stay so: max() above hides it.
    if (!std::isfinite(sums.second[c])) statistics.inverse_deviation.back() = std::nanf("");
  }
  return statistics;
}

void ScaleShift(const at::Tensor& x, const std::vector<float>& scale,
                const std::vector<float>& shift, bool relu, at::Tensor& y) {
  const kernels::Rows size = RowsOf(x);
  const float* from = x.data_ptr<float>();
  float* to = y.data_ptr<float>();
  ForEachPiece(size, [&](int64_t, int64_t row, int64_t rows) {
    kernels::ScaleShift({rows, size.channels}, from + row * size.channels, scale.data(),
                        shift.data(), relu, to + row * size.channels);
  });
}

class TrainingBatchNorm : public torch::autograd::Function<TrainingBatchNorm> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const at::Tensor& running_mean,
                            const at::Tensor& running_variance, double momentum, double epsilon,
                            bool relu) {
    const kernels::Rows size = RowsOf(x);
    const Statistics statistics = BatchStatistics(size, x.data_ptr<float>(), epsilon, momentum,
                                                  running_mean, running_variance);
    const float* gamma = weight.data_ptr<float>();
    const float* beta = bias.data_ptr<float>();
    std::vector<float> scale(statistics.mean.size());
    std::vector<float> shift(scale.size());
    at::Tensor saved = at::empty({2, size.channels}, x.options(), at::MemoryFormat::Contiguous);
    float* save = saved.data_ptr<float>();
    for (size_t c = 0; c < scale.size(); ++c) {
      scale[c] = gamma[c] * statistics.inverse_deviation[c];
      shift[c] = beta[c] - statistics.mean[c] * scale[c];
      save[c] = statistics.mean[c];
      save[scale.size() + c] = statistics.inverse_deviation[c];
    }
    at::Tensor y = EmptyLike(x);
    ScaleShift(x, scale, shift, relu, y);
    context->save_for_backward({x, weight, saved, relu ? y : at::Tensor()});
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
    const float* gamma = saved[1].data_ptr<float>();
    const float* mean = saved[2].data_ptr<float>();
    const float* inverse = mean + size.channels;
    const auto from = [&](const float* at, int64_t row) {
      return at == nullptr ? nullptr : at + row * size.channels;
    };
    const TwoSums sums =
        SumPieces(size, [&](int64_t row, int64_t rows, double* first, double* second) {
          kernels::GradientSums({rows, size.channels}, from(x_at, row), from(dy_at, row),
                                from(y_at, row), mean, first, second);
        });
    const auto channels = static_cast<size_t>(size.channels);
    std::vector<float> a(channels);
    std::vector<float> b(channels);
    std::vector<float> c(channels);
    at::Tensor d_weight = at::empty({size.channels}, saved[1].options());
    at::Tensor d_bias = at::empty({size.channels}, saved[1].options());
    const auto count = static_cast<double>(size.rows);
    for (size_t k = 0; k < channels; ++k) {
      const double scale = gamma[k] * static_cast<double>(inverse[k]);
      const double slope = -scale * inverse[k] * inverse[k] * sums.second[k] / count;
      a[k] = static_cast<float>(scale);
      b[k] = static_cast<float>(slope);
      c[k] = static_cast<float>(-scale * sums.first[k] / count - slope * mean[k]);
      d_weight.data_ptr<float>()[k] = static_cast<float>(sums.second[k] * inverse[k]);
      d_bias.data_ptr<float>()[k] = static_cast<float>(sums.first[k]);
    }
    at::Tensor dx = EmptyLike(x);
    float* dx_at = dx.data_ptr<float>();
    ForEachPiece(size, [&](int64_t, int64_t row, int64_t rows) {
      kernels::NormGradient({rows, size.channels}, from(x_at, row), from(dy_at, row),
                            from(y_at, row), a.data(), b.data(), c.data(),
                            dx_at + row * size.channels);
    });
    return {dx, d_weight, d_bias, Variable(), Variable(), Variable(), Variable(), Variable()};
  }
};

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

at::Tensor NormalizeBatch(const BatchNorm& norm, const at::Tensor& x, bool training, bool relu) {
  const bool fast = IsFast(x) && x.dim() != 3;
  if (fast && training) {
    const bool affine = norm.weight.defined();
    const at::TensorOptions options = norm.running_mean.options();
    return TrainingBatchNorm::apply(
        ChannelsLast(x), affine ? norm.weight : at::ones({x.size(1)}, options),
        affine ? norm.bias : at::zeros({x.size(1)}, options), norm.running_mean,
        norm.running_variance, norm.momentum, norm.epsilon, relu);
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

at::Tensor PoolAverage(kernels::Pool pool, const at::Tensor& x, bool ceil_mode) {
  if (!IsFast(x)) {
    return at::avg_pool2d(x, {pool.kernel_h, pool.kernel_w}, {pool.stride_h, pool.stride_w},
                          {pool.pad_h, pool.pad_w}, ceil_mode, pool.count_padding);
  }
  const at::Tensor input = ChannelsLast(x);
  if (!at::GradMode::is_enabled()) return AverageForward(pool, input);
  return AveragePoolFunction::apply(input, Save(pool));
}

at::Tensor PoolMaximum(kernels::Pool pool, const at::Tensor& x, bool ceil_mode, int64_t dilation_h,
                       int64_t dilation_w) {
  const bool fits = pool.kernel_h * pool.kernel_w <= 255 && dilation_h == 1 && dilation_w == 1;
  if (!IsFast(x) || !fits) {
    return at::max_pool2d(x, {pool.kernel_h, pool.kernel_w}, {pool.stride_h, pool.stride_w},
                          {pool.pad_h, pool.pad_w}, {dilation_h, dilation_w}, ceil_mode);
  }
  return MaxPoolFunction::apply(ChannelsLast(x), Save(pool));
}

at::Tensor SumOf(std::span<const at::Tensor> terms) {
  const auto is_fast = [](const at::Tensor& term) {
    return IsFast(term) &&
           term.is_contiguous(term.dim() == 4 ? kChannelsLast : at::MemoryFormat::Contiguous);
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
