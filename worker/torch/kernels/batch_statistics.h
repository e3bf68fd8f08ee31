// What a batch normalisation knows of a batch, and the factors that its passes over memory use.

#ifndef NASCENT_WORKER_TORCH_KERNELS_BATCH_STATISTICS_H_
#define NASCENT_WORKER_TORCH_KERNELS_BATCH_STATISTICS_H_

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "worker/torch/kernels/batch_norm_function.h"
#include "worker/torch/kernels/fast_tensors.h"
#include "worker/torch/kernels/tiles.h"

namespace nascent::worker::kernels {

inline Rows RowsOf(const at::Tensor& x) { return {x.numel() / x.size(1), x.size(1)}; }

// Whole periods of 64 values where the channels divide them.
inline int64_t RowsPerPiece(int64_t channels) {
  return std::max<int64_t>(1, kPieceValues / channels);
}

// Calls work(piece, first row, rows) for each piece of `size`, several at a time where LibTorch has
// threads; returns how many there are.
template <typename Work>
int64_t ForEachPiece(Rows size, Work work) {
  const int64_t step = RowsPerPiece(size.channels);
  const int64_t pieces = (size.rows + step - 1) / step;
  at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t piece = begin; piece < end; ++piece) {
      work(piece, piece * step, std::min(step, size.rows - piece * step));
    }
  });
  return pieces;
}

struct ChannelSums {
  std::vector<double> first, second;  // [C] each
};

// Two sums per channel and piece, added up in the pieces' order: so they are the same for any
// number of threads.
class PieceSums {
 public:
  explicit PieceSums(Rows size)
      : channels_(size.channels),
        pieces_((size.rows + RowsPerPiece(size.channels) - 1) / RowsPerPiece(size.channels)),
        parts_(static_cast<size_t>(2 * pieces_ * channels_)) {}

  double* first(int64_t piece) { return parts_.data() + 2 * piece * channels_; }
  double* second(int64_t piece) { return first(piece) + channels_; }

  ChannelSums Total() const;

 private:
  int64_t channels_;
  int64_t pieces_;
  std::vector<double> parts_;
};

// work(first row, rows, first sums, second sums) gives the sums of a piece.
template <typename Work>
ChannelSums SumPieces(Rows size, Work work) {
  PieceSums sums(size);
  ForEachPiece(size, [&](int64_t piece, int64_t row, int64_t rows) {
    work(row, rows, sums.first(piece), sums.second(piece));
  });
  return sums.Total();
}

// y = x * scale + shift gives the normalised batch; the backward pass needs mean and inverse
// deviation, [2, C] in `saved`.
struct BatchStatistics {
  std::vector<float> scale;
  std::vector<float> shift;
  at::Tensor saved;
};

// Looks at the whole batch `x`, channels last, and moves the running statistics of `norm` towards
// what it finds. `gamma`, `beta`: [C].
BatchStatistics LookAt(const BatchNorm& norm, const at::Tensor& x, const at::Tensor& gamma,
                       const at::Tensor& beta);

// dx = a * dy + b * x + c is the gradient of the normalisation.
struct NormGradients {
  std::vector<float> a, b, c;
  at::Tensor d_gamma, d_beta;  // [C]
};

// `sums`: of dy and of dy * (x - mean), over `rows` rows.
NormGradients GradientsOf(const ChannelSums& sums, int64_t rows, const at::Tensor& saved,
                          const at::Tensor& gamma);

}  // namespace nascent::worker::kernels

#endif  // NASCENT_WORKER_TORCH_KERNELS_BATCH_STATISTICS_H_
