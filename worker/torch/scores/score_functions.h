// The scores, one function each. Weights are those of convolutions and linear layers, g is the
// gradient of the mean cross-entropy of the first batch by them, sums go over all layers.
// Each function gets a network of its own, which it may change, of the type that the table in
// score.cc says. INVALID_ARGUMENT: it does not apply, with the reason alone.

#ifndef NASCENT_WORKER_TORCH_SCORES_SCORE_FUNCTIONS_H_
#define NASCENT_WORKER_TORCH_SCORES_SCORE_FUNCTIONS_H_

#include "absl/status/statusor.h"
#include "worker/torch/scores/score.h"
#include "worker/torch/scores/scored_network.h"

namespace nascent::worker {

using ScoreFunction = absl::StatusOr<double> (*)(ScoredNetwork& network, const ScoreInput& input);

// Sum |W g| (Lee et al. 2019, SNIP, equation 4). Unnormalised, in units of the loss.
absl::StatusOr<double> Snip(ScoredNetwork& network, const ScoreInput& input);

// Sum W g, signed (Abdelfattah et al. 2021, their code).
absl::StatusOr<double> Plain(ScoredNetwork& network, const ScoreInput& input);

// Sum over layers of ||g|| (Abdelfattah et al. 2021, section 3.2).
absl::StatusOr<double> GradNorm(ScoredNetwork& network, const ScoreInput& input);

// Sum over layers of ||W||. Looks at no data (Abdelfattah et al. 2021, their code).
absl::StatusOr<double> L2Norm(ScoredNetwork& network, const ScoreInput& input);

// -Sum W H g with H the loss's Hessian (Wang et al. 2020, equation 8), by a second backward pass.
// The sign is that of Abdelfattah et al. 2021, opposite to the paper's, which prunes low ones.
absl::StatusOr<double> Grasp(ScoredNetwork& network, const ScoreInput& input);

// Sum over layers of fan in times sum over output channels of mean_n (sum_p a dL/da)^2 / 2, with a
// the layer's output at places p (Turner et al. 2020, equation 4). The factor fan in is what the
// code of Abdelfattah et al. 2021 gives by spreading a channel's value over its weights.
absl::StatusOr<double> Fisher(ScoredNetwork& network, const ScoreInput& input);

// ln sum |W dR/dW| with R the sum of the outputs for one image of ones and every parameter replaced
// by its absolute value (Tanaka et al. 2020, equation 3). Without norms, as Abdelfattah et al. 2021
// say, of every kind. In float64. -inf where no weight matters.
absl::StatusOr<double> Synflow(ScoredNetwork& network, const ScoreInput& input);

// J_n: gradient of the sum of all outputs by example n. -Sum ln(v + k) + 1 / (v + k), with v the
// eigenvalues of the correlation matrix of the J_n, not below 0, and k = 1e-5 (Mellor et al. 2020,
// version 1, section 3). NaN where an example has no gradient. At least two examples.
absl::StatusOr<double> Jacov(ScoredNetwork& network, const ScoreInput& input);

// J_n as of Jacov. s_c: sum of ln(|r| + 1e-5) over the correlation matrix of the examples of class
// c. Up to 100 classes: sum |s_c|; more: s_c is divided by the number of examples, and the score is
// the mean over classes of sum |s_i - s_j| (Lopes et al. 2021, section 3). Only classes of the
// batch count. One label per example.
absl::StatusOr<double> EpeNas(ScoredNetwork& network, const ScoreInput& input);

// ln |det K|, K_ij: on how many units the ReLUs of examples i and j agree (Mellor et al. 2021,
// section 3). Units are those of relu, relu6 and leaky_relu, on where their input is above 0. Of
// the live network, in which ReLUs of one value are one. -inf where two examples agree on all.
absl::StatusOr<double> Nwot(ScoredNetwork& network, const ScoreInput& input);

// ln mean_n sum |f(x) - f(x + 0.01 e)| + sum over batch norms of ln sqrt(mean running variance), f
// being what the last pooling to one place reads, else the output; 16 images x, e ~ N(0, 1);
// weights ~ N(0, 1), biases 0 (Lin et al. 2021, algorithm 1). One draw, where the paper takes the
// mean of 32, and with shortcuts, which the paper leaves out. In ln of output units.
absl::StatusOr<double> Zen(ScoredNetwork& network, const ScoreInput& input);

// Sum over layers of ln sum_w mean|g_w| / std(g_w), both over two batches; weights without
// deviation, and layers of such alone, do not count (Li et al. 2023, equation 20).
absl::StatusOr<double> Zico(ScoredNetwork& network, const ScoreInput& input);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_SCORES_SCORE_FUNCTIONS_H_
