#include "server/strategy/surrogate/candidates.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "server/strategy/sampling.h"
#include "server/strategy/variation.h"

namespace nascent::strategy {
namespace {

constexpr int64_t kTriesPerCandidate = 4;

}  // namespace

std::vector<Candidate> DrawCandidates(const Problem& problem, const History& history,
                                      const std::vector<int>& parents, int64_t count,
                                      RandomStream& random) {
  const space::DecisionSpace& decisions = problem.space->decisions();
  std::vector<Candidate> candidates;
  absl::flat_hash_set<uint64_t> seen;
  const auto add = [&](space::Genotype genotype, int64_t parent) {
    if (!seen.insert(Fingerprint(genotype)).second || history.Proposals(genotype) > 0 ||
        !IsFeasible(problem, genotype)) {
      return;
    }
    candidates.push_back({std::move(genotype), parent});
  };
  const int64_t mutated = parents.empty() ? 0 : count / 2;
  for (int64_t i = 0;
       i < kTriesPerCandidate * mutated && static_cast<int64_t>(candidates.size()) < mutated; ++i) {
    const Trial& parent = history.trials()[parents[static_cast<size_t>(i) % parents.size()]];
    space::Genotype genotype = Mutate(decisions, parent.genotype, random);
    for (uint64_t more = random.Below(3); more > 0; --more) {
      genotype = Mutate(decisions, genotype, random);
    }
    add(std::move(genotype), parent.number);
  }
  for (int64_t i = 0;
       i < kTriesPerCandidate * count && static_cast<int64_t>(candidates.size()) < count; ++i) {
    add(decisions.Sample(random), 0);
  }
  return candidates;
}

}  // namespace nascent::strategy
