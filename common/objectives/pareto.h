// Pareto dominance, non-dominated sorting and crowding. Larger is better throughout.

#ifndef NASCENT_COMMON_OBJECTIVES_PARETO_H_
#define NASCENT_COMMON_OBJECTIVES_PARETO_H_

#include <vector>

#include "absl/types/span.h"

namespace nascent::objectives {

// Says whether `a` is at least as good as `b` in each objective and better in one. Both have the
// same length.
bool Dominates(absl::Span<const double> a, absl::Span<const double> b);

// Returns the front of each point, from 0: front k are the points that only those of earlier fronts
// dominate (Deb et al. 2002, section III-A). `points`: [count][objectives]. O(count² · objectives);
// with one or two objectives O(count · log count).
std::vector<int> NonDominatedRanks(const std::vector<std::vector<double>>& points);

// Returns the crowding distance of each point among those of its own front (Deb et al. 2002,
// section III-B): the sum over the objectives of the gap between its neighbours, relative to the
// front's range; infinite at both ends of each objective. `ranks` from NonDominatedRanks.
std::vector<double> CrowdingDistances(const std::vector<std::vector<double>>& points,
                                      const std::vector<int>& ranks);

// Returns the indices of the first front, in the order given.
std::vector<int> NonDominated(const std::vector<std::vector<double>>& points);

}  // namespace nascent::objectives

#endif  // NASCENT_COMMON_OBJECTIVES_PARETO_H_
