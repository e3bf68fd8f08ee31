#include "worker/torch/kernels/sum.h"

#include <algorithm>

#include "worker/torch/kernels/clones.h"

namespace nascent::worker::kernels {

NASCENT_CLONES void Sum(const float* const* terms, int64_t count, int64_t size,
                        float* __restrict y) {
  // A block stays in the first-level cache while the terms are added to it.
  constexpr int64_t kBlock = 4096;
  for (int64_t begin = 0; begin < size; begin += kBlock) {
    const int64_t length = std::min(kBlock, size - begin);
    float* out = y + begin;
    if (count == 1) {
      std::copy_n(terms[0] + begin, length, out);
      continue;
    }
    const float* __restrict a = terms[0] + begin;
    const float* __restrict b = terms[1] + begin;
    for (int64_t i = 0; i < length; ++i) out[i] = a[i] + b[i];
    for (int64_t k = 2; k < count; ++k) {
      const float* __restrict term = terms[k] + begin;
      for (int64_t i = 0; i < length; ++i) out[i] += term[i];
    }
  }
}

}  // namespace nascent::worker::kernels
