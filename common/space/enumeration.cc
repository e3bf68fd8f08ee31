#include "common/space/enumeration.h"

#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/network/key.h"
#include "common/network/live.h"

namespace nascent::space {

absl::StatusOr<SpaceCount> CountByEnumeration(const Space& space, bool distinct, int64_t limit) {
  SpaceCount count;
  absl::flat_hash_set<std::string> keys;
  std::optional<Genotype> genotype = space.decisions().First();
  for (; genotype; genotype = space.decisions().Next(*genotype)) {
    if (++count.genotypes > limit) {
      return absl::ResourceExhaustedError(
          absl::StrCat("more than ", limit, " genotypes; too many to visit each"));
    }
    const absl::StatusOr<network::Network> network = space.Build(*genotype);
    if (!network.ok()) continue;
    ++count.allowed;
    if (distinct) keys.insert(network::ComputeKey(network::Live(*network)).hex);
  }
  count.distinct = static_cast<int64_t>(keys.size());
  return count;
}

}  // namespace nascent::space
