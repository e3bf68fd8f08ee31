#include "worker/torch/kernels/batch_norm.h"

#include <algorithm>

namespace nascent::worker::kernels {
namespace {

// Sums are kept in float for so many rows of a tile, in double beyond.
constexpr int64_t kBlockRows = 64;

// Adds to two sums per channel over the rows of a tile; terms(i, j, a, b) adds value i, of column
// j, to the column's two.
template <typename Width, typename Terms>
NASCENT_INLINE void SumColumns(const Tile& tile, Width width, int64_t channels, Terms terms,
                               double* first, double* second) {
  for (int64_t begin = 0; begin < tile.rows; begin += kBlockRows) {
    const int64_t end = std::min(tile.rows, begin + kBlockRows);
    float a[kPeriod] = {};
    float b[kPeriod] = {};
    for (int64_t r = begin; r < end; ++r) {
      const int64_t at = tile.offset + r * tile.stride;
      for (int64_t j = 0; j < width; ++j) terms(at + j, j, a[j], b[j]);
    }
    for (int64_t j = 0; j < width; ++j) {
      const int64_t c = (tile.channel + j) % channels;
      first[c] += a[j];
      second[c] += b[j];
    }
  }
}

}  // namespace

NASCENT_CLONES void MomentSums(Rows size, const float* __restrict x, const float* centre,
                               double* __restrict sums, double* __restrict squares) {
  std::fill_n(sums, size.channels, 0.0);
  std::fill_n(squares, size.channels, 0.0);
  ForEachTile(size, [&](const Tile& tile) NASCENT_INLINE_LAMBDA {
    float mid[kPeriod];
    Spread(centre, size.channels, tile, mid);
    WithWidth(tile.width, [&](auto width) NASCENT_INLINE_LAMBDA {
      SumColumns(
          tile, width, size.channels,
          [&](int64_t i, int64_t j, float& a, float& b) NASCENT_INLINE_LAMBDA {
            const float d = x[i] - mid[j];
            a += d;
            b += d * d;
          },
          sums, squares);
    });
  });
}

NASCENT_CLONES void ScaleShift(Rows size, const float* x, const float* scale, const float* shift,
                               bool relu, float* y) {
  const float floor = relu ? 0.0F : -__builtin_inff();
  ForEachTile(size, [&](const Tile& tile) NASCENT_INLINE_LAMBDA {
    float a[kPeriod];
    float b[kPeriod];
    Spread(scale, size.channels, tile, a);
    Spread(shift, size.channels, tile, b);
    WithWidth(tile.width, [&](auto width) NASCENT_INLINE_LAMBDA {
      for (int64_t r = 0; r < tile.rows; ++r) {
        const int64_t at = tile.offset + r * tile.stride;
        for (int64_t j = 0; j < width; ++j) {
          const float value = x[at + j] * a[j] + b[j];
          y[at + j] = value < floor ? floor : value;  // NaN stays NaN.
        }
      }
    });
  });
}

NASCENT_CLONES void GradientSums(Rows size, const float* __restrict x, const float* __restrict dy,
                                 const float* __restrict y, const float* mean,
                                 double* __restrict sums, double* __restrict products) {
  std::fill_n(sums, size.channels, 0.0);
  std::fill_n(products, size.channels, 0.0);
  ForEachTile(size, [&](const Tile& tile) NASCENT_INLINE_LAMBDA {
    float mid[kPeriod];
    Spread(mean, size.channels, tile, mid);
    WithWidth(tile.width, [&](auto width) NASCENT_INLINE_LAMBDA {
      if (y == nullptr) {
        SumColumns(
            tile, width, size.channels,
            [&](int64_t i, int64_t j, float& a, float& b) NASCENT_INLINE_LAMBDA {
              a += dy[i];
              b += dy[i] * (x[i] - mid[j]);
            },
            sums, products);
      } else {
        SumColumns(
            tile, width, size.channels,
            [&](int64_t i, int64_t j, float& a, float& b) NASCENT_INLINE_LAMBDA {
              const float d = y[i] > 0 ? dy[i] : 0;
              a += d;
              b += d * (x[i] - mid[j]);
            },
            sums, products);
      }
    });
  });
}

NASCENT_CLONES void NormGradient(Rows size, const float* __restrict x, const float* __restrict dy,
                                 const float* __restrict y, const float* a, const float* b,
                                 const float* c, float* __restrict dx) {
  ForEachTile(size, [&](const Tile& tile) NASCENT_INLINE_LAMBDA {
    float ka[kPeriod];
    float kb[kPeriod];
    float kc[kPeriod];
    Spread(a, size.channels, tile, ka);
    Spread(b, size.channels, tile, kb);
    Spread(c, size.channels, tile, kc);
    WithWidth(tile.width, [&](auto width) NASCENT_INLINE_LAMBDA {
      for (int64_t r = 0; r < tile.rows; ++r) {
        const int64_t at = tile.offset + r * tile.stride;
        if (y == nullptr) {
          for (int64_t j = 0; j < width; ++j) {
            dx[at + j] = ka[j] * dy[at + j] + (kb[j] * x[at + j] + kc[j]);
          }
        } else {
          for (int64_t j = 0; j < width; ++j) {
            const float d = y[at + j] > 0 ? dy[at + j] : 0;
            dx[at + j] = ka[j] * d + (kb[j] * x[at + j] + kc[j]);
          }
        }
      }
    });
  });
}

}  // namespace nascent::worker::kernels
