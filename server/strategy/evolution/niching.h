// The niching of NSGA-III: directions spread evenly over the objectives, each keeping its own
// points.

#ifndef NASCENT_SERVER_STRATEGY_EVOLUTION_NICHING_H_
#define NASCENT_SERVER_STRATEGY_EVOLUTION_NICHING_H_

#include <vector>

namespace nascent::strategy {

// All points of the unit simplex whose coordinates are multiples of 1 / divisions (Das & Dennis
// 1998): C(objectives + divisions - 1, divisions) of them.
std::vector<std::vector<double>> ReferenceDirections(int objectives, int divisions);

// The most divisions that give at most `count` directions, at least 1.
int Divisions(int objectives, int count);

// Which of `points` (larger is better) goes when one of the last front must: of the most crowded
// direction that has a member of that front, the member that lies farthest from it (Deb & Jain
// 2014, sections IV-C to IV-E, one at a time). `ranks` from NonDominatedRanks.
int NichingVictim(const std::vector<std::vector<double>>& points, const std::vector<int>& ranks,
                  const std::vector<std::vector<double>>& directions);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_EVOLUTION_NICHING_H_
