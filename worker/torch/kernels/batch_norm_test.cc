#include "worker/torch/kernels/batch_norm.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "worker/torch/kernels/test_values.h"

namespace nascent::worker::kernels {
namespace {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

// Channels that divide a period, that fill strips, and that leave a part of one; rows that fill
// blocks and that do not. None of the arrays has a value more than it needs, so that the address
// sanitizer sees what reaches beyond.
std::vector<Rows> Sizes() {
  std::vector<Rows> sizes;
  for (const int64_t channels : {1, 2, 3, 8, 16, 36, 64, 70}) {
    for (const int64_t rows : {1, 7, 64, 333}) sizes.push_back({rows, channels});
  }
  return sizes;
}

Floats Values(Rows size, uint32_t seed) { return TestValues(size.rows * size.channels, seed); }

TEST(BatchNormKernelTest, MomentsAreTheSumsOfDeviationsAndTheirSquares) {
  for (const Rows size : Sizes()) {
    SCOPED_TRACE(::testing::Message() << size.rows << " rows of " << size.channels);
    const Floats x = Values(size, 1);
    const Floats centre = TestValues(size.channels, 2);
    Doubles sums(static_cast<size_t>(size.channels), 7);
    Doubles squares(sums.size(), 7);
    MomentSums(size, x.data(), centre.data(), sums.data(), squares.data());
    for (int64_t c = 0; c < size.channels; ++c) {
      double sum = 0;
      double square = 0;
      for (int64_t r = 0; r < size.rows; ++r) {
        const double d = static_cast<double>(x[r * size.channels + c]) - centre[c];
        sum += d;
        square += d * d;
      }
      EXPECT_NEAR(sums[c], sum, 1e-4 + 1e-5 * square);
      EXPECT_NEAR(squares[c], square, 1e-4 + 1e-5 * square);
    }
  }
}

TEST(BatchNormKernelTest, ScalesAndShiftsPerChannelAlsoInPlaceAndKeepsNaN) {
  for (const Rows size : Sizes()) {
    SCOPED_TRACE(::testing::Message() << size.rows << " rows of " << size.channels);
    Floats x = Values(size, 3);
    x[0] = std::numeric_limits<float>::quiet_NaN();
    const Floats scale = TestValues(size.channels, 4);
    const Floats shift = TestValues(size.channels, 5);
    for (const bool relu : {false, true}) {
      Floats y(x.size());
      ScaleShift(size, x.data(), scale.data(), shift.data(), relu, y.data());
      Floats in_place = x;
      ScaleShift(size, in_place.data(), scale.data(), shift.data(), relu, in_place.data());
      EXPECT_TRUE(std::isnan(y[0]));
      EXPECT_TRUE(std::isnan(in_place[0]));
      for (size_t i = 1; i < x.size(); ++i) {
        const size_t c = i % static_cast<size_t>(size.channels);
        const float value = x[i] * scale[c] + shift[c];
        EXPECT_NEAR(y[i], relu && value < 0 ? 0 : value, 1e-5);
        EXPECT_EQ(in_place[i], y[i]);
      }
    }
  }
}

TEST(BatchNormKernelTest, GradientsCountOnlyWhereTheReluLetThrough) {
  for (const Rows size : Sizes()) {
    SCOPED_TRACE(::testing::Message() << size.rows << " rows of " << size.channels);
    const Floats x = Values(size, 6);
    const Floats dy = Values(size, 7);
    const Floats y = Values(size, 8);
    const Floats mean = TestValues(size.channels, 9);
    const Floats a = TestValues(size.channels, 10);
    const Floats b = TestValues(size.channels, 11);
    const Floats c = TestValues(size.channels, 12);
    for (const float* mask : {static_cast<const float*>(nullptr), y.data()}) {
      Doubles sums(static_cast<size_t>(size.channels), 7);
      Doubles products(sums.size(), 7);
      GradientSums(size, x.data(), dy.data(), mask, mean.data(), sums.data(), products.data());
      Floats dx(x.size());
      NormGradient(size, x.data(), dy.data(), mask, a.data(), b.data(), c.data(), dx.data());
      Doubles expected_sums(sums.size());
      Doubles expected_products(sums.size());
      for (size_t i = 0; i < x.size(); ++i) {
        const size_t k = i % sums.size();
        const double d = mask == nullptr || y[i] > 0 ? dy[i] : 0;
        expected_sums[k] += d;
        expected_products[k] += d * (static_cast<double>(x[i]) - mean[k]);
        EXPECT_NEAR(dx[i], a[k] * d + b[k] * x[i] + c[k], 1e-5);
      }
      for (size_t k = 0; k < sums.size(); ++k) {
        EXPECT_NEAR(sums[k], expected_sums[k], 1e-3);
        EXPECT_NEAR(products[k], expected_products[k], 1e-3);
      }
    }
  }
}

}  // namespace
}  // namespace nascent::worker::kernels
