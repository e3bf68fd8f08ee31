// What strategies that breed share: the results that can be parents, and what is under way.

#ifndef NASCENT_SERVER_STRATEGY_EVOLUTION_POPULATION_H_
#define NASCENT_SERVER_STRATEGY_EVOLUTION_POPULATION_H_

#include <cstdint>
#include <deque>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "server/strategy/goals/outcome.h"
#include "server/strategy/strategy.h"

namespace nascent::strategy {

// A fold over the events of a search. Usable results enter in the order in which they come in,
// whoever proposed them; trials that failed do not. Who leaves is the owner's rule.
class Population {
 public:
  struct Member {
    int64_t trial;
    space::Genotype genotype;
    Outcome outcome;
  };

  Population(const Problem& problem, int64_t size) : problem_(problem), size_(size) {}

  // Whether the next proposal is one of the random ones to begin with. Trials under way count, so
  // that as many of these start as the population needs.
  bool IsFilling() const;

  // True when a result entered: the last of members().
  bool Observe(const Event& event);
  bool IsOverfull() const { return static_cast<int64_t>(members_.size()) > size_; }
  void Remove(size_t index) { members_.erase(members_.begin() + static_cast<int64_t>(index)); }

  // Oldest first.
  const std::deque<Member>& members() const { return members_; }
  // Whether the genotype is under way or ever gave a result; one that failed may be tried again.
  bool Knows(const space::Genotype& genotype) const;

 private:
  bool Finish(const Finished& finished);

  const Problem problem_;
  const int64_t size_;
  absl::flat_hash_map<int64_t, space::Genotype> pending_;
  absl::flat_hash_set<uint64_t> known_;  // fingerprints
  std::deque<Member> members_;
  bool complete_ = false;  // was full once
};

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_EVOLUTION_POPULATION_H_
