// Where a learning curve is going (after Domhan et al. 2015).

#ifndef NASCENT_SERVER_STRATEGY_FIDELITY_LEARNING_CURVE_H_
#define NASCENT_SERVER_STRATEGY_FIDELITY_LEARNING_CURVE_H_

#include <vector>

namespace nascent::strategy {

// A normal mixture over the value at a later epoch.
struct Extrapolation {
  struct Part {
    double weight;  // sum to 1
    double mean;
    double deviation;
  };
  std::vector<Part> parts;

  double Mean() const;
  // That the value exceeds `threshold`.
  double ProbabilityAbove(double threshold) const;
};

// From `values` (larger is better) at `epochs` (rising, from 1) to epoch `last`. Curves a +
// b·g(epoch) of three families (power, exponential, inverse logarithm) with a row of shapes each
// are fitted by least squares and weighted by their BIC; curves that fall are left out, as by the
// paper. Differs from the paper: the shape is enumerated and the posterior normal, instead of
// sampled by MCMC. Needs at least four values; empty when no curve fits.
Extrapolation Extrapolate(const std::vector<double>& epochs, const std::vector<double>& values,
                          double last);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_FIDELITY_LEARNING_CURVE_H_
