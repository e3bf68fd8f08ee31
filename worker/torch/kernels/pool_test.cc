#include "worker/torch/kernels/pool.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "worker/torch/kernels/test_values.h"

namespace nascent::worker::kernels {
namespace {

using Floats = std::vector<float>;

constexpr int64_t kImages = 3;

// As LibTorch rounds down.
Pool MakePool(int64_t channels, int64_t side, int64_t kernel, int64_t stride, int64_t padding) {
  const int64_t out = (side + 2 * padding - kernel) / stride + 1;
  return {channels, side,   side + 1, out,    (side + 1 + 2 * padding - kernel) / stride + 1,
          kernel,   kernel, stride,   stride, padding,
          padding};
}

std::vector<Pool> Pools() {
  std::vector<Pool> pools;
  for (const int64_t channels : {1, 8, 16, 36}) {
    for (const int64_t side : {4, 7, 28}) {
      pools.push_back(MakePool(channels, side, 3, 1, 1));
      pools.push_back(MakePool(channels, side, 2, 2, 0));
      pools.push_back(MakePool(channels, side, 3, 2, 1));
    }
  }
  // Not square, and with windows that reach beyond the far padding (rounded up).
  pools.push_back({4, 6, 5, 4, 3, 3, 2, 2, 2, 1, 1});
  return pools;
}

// Calls visit(window position, index into the input) for each input under output (oh, ow) of
// channel c of an image.
template <typename Visit>
void Window(const Pool& p, int64_t oh, int64_t ow, int64_t c, Visit visit) {
  for (int64_t i = 0; i < p.kernel_h; ++i) {
    for (int64_t j = 0; j < p.kernel_w; ++j) {
      const int64_t h = oh * p.stride_h - p.pad_h + i;
      const int64_t w = ow * p.stride_w - p.pad_w + j;
      if (h < 0 || h >= p.height || w < 0 || w >= p.width) continue;
      visit(i * p.kernel_w + j, (h * p.width + w) * p.channels + c);
    }
  }
}

// Positions that an average divides by: those inside, or with the padding, but not beyond it.
double Count(const Pool& p, int64_t oh, int64_t ow) {
  if (!p.count_padding) {
    double inside = 0;
    Window(p, oh, ow, 0, [&](int64_t, int64_t) { ++inside; });
    return inside;
  }
  const int64_t top = oh * p.stride_h - p.pad_h;
  const int64_t left = ow * p.stride_w - p.pad_w;
  return static_cast<double>((std::min(top + p.kernel_h, p.height + p.pad_h) - top) *
                             (std::min(left + p.kernel_w, p.width + p.pad_w) - left));
}

// Calls visit(image, oh, ow, channel, index into the output) for every output.
template <typename Visit>
void ForEachOutput(const Pool& p, Visit visit) {
  int64_t index = 0;
  for (int64_t n = 0; n < kImages; ++n) {
    for (int64_t oh = 0; oh < p.out_height; ++oh) {
      for (int64_t ow = 0; ow < p.out_width; ++ow) {
        for (int64_t c = 0; c < p.channels; ++c) visit(n, oh, ow, c, index++);
      }
    }
  }
}

int64_t Inputs(const Pool& p) { return p.height * p.width * p.channels; }
int64_t Outputs(const Pool& p) { return p.out_height * p.out_width * p.channels; }

TEST(PoolKernelTest, AveragesAndTheirGradientsAreThoseOfTheDefinition) {
  for (Pool p : Pools()) {
    for (const bool count_padding : {true, false}) {
      p.count_padding = count_padding;
      SCOPED_TRACE(::testing::Message() << p.channels << " x " << p.height << ", kernel "
                                        << p.kernel_h << ", stride " << p.stride_h);
      const Floats x = TestValues(kImages * Inputs(p), 1);
      const Floats dy = TestValues(kImages * Outputs(p), 2);
      Floats y(dy.size(), 7);
      Floats dx(x.size(), 7);
      AveragePool(p, kImages, x.data(), y.data());
      AveragePoolBackward(p, kImages, dy.data(), dx.data());
      std::vector<double> expected(x.size());
      ForEachOutput(p, [&](int64_t n, int64_t oh, int64_t ow, int64_t c, int64_t at) {
        const double count = Count(p, oh, ow);
        double sum = 0;
        Window(p, oh, ow, c, [&](int64_t, int64_t i) {
          sum += x[n * Inputs(p) + i];
          expected[n * Inputs(p) + i] += dy[at] / count;
        });
        EXPECT_NEAR(y[at], sum / count, 1e-5);
      });
      for (size_t i = 0; i < dx.size(); ++i) EXPECT_NEAR(dx[i], expected[i], 1e-5);
    }
  }
}

TEST(PoolKernelTest, MaximaSayWhichOfTheirWindowWonAndGetTheGradient) {
  for (const Pool& p : Pools()) {
    SCOPED_TRACE(::testing::Message() << p.channels << " x " << p.height << ", kernel "
                                      << p.kernel_h << ", stride " << p.stride_h);
    Floats x = TestValues(kImages * Inputs(p), 3);
    for (float& value : x) value = std::round(value * 4) / 4;  // many are equal
    std::fill_n(x.begin(), Inputs(p), -std::numeric_limits<float>::infinity());
    const Floats dy = TestValues(kImages * Outputs(p), 4);
    Floats y(dy.size(), 7);
    std::vector<uint8_t> winner(dy.size(), 7);
    Floats dx(x.size(), 7);
    MaxPool(p, kImages, x.data(), y.data(), winner.data());
    MaxPoolBackward(p, kImages, dy.data(), winner.data(), dx.data());
    std::vector<double> expected(x.size());
    ForEachOutput(p, [&](int64_t n, int64_t oh, int64_t ow, int64_t c, int64_t at) {
      float best = -std::numeric_limits<float>::infinity();
      int64_t position = -1;
      int64_t index = -1;
      Window(p, oh, ow, c, [&](int64_t k, int64_t i) {
        if (position >= 0 && x[n * Inputs(p) + i] <= best) return;
        best = x[n * Inputs(p) + i];
        position = k;
        index = i;
      });
      EXPECT_EQ(y[at], best);
      EXPECT_EQ(winner[at], position);
      expected[n * Inputs(p) + index] += dy[at];
    });
    for (size_t i = 0; i < dx.size(); ++i) EXPECT_NEAR(dx[i], expected[i], 1e-5);
  }
}

TEST(PoolKernelTest, NaNWinsAMaximum) {
  const Pool p = MakePool(8, 7, 3, 1, 1);
  Floats x = TestValues(kImages * Inputs(p), 5);
  x[static_cast<size_t>((3 * p.width + 3) * p.channels)] = std::nanf("");
  Floats y(static_cast<size_t>(kImages * Outputs(p)));
  std::vector<uint8_t> winner(y.size());
  MaxPool(p, kImages, x.data(), y.data(), winner.data());
  int64_t found = 0;
  for (const float value : y) found += std::isnan(value) ? 1 : 0;
  EXPECT_EQ(found, 9);
}

}  // namespace
}  // namespace nascent::worker::kernels
