#include "worker/torch/kernels/norm_sum.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "worker/torch/kernels/test_values.h"

namespace nascent::worker::kernels {
namespace {

using Floats = std::vector<float>;

TEST(NormSumKernelTest, AddsScaledAndPlainTerms) {
  for (const int64_t channels : {1, 3, 8, 36, 70}) {
    for (const int64_t rows : {1, 7, 333}) {
      SCOPED_TRACE(::testing::Message() << rows << " rows of " << channels);
      const Floats x = TestValues(rows * channels, 1);
      const Floats scale = TestValues(channels, 2);
      const Floats shift = TestValues(channels, 3);
      Floats y = TestValues(rows * channels, 4);
      const Floats before = y;
      AddScaled({rows, channels}, x.data(), scale.data(), shift.data(), y.data());
      AddValues(rows * channels, before.data(), y.data());
      for (size_t i = 0; i < x.size(); ++i) {
        const size_t c = i % static_cast<size_t>(channels);
        EXPECT_NEAR(y[i], 2 * before[i] + x[i] * scale[c] + shift[c], 1e-5);
      }
    }
  }
}

TEST(NormSumKernelTest, ReluLetsNaNThroughAndItsGradientOnlyWhereItIsAboveZero) {
  for (const int64_t count : {1, 15, 1000}) {
    Floats y = TestValues(count, 5);
    Floats r(y.size(), 7);
    Relu(count, y.data(), r.data());
    const Floats dy = TestValues(count, 6);
    const Floats dr = TestValues(count, 7);
    Floats both(y.size(), 7);
    Floats alone(y.size(), 7);
    ReluGradient(count, dy.data(), dr.data(), r.data(), both.data());
    ReluGradient(count, nullptr, dr.data(), r.data(), alone.data());
    for (size_t i = 0; i < y.size(); ++i) {
      const float through = y[i] > 0 ? dr[i] : 0;
      EXPECT_EQ(r[i], y[i] > 0 ? y[i] : 0);
      EXPECT_EQ(alone[i], through);
      EXPECT_EQ(both[i], dy[i] + through);
    }
    y[0] = std::numeric_limits<float>::quiet_NaN();
    Relu(count, y.data(), r.data());
    EXPECT_TRUE(std::isnan(r[0]));
  }
}

}  // namespace
}  // namespace nascent::worker::kernels
