// How a genotype is changed and how two are crossed: options as options, numbers as numbers.

#ifndef NASCENT_SERVER_STRATEGY_VARIATION_H_
#define NASCENT_SERVER_STRATEGY_VARIATION_H_

#include <vector>

#include "common/random.h"
#include "common/space/decisions/decision_space.h"

namespace nascent::strategy {

// Numbers are ranges and ordered lists. They vary by their position in the range, so in the
// logarithm where the decision is on a log scale; whole numbers and places in a list are rounded.

// Changes one active decision, chosen evenly among those that have more than one value; decisions
// that become active by it are drawn, those that no longer are drop out. A list without order takes
// another option, evenly; a number moves by polynomial mutation (Deb & Goyal 1996, eq. 9 with index
// kMutationIndex), at least to the next value. Unchanged only where nothing can change.
space::Genotype Mutate(const space::DecisionSpace& decisions, const space::Genotype& genotype,
                       RandomStream& random);

// Each decision from one of two parents. Where both have a number, in half of the cases one of the
// two children of simulated binary crossover instead (Deb & Agrawal 1995, eq. 9 and 10 with index
// kCrossoverIndex, cut to the range). What neither has is drawn.
space::Genotype Crossover(const space::DecisionSpace& decisions, const space::Genotype& a,
                          const space::Genotype& b, RandomStream& random);

// All genotypes that differ in one decision: lists in every other option, ranges by steps of
// kNeighbourSteps of their length to both sides, whole numbers at least by 1. A function of the
// genotype alone.
std::vector<space::Genotype> Neighbours(const space::DecisionSpace& decisions,
                                        const space::Genotype& genotype);

// The larger, the nearer children are to their parents. NSGA-II's 20 is for tens of thousands of
// evaluations: a typical step of 3 % of the range. A search of architectures has hundreds: of 11 %.
inline constexpr double kMutationIndex = 5;
inline constexpr double kCrossoverIndex = 5;
inline constexpr double kNeighbourSteps[] = {0.03, 0.1, 0.3};

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_VARIATION_H_
