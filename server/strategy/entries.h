// One line per strategy: its row of the table in registry.cc, defined beside the strategy.

#ifndef NASCENT_SERVER_STRATEGY_ENTRIES_H_
#define NASCENT_SERVER_STRATEGY_ENTRIES_H_

#include "server/strategy/registry.h"

namespace nascent::strategy {

Entry AutoEntry();
Entry RandomEntry();
Entry GridEntry();
Entry LocalSearchEntry();
Entry SimulatedAnnealingEntry();
Entry RegularizedEvolutionEntry();
Entry Nsga2Entry();
Entry Nsga3Entry();
Entry SuccessiveHalvingEntry();
Entry HyperbandEntry();
Entry BohbEntry();
Entry AshaEntry();
Entry MoAshaEntry();
Entry MedianStoppingEntry();
Entry CurveStoppingEntry();
Entry PortfolioEntry();
Entry ManualEntry();

// external/
Entry ExternalEntry();

// surrogate/
Entry TpeEntry();
Entry GaussianProcessEntry();
Entry ForestEntry();
Entry BoostedTreesEntry();
Entry RidgeEntry();
Entry BananasEntry();

// learned/, where torch is
Entry GraphNetworkEntry();
Entry ReinforceEntry();
Entry PpoEntry();

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_ENTRIES_H_
