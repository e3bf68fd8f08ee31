#include "worker/torch/kernels/pool.h"

#include <algorithm>
#include <vector>

#include "worker/torch/kernels/clones.h"

namespace nascent::worker::kernels {
namespace {

// A stretch of positions [first, last).
struct Span {
  int64_t first, last;
};

// The input rows (or columns) under output o.
NASCENT_INLINE Span Under(int64_t o, int64_t stride, int64_t pad, int64_t kernel, int64_t size) {
  const int64_t start = o * stride - pad;
  return {std::max<int64_t>(start, 0), std::min(start + kernel, size)};
}

// The outputs whose windows hold input i.
NASCENT_INLINE Span Over(int64_t i, int64_t stride, int64_t pad, int64_t kernel, int64_t size) {
  const int64_t low = i + pad - kernel + 1;
  const int64_t first = low <= 0 ? 0 : (low + stride - 1) / stride;
  return {first, std::min((i + pad) / stride + 1, size)};
}

// The outputs whose window position k lies on an input.
NASCENT_INLINE Span Touching(int64_t k, int64_t stride, int64_t pad, int64_t size,
                             int64_t outputs) {
  const int64_t low = pad - k;
  const int64_t first = low <= 0 ? 0 : (low + stride - 1) / stride;
  const int64_t high = size - 1 + pad - k;
  return {first, high < 0 ? 0 : std::min(high / stride + 1, outputs)};
}

// How many positions of the window of output o an average divides by, in one dimension.
int64_t Counted(int64_t o, int64_t stride, int64_t pad, int64_t kernel, int64_t size,
                bool count_padding) {
  const int64_t start = o * stride - pad;
  // A window that reaches beyond the far padding counts only what is inside it, as PyTorch does.
  if (count_padding) return std::min(start + kernel, size + pad) - start;
  const Span span = Under(o, stride, pad, kernel, size);
  return span.last - span.first;
}

// For window column k of a row, calls body(i, j, length) for stretches of `length` values: from i
// in the row of outputs, from j in the row of inputs. With stride 1 that is one stretch.
template <typename Body>
NASCENT_INLINE void ForEachRun(const Pool& p, int64_t k, Body body) {
  const Span span = Touching(k, p.stride_w, p.pad_w, p.width, p.out_width);
  if (span.first >= span.last) return;
  if (p.stride_w == 1) {
    body(span.first * p.channels, (span.first - p.pad_w + k) * p.channels,
         (span.last - span.first) * p.channels);
    return;
  }
  for (int64_t o = span.first; o < span.last; ++o) {
    body(o * p.channels, (o * p.stride_w - p.pad_w + k) * p.channels, p.channels);
  }
}

NASCENT_INLINE void Add(const float* __restrict x, int64_t length, float* __restrict sum) {
  for (int64_t i = 0; i < length; ++i) sum[i] += x[i];
}

// No position of a window has been looked at.
constexpr int32_t kNone = -1;

// Whether a value takes the place of the largest so far, which was at `position`.
NASCENT_INLINE bool Wins(float value, float largest, int32_t position) {
  return (value > largest) | (value != value) | (position == kNone);
}

// One value per position of a row of outputs: 1 / the columns that an average counts there.
std::vector<float> ColumnShares(const Pool& p) {
  std::vector<float> shares(static_cast<size_t>(p.out_width * p.channels));
  for (int64_t o = 0; o < p.out_width; ++o) {
    const int64_t count = Counted(o, p.stride_w, p.pad_w, p.kernel_w, p.width, p.count_padding);
    std::fill_n(shares.begin() + o * p.channels, p.channels, 1.0F / static_cast<float>(count));
  }
  return shares;
}

float RowShare(const Pool& p, int64_t o) {
  return 1.0F /
         static_cast<float>(Counted(o, p.stride_h, p.pad_h, p.kernel_h, p.height, p.count_padding));
}

}  // namespace

NASCENT_CLONES void AveragePool(const Pool& p, int64_t images, const float* x, float* y) {
  const int64_t in_row = p.width * p.channels;
  const int64_t out_row = p.out_width * p.channels;
  const std::vector<float> shares = ColumnShares(p);
  std::vector<float> column_sums(static_cast<size_t>(in_row));
  for (int64_t n = 0; n < images; ++n, x += p.height * in_row) {
    for (int64_t oh = 0; oh < p.out_height; ++oh, y += out_row) {
      const Span rows = Under(oh, p.stride_h, p.pad_h, p.kernel_h, p.height);
      std::copy_n(x + rows.first * in_row, in_row, column_sums.data());
      for (int64_t h = rows.first + 1; h < rows.last; ++h) {
        Add(x + h * in_row, in_row, column_sums.data());
      }
      std::fill_n(y, out_row, 0.0F);
      for (int64_t k = 0; k < p.kernel_w; ++k) {
        ForEachRun(p, k, [&](int64_t i, int64_t j, int64_t length) NASCENT_INLINE_LAMBDA {
          Add(column_sums.data() + j, length, y + i);
        });
      }
      const float row_share = RowShare(p, oh);
      const float* __restrict share = shares.data();
      for (int64_t i = 0; i < out_row; ++i) y[i] *= row_share * share[i];
    }
  }
}

NASCENT_CLONES void AveragePoolBackward(const Pool& p, int64_t images, const float* dy, float* dx) {
  const int64_t in_row = p.width * p.channels;
  const int64_t out_row = p.out_width * p.channels;
  const std::vector<float> shares = ColumnShares(p);
  std::vector<float> sums(static_cast<size_t>(out_row));
  for (int64_t n = 0; n < images; ++n, dy += p.out_height * out_row) {
    for (int64_t h = 0; h < p.height; ++h, dx += in_row) {
      const Span rows = Over(h, p.stride_h, p.pad_h, p.kernel_h, p.out_height);
      float* __restrict sum = sums.data();
      std::fill_n(sum, out_row, 0.0F);
      for (int64_t oh = rows.first; oh < rows.last; ++oh) {
        const float row_share = RowShare(p, oh);
        const float* __restrict row = dy + oh * out_row;
        for (int64_t i = 0; i < out_row; ++i) sum[i] += row[i] * row_share;
      }
      const float* __restrict share = shares.data();
      for (int64_t i = 0; i < out_row; ++i) sum[i] *= share[i];
      std::fill_n(dx, in_row, 0.0F);
      for (int64_t k = 0; k < p.kernel_w; ++k) {
        ForEachRun(p, k, [&](int64_t i, int64_t j, int64_t length) NASCENT_INLINE_LAMBDA {
          Add(sum + i, length, dx + j);
        });
      }
    }
  }
}

NASCENT_CLONES void MaxPool(const Pool& p, int64_t images, const float* x, float* y,
                            uint8_t* winner) {
  const int64_t in_row = p.width * p.channels;
  const int64_t out_row = p.out_width * p.channels;
  // Per input row the maximum over the columns of each window and where it was. Columns first and
  // then rows finds the first of equals row by row. NaN wins, the last of several, as in PyTorch.
  std::vector<float> row_best(static_cast<size_t>(p.height * out_row));
  std::vector<int32_t> row_column(row_best.size());
  std::vector<int32_t> position(static_cast<size_t>(out_row));
  for (int64_t n = 0; n < images; ++n, x += p.height * in_row) {
    std::fill(row_best.begin(), row_best.end(), -__builtin_inff());
    std::fill(row_column.begin(), row_column.end(), kNone);
    for (int64_t h = 0; h < p.height; ++h) {
      for (int64_t k = 0; k < p.kernel_w; ++k) {
        const auto column = static_cast<int32_t>(k);
        ForEachRun(p, k, [&](int64_t i, int64_t j, int64_t length) NASCENT_INLINE_LAMBDA {
          const float* __restrict in = x + h * in_row + j;
          float* __restrict best = row_best.data() + h * out_row + i;
          int32_t* __restrict at = row_column.data() + h * out_row + i;
          for (int64_t q = 0; q < length; ++q) {
            const bool better = Wins(in[q], best[q], at[q]);
            best[q] = better ? in[q] : best[q];
            at[q] = better ? column : at[q];
          }
        });
      }
    }
    for (int64_t oh = 0; oh < p.out_height; ++oh, y += out_row, winner += out_row) {
      const Span rows = Under(oh, p.stride_h, p.pad_h, p.kernel_h, p.height);
      std::fill_n(y, out_row, -__builtin_inff());
      std::fill(position.begin(), position.end(), kNone);
      for (int64_t h = rows.first; h < rows.last; ++h) {
        const auto base = static_cast<int32_t>((h - (oh * p.stride_h - p.pad_h)) * p.kernel_w);
        const float* __restrict in = row_best.data() + h * out_row;
        const int32_t* __restrict column = row_column.data() + h * out_row;
        int32_t* __restrict at = position.data();
        float* __restrict best = y;
        for (int64_t q = 0; q < out_row; ++q) {
          const bool better = Wins(in[q], best[q], at[q]);
          best[q] = better ? in[q] : best[q];
          at[q] = better ? base + column[q] : at[q];
        }
      }
      for (int64_t q = 0; q < out_row; ++q) winner[q] = static_cast<uint8_t>(position[q]);
    }
  }
}

NASCENT_CLONES void MaxPoolBackward(const Pool& p, int64_t images, const float* dy,
                                    const uint8_t* winner, float* dx) {
  const int64_t in_row = p.width * p.channels;
  const int64_t out_row = p.out_width * p.channels;
  std::vector<int32_t> position(static_cast<size_t>(out_row));
  for (int64_t n = 0; n < images; ++n, dx += p.height * in_row) {
    std::fill_n(dx, p.height * in_row, 0.0F);
    for (int64_t oh = 0; oh < p.out_height; ++oh, dy += out_row, winner += out_row) {
      for (int64_t q = 0; q < out_row; ++q) position[q] = winner[q];
      const Span rows = Under(oh, p.stride_h, p.pad_h, p.kernel_h, p.height);
      for (int64_t h = rows.first; h < rows.last; ++h) {
        const auto base = static_cast<int32_t>((h - (oh * p.stride_h - p.pad_h)) * p.kernel_w);
        for (int64_t k = 0; k < p.kernel_w; ++k) {
          const int32_t here = base + static_cast<int32_t>(k);
          ForEachRun(p, k, [&](int64_t i, int64_t j, int64_t length) NASCENT_INLINE_LAMBDA {
            const float* __restrict from = dy + i;
            const int32_t* __restrict at = position.data() + i;
            float* __restrict to = dx + h * in_row + j;
            for (int64_t q = 0; q < length; ++q) to[q] += at[q] == here ? from[q] : 0.0F;
          });
        }
      }
    }
  }
}

}  // namespace nascent::worker::kernels
