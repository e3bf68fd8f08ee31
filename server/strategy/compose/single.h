// Spaces with one network: proposed once.

#ifndef NASCENT_SERVER_STRATEGY_COMPOSE_SINGLE_H_
#define NASCENT_SERVER_STRATEGY_COMPOSE_SINGLE_H_

#include <memory>

#include "server/strategy/strategy.h"

namespace nascent::strategy {

bool HasOneGenotype(const space::Space& space);

// Proposes the one genotype, whole, and then says Exhausted.
std::unique_ptr<Strategy> MakeSingle(const Problem& problem);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_COMPOSE_SINGLE_H_
