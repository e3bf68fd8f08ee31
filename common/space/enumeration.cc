#include "common/space/enumeration.h"

#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/network/key.h"
#include "common/network/live.h"
#include "common/space/sampler.h"

namespace nascent::space {

absl::StatusOr<SpaceCount> CountByEnumeration(const Space& space, bool distinct,
                                              const std::vector<CostBound>& bounds, int64_t limit) {
  const Sampler sampler(space, bounds);
  SpaceCount count;
  const auto too_many = [limit] {
    return absl::ResourceExhaustedError(
        absl::StrCat("more than ", limit, " genotypes; too many to visit each"));
  };
  // Known without a visit, but for ranges of real numbers.
  const std::string cardinality = space.decisions().Cardinality();
  int64_t known = 0;
  count.exact = cardinality != "infinite";
  const bool is_number = cardinality.find_first_not_of("0123456789") == std::string::npos;
  if (is_number && (!absl::SimpleAtoi(cardinality, &known) || known > limit)) return too_many();
  absl::flat_hash_set<std::string> keys;
  std::optional<Genotype> genotype = space.decisions().First();
  for (; genotype; genotype = space.decisions().Next(*genotype)) {
    if (++count.genotypes > limit) {
      return too_many();
    }
    if (!sampler.Check(*genotype).ok()) continue;
    ++count.allowed;
    if (!distinct) continue;
    const absl::StatusOr<network::Network> network = space.Build(*genotype);
    if (!network.ok()) return network.status();
    keys.insert(network::ComputeKey(network::Live(*network)).hex);
  }
  count.distinct = static_cast<int64_t>(keys.size());
  return count;
}

}  // namespace nascent::space
