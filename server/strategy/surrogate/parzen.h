// Parzen estimators: densities over genotypes made of one kernel per observation.

#ifndef NASCENT_SERVER_STRATEGY_SURROGATE_PARZEN_H_
#define NASCENT_SERVER_STRATEGY_SURROGATE_PARZEN_H_

#include <cstdint>
#include <vector>

#include "common/random.h"
#include "common/space/decisions/decision_space.h"

namespace nascent::strategy {

// p(x) = mean over kernels of prod_i k_i(x_i), one kernel per observation and one for the prior
// (even over the space), as in Bergstra et al. 2011 (section 4.2) in the multivariate form of
// Falkner et al. 2018 (section 3.2). With n kernels and d decisions:
//   a list of m options: the observed one has weight 1 + 1/n, the others 1/n each;
//   a range or an ordered list, by its position in [0, 1]: a normal cut to the interval, of
//   deviation 0.2 * n^(-1/(d + 4)), at least 1/100.
// A decision that is inactive in the observation has the prior's kernel.
class Parzen {
 public:
  // `observations` outlive the object. `joint` false: each decision has a mixture of its own, as in
  // the original paper.
  Parzen(const space::DecisionSpace& decisions, std::vector<const space::Genotype*> observations,
         bool joint);

  space::Genotype Sample(RandomStream& random) const;
  double LogDensity(const space::Genotype& genotype) const;

 private:
  // Of one decision, what its density needs to know of each observation.
  struct Column {
    std::vector<int64_t> numbers;  // of the value among the domain's; not for ranges of reals
    std::vector<double> centres;   // of reals: the position
    std::vector<double> scales;    // of reals: the logarithm of the density at the centre
    std::vector<bool> observed;    // false: inactive there, so the prior's kernel
  };

  Column MakeColumn(int decision) const;
  // The logarithms of the densities of one decision's value, by kernel; the prior is the last.
  void LogKernels(int decision, const space::Value& value, std::vector<double>& logs) const;
  space::Value SampleKernel(int decision, const space::Value* observed, RandomStream& random) const;
  const space::Value* Observed(size_t kernel, int decision) const;

  const space::DecisionSpace& decisions_;
  const std::vector<const space::Genotype*> observations_;
  const bool joint_;
  double kernels_;
  double deviation_;
  std::vector<Column> columns_;  // by decision
};

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SURROGATE_PARZEN_H_
