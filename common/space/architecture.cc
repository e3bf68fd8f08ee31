#include "common/network/live.h"
#include "common/space/space.h"

namespace nascent::space {

absl::StatusOr<Architecture> Space::BuildArchitecture(const Genotype& genotype) const {
  absl::StatusOr<network::Network> published = Build(genotype);
  if (!published.ok()) return published.status();
  Architecture architecture;
  architecture.live = network::Live(*published);
  architecture.costs = network::ComputeCosts(architecture.live);
  architecture.published_costs = network::ComputeCosts(*published);
  architecture.published = *std::move(published);
  return architecture;
}

}  // namespace nascent::space
