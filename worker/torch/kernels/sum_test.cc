#include "worker/torch/kernels/sum.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "worker/torch/kernels/test_values.h"

namespace nascent::worker::kernels {
namespace {

TEST(SumKernelTest, AddsAnyNumberOfTermsInTheirOrder) {
  for (const int64_t size : {1, 63, 4096, 10'000}) {
    for (const int64_t count : {1, 2, 3, 5}) {
      SCOPED_TRACE(::testing::Message() << count << " of " << size);
      std::vector<std::vector<float>> terms;
      std::vector<const float*> at;
      for (int64_t k = 0; k < count; ++k) {
        terms.push_back(TestValues(size, static_cast<uint32_t>(k)));
        at.push_back(terms.back().data());
      }
      for (int64_t k = 0; k < count; ++k) at[k] = terms[k].data();
      std::vector<float> y(static_cast<size_t>(size), 7);
      Sum(at.data(), count, size, y.data());
      for (int64_t i = 0; i < size; ++i) {
        float sum = terms[0][i];
        for (int64_t k = 1; k < count; ++k) sum += terms[k][i];
        EXPECT_EQ(y[i], sum);
      }
    }
  }
}

}  // namespace
}  // namespace nascent::worker::kernels
