// How well one order of things tells another: Kendall's tau-b with its error.

#ifndef NASCENT_COMMON_RANK_AGREEMENT_H_
#define NASCENT_COMMON_RANK_AGREEMENT_H_

#include <cstdint>
#include <optional>
#include <vector>

namespace nascent {

// One thing, judged twice; larger is better in both.
struct JudgedTwice {
  double first = 0;
  double second = 0;
  // Whether it is one of a random sample that stands for more than itself; others stand for
  // themselves alone.
  bool sampled = false;
};

struct RankAgreement {
  double tau = 0;    // [-1, 1]
  double error = 0;  // one standard error, above 0
};

// Returns tau-b (Kendall 1945), the sum over all pairs of the product of the signs of their two
// differences, divided by the geometric mean of how many pairs differ in each. Where things are
// `sampled` out of `sampled_of`, a pair counts by the inverse of the probability that both are here
// (Horvitz & Thompson 1952), so that the result estimates tau over all, sampled or not.
// The error is the jackknife's: each thing is left out once, with the weights as they are. Where
// that is 0, because all orders agree or all disagree, it is the deviation of tau between unrelated
// orders of as many things, sqrt(2 (2n + 5) / (9 n (n - 1))).
// Nothing: fewer than three things, or all are equal in one order, or are but for one of them.
// Takes time quadratic in the number of things.
std::optional<RankAgreement> KendallTau(const std::vector<JudgedTwice>& things,
                                        int64_t sampled_of = 0);

}  // namespace nascent

#endif  // NASCENT_COMMON_RANK_AGREEMENT_H_
