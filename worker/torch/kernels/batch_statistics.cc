#include "worker/torch/kernels/batch_statistics.h"

#include <cmath>

#include "worker/torch/kernels/batch_norm.h"

namespace nascent::worker::kernels {
namespace {

// Somewhere near the mean of each channel: that of a few rows.
std::vector<float> NearMean(Rows size, const float* x) {
  const int64_t rows = std::min<int64_t>(size.rows, 16);
  std::vector<float> centre(static_cast<size_t>(size.channels));
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < size.channels; ++c) {
      centre[c] += x[r * size.channels + c] / static_cast<float>(rows);
    }
  }
  return centre;
}

}  // namespace

ChannelSums PieceSums::Total() const {
  const auto channels = static_cast<size_t>(channels_);
  ChannelSums sums{std::vector<double>(channels), std::vector<double>(channels)};
  for (size_t piece = 0; piece < static_cast<size_t>(pieces_); ++piece) {
    const double* at = parts_.data() + 2 * piece * channels;
    for (size_t c = 0; c < channels; ++c) {
      sums.first[c] += at[c];
      sums.second[c] += at[channels + c];
    }
  }
  return sums;
}

BatchStatistics LookAt(const BatchNorm& norm, const at::Tensor& x, const at::Tensor& gamma,
                       const at::Tensor& beta) {
  const Rows size = RowsOf(x);
  const float* values = x.data_ptr<float>();
  const std::vector<float> centre = NearMean(size, values);
  const ChannelSums sums = SumPieces(size, [&](int64_t row, int64_t rows, double* first,
                                               double* second) {
    MomentSums({rows, size.channels}, values + row * size.channels, centre.data(), first, second);
  });
  const auto channels = static_cast<size_t>(size.channels);
  BatchStatistics statistics{std::vector<float>(channels), std::vector<float>(channels),
                             at::empty({2, size.channels}, gamma.options())};
  const auto count = static_cast<double>(size.rows);
  float* save = statistics.saved.data_ptr<float>();
  float* mean_now = norm.running_mean.data_ptr<float>();
  float* variance_now = norm.running_variance.data_ptr<float>();
  for (size_t c = 0; c < channels; ++c) {
    const double off = sums.first[c] / count;
    const double mean = centre[c] + off;
    const double variance = std::max(0.0, sums.second[c] / count - off * off);
    auto inverse = static_cast<float>(1 / std::sqrt(variance + norm.epsilon));
    // What is not finite must stay so: max() above hides it.
    if (!std::isfinite(sums.second[c])) inverse = std::nanf("");
    save[c] = static_cast<float>(mean);
    save[channels + c] = inverse;
    statistics.scale[c] = gamma.data_ptr<float>()[c] * inverse;
    statistics.shift[c] = beta.data_ptr<float>()[c] - save[c] * statistics.scale[c];
    const double unbiased = size.rows > 1 ? variance * count / (count - 1) : variance;
    const double momentum = norm.momentum;
    mean_now[c] = static_cast<float>((1 - momentum) * mean_now[c] + momentum * mean);
    variance_now[c] = static_cast<float>((1 - momentum) * variance_now[c] + momentum * unbiased);
  }
  return statistics;
}

NormGradients GradientsOf(const ChannelSums& sums, int64_t rows, const at::Tensor& saved,
                          const at::Tensor& gamma) {
  const size_t channels = sums.first.size();
  NormGradients gradients{std::vector<float>(channels), std::vector<float>(channels),
                          std::vector<float>(channels), at::empty_like(gamma),
                          at::empty_like(gamma)};
  const float* mean = saved.data_ptr<float>();
  const float* inverse = mean + channels;
  const auto count = static_cast<double>(rows);
  for (size_t k = 0; k < channels; ++k) {
    const double scale = gamma.data_ptr<float>()[k] * static_cast<double>(inverse[k]);
    const double slope = -scale * inverse[k] * inverse[k] * sums.second[k] / count;
    gradients.a[k] = static_cast<float>(scale);
    gradients.b[k] = static_cast<float>(slope);
    gradients.c[k] = static_cast<float>(-scale * sums.first[k] / count - slope * mean[k]);
    gradients.d_gamma.data_ptr<float>()[k] = static_cast<float>(sums.second[k] * inverse[k]);
    gradients.d_beta.data_ptr<float>()[k] = static_cast<float>(sums.first[k]);
  }
  return gradients;
}

}  // namespace nascent::worker::kernels
