// The exact hypervolume of a front and the share of each of its points. Larger is better
// throughout.

#ifndef NASCENT_COMMON_OBJECTIVES_HYPERVOLUME_H_
#define NASCENT_COMMON_OBJECTIVES_HYPERVOLUME_H_

#include <vector>

namespace nascent::objectives {

// Returns the volume that `points` dominate above `reference`. `points`: [count][objectives],
// dominated ones and duplicates allowed; those that are not above the reference in every objective
// add nothing. Exact in any number of objectives: a sweep in two, WFG (While, Bradstreet & Barone
// 2012) in more; made for fronts of hundreds of points in up to four.
double Hypervolume(std::vector<std::vector<double>> points, const std::vector<double>& reference);

// Returns what each point alone dominates: the hypervolume of all less that without the point.
std::vector<double> HypervolumeContributions(const std::vector<std::vector<double>>& points,
                                             const std::vector<double>& reference);

}  // namespace nascent::objectives

#endif  // NASCENT_COMMON_OBJECTIVES_HYPERVOLUME_H_
