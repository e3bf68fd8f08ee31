// `unique: true` around any strategy: no key is proposed twice.

#ifndef NASCENT_SERVER_STRATEGY_COMPOSE_UNIQUE_H_
#define NASCENT_SERVER_STRATEGY_COMPOSE_UNIQUE_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "server/strategy/strategy.h"

namespace nascent::strategy {

using MakeInner = std::function<absl::StatusOr<std::unique_ptr<Strategy>>(const Problem&)>;

// Makes the strategy over a problem in which a key that was proposed is no longer feasible, so that
// each searches on by its own rule. A repeat that comes all the same is replaced by a random new
// network; when kSampleEffort draws find none, the answer is Exhausted. Promotions to a higher
// fidelity are not repeats.
absl::StatusOr<std::unique_ptr<Strategy>> MakeUnique(const Problem& problem, const MakeInner& make);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_COMPOSE_UNIQUE_H_
