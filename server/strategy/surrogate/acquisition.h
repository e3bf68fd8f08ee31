// What a candidate is worth, given a model's prediction.

#ifndef NASCENT_SERVER_STRATEGY_SURROGATE_ACQUISITION_H_
#define NASCENT_SERVER_STRATEGY_SURROGATE_ACQUISITION_H_

#include <cstddef>
#include <vector>

#include "common/random.h"

namespace nascent::strategy {

// The logarithm of the expected improvement over `best`, E[max(f - best, 0)] for a normal f (Jones
// et al. 1998, eq. 15), in the form that stays finite where the improvement underflows (Ament et
// al. 2023, eq. 9). `deviation` is above 0.
double LogExpectedImprovement(double mean, double deviation, double best);

// E[hypervolume(front + f) - hypervolume(front)] for independent normal f of two objectives,
// exactly (Emmerich et al. 2006, by strips between the front's points as in Yang et al. 2019);
// larger is better. `front`: points that do not dominate each other, in any order; `reference`
// bounds the hypervolume from below. Deviations are above 0.
class PairImprovement {
 public:
  PairImprovement(std::vector<std::vector<double>> front, std::vector<double> reference);
  double Expected(const std::vector<double>& mean, const std::vector<double>& deviation) const;

 private:
  std::vector<std::vector<double>> front_;  // above the reference, the first objective rising
  const std::vector<double> reference_;
};

// Standard normal draws that all candidates of one proposal share, so that they are compared on the
// same terms.
class ImprovementDraws {
 public:
  ImprovementDraws(size_t objectives, RandomStream& random);

  // E[hypervolume(front + f) - hypervolume(front)] for independent normal f, by Monte Carlo over
  // the draws (Emmerich et al. 2006 define it; larger is better in every objective). `reference`
  // bounds the hypervolume from below.
  double ExpectedHypervolumeImprovement(const std::vector<std::vector<double>>& front,
                                        const std::vector<double>& reference,
                                        const std::vector<double>& mean,
                                        const std::vector<double>& deviation) const;

 private:
  std::vector<std::vector<double>> draws_;  // [draw][objective], in pairs of opposite sign
};

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SURROGATE_ACQUISITION_H_
