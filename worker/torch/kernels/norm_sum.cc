#include "worker/torch/kernels/norm_sum.h"

namespace nascent::worker::kernels {

NASCENT_CLONES void AddScaled(Rows size, const float* __restrict x, const float* scale,
                              const float* shift, float* __restrict y) {
  ForEachTile(size, [&](const Tile& tile) NASCENT_INLINE_LAMBDA {
    float a[kPeriod];
    float b[kPeriod];
    Spread(scale, size.channels, tile, a);
    Spread(shift, size.channels, tile, b);
    WithWidth(tile.width, [&](auto width) NASCENT_INLINE_LAMBDA {
      for (int64_t r = 0; r < tile.rows; ++r) {
        const int64_t at = tile.offset + r * tile.stride;
        for (int64_t j = 0; j < width; ++j) y[at + j] += x[at + j] * a[j] + b[j];
      }
    });
  });
}

NASCENT_CLONES void AddValues(int64_t count, const float* __restrict x, float* __restrict y) {
  for (int64_t i = 0; i < count; ++i) y[i] += x[i];
}

NASCENT_CLONES void Relu(int64_t count, const float* __restrict y, float* __restrict r) {
  for (int64_t i = 0; i < count; ++i) r[i] = y[i] < 0 ? 0 : y[i];
}

NASCENT_CLONES void ReluGradient(int64_t count, const float* __restrict dy,
                                 const float* __restrict dr, const float* __restrict r,
                                 float* __restrict d) {
  if (dy == nullptr) {
    for (int64_t i = 0; i < count; ++i) d[i] = r[i] > 0 ? dr[i] : 0;
    return;
  }
  for (int64_t i = 0; i < count; ++i) d[i] = dy[i] + (r[i] > 0 ? dr[i] : 0);
}

}  // namespace nascent::worker::kernels
