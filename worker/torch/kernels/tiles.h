// Rows of channels seen as tiles of a width that the compiler knows, so that a row of one is a
// handful of vector registers however few channels there are.
//
//   C = 8    one period of 64 values is 8 rows        C = 36   a strip of 32 columns, one of 4
//            0 1 … 7 0 1 … 7 … 0 1 … 7                         0 1 … 31 | 32 … 35

#ifndef NASCENT_WORKER_TORCH_KERNELS_TILES_H_
#define NASCENT_WORKER_TORCH_KERNELS_TILES_H_

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "worker/torch/kernels/clones.h"

namespace nascent::worker::kernels {

// Rows of channels: rows = N * H * W of the part that a call works on.
struct Rows {
  int64_t rows = 0;
  int64_t channels = 0;
};

// Where the channels divide a period, rows are one stream of periods, and column j of the tile is
// channel j % C; elsewhere a tile is a strip of columns.
inline constexpr int64_t kPeriod = 64;
inline constexpr int64_t kStrip = 32;

struct Tile {
  int64_t offset = 0;  // of its first value
  int64_t width = 0;   // values of one row
  int64_t rows = 0;
  int64_t stride = 0;   // from row to row
  int64_t channel = 0;  // of its first column
};

template <typename Function>
NASCENT_INLINE void ForEachTile(Rows size, Function function) {
  if (kPeriod % size.channels == 0) {
    const int64_t values = size.rows * size.channels;
    const int64_t whole = values / kPeriod;
    if (whole > 0) function(Tile{0, kPeriod, whole, kPeriod, 0});
    if (values % kPeriod > 0) {
      function(Tile{whole * kPeriod, values % kPeriod, 1, kPeriod, 0});
    }
    return;
  }
  for (int64_t c = 0; c < size.channels; c += kStrip) {
    function(Tile{c, std::min(kStrip, size.channels - c), size.rows, size.channels, c});
  }
}

// A value per channel as one per column of a tile.
NASCENT_INLINE void Spread(const float* values, int64_t channels, const Tile& tile,
                           float* columns) {
  for (int64_t j = 0; j < tile.width; ++j) columns[j] = values[(tile.channel + j) % channels];
}

// Calls body with the width as a constant where the compiler can use it: a tile is then a handful
// of vector registers.
template <typename Body>
NASCENT_INLINE void WithWidth(int64_t width, Body body) {
  if (width == kPeriod) {
    body(std::integral_constant<int64_t, kPeriod>());
  } else if (width == kStrip) {
    body(std::integral_constant<int64_t, kStrip>());
  } else {
    body(width);
  }
}

}  // namespace nascent::worker::kernels

#endif  // NASCENT_WORKER_TORCH_KERNELS_TILES_H_
