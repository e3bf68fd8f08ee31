// Exact counting of genotypes.
//
// Decisions are counted in order while a table holds, for each combination of what later conditions
// can still see of earlier decisions, the number of ways to get there. Values that no later
// condition tells apart are counted together, and decisions that no condition links are counted
// apart and multiplied, so the table stays small unless many conditions reach over each other.

#ifndef NASCENT_COMMON_SPACE_DECISIONS_CARDINALITY_H_
#define NASCENT_COMMON_SPACE_DECISIONS_CARDINALITY_H_

#include <string>
#include <vector>

#include "common/space/decisions/decision_space.h"

namespace nascent::space {

// What DecisionSpace::Cardinality gives.
std::string CountGenotypes(const std::vector<Decision>& decisions);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_DECISIONS_CARDINALITY_H_
