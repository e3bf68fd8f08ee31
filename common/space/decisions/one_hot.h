// Genotypes as one column per decision and option.

#ifndef NASCENT_COMMON_SPACE_DECISIONS_ONE_HOT_H_
#define NASCENT_COMMON_SPACE_DECISIONS_ONE_HOT_H_

#include <string>
#include <vector>

#include "common/space/decisions/decision_space.h"

namespace nascent::space {

// One number per decision and option (list) or one per range, scaled to [0, 1]; inactive: zeros.
std::vector<double> EncodeOneHot(const DecisionSpace& space, const Genotype& genotype);
// The columns' names: "label=option", or the label of a range.
std::vector<std::string> OneHotNames(const DecisionSpace& space);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_DECISIONS_ONE_HOT_H_
