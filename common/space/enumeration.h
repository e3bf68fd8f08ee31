// Counting by visiting every genotype, for spaces that are small enough.

#ifndef NASCENT_COMMON_SPACE_ENUMERATION_H_
#define NASCENT_COMMON_SPACE_ENUMERATION_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "common/space/cost_bound.h"
#include "common/space/space.h"

namespace nascent::space {

struct SpaceCount {
  int64_t genotypes = 0;  // visited: all that the decisions allow
  int64_t allowed = 0;    // of those: what the template's rules, shapes and the bounds allow
  // False: ranges of real numbers count as kRealSteps values each.
  bool exact = true;
  int64_t distinct = 0;  // of those: different keys of live networks; 0 where not asked
};

// Ranges of real numbers count as 10 values. RESOURCE_EXHAUSTED: more than `limit` genotypes. The
// time is about 0.3 ms per genotype of a network with 300 nodes.
absl::StatusOr<SpaceCount> CountByEnumeration(const Space& space, bool distinct,
                                              const std::vector<CostBound>& bounds = {},
                                              int64_t limit = 1'000'000);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_ENUMERATION_H_
