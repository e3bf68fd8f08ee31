// Genotypes that a model-based strategy chooses from.

#ifndef NASCENT_SERVER_STRATEGY_SURROGATE_CANDIDATES_H_
#define NASCENT_SERVER_STRATEGY_SURROGATE_CANDIDATES_H_

#include <vector>

#include "common/random.h"
#include "server/strategy/goals/history.h"
#include "server/strategy/strategy.h"

namespace nascent::strategy {

struct Candidate {
  space::Genotype genotype;
  int64_t parent = 0;  // number of the trial that it was mutated from; 0: drawn at random
};

// At most `count` feasible genotypes, all different and none proposed before: one half mutations
// (one to three decisions) of `parents`, indices into history.trials() from best to worst, the
// other half drawn at random. Fewer, or none, where a few times `count` tries find no more.
std::vector<Candidate> DrawCandidates(const Problem& problem, const History& history,
                                      const std::vector<int>& parents, int64_t count,
                                      RandomStream& random);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_SURROGATE_CANDIDATES_H_
