#include "server/strategy/evolution/population.h"

#include <utility>
#include <variant>

#include "server/strategy/sampling.h"

namespace nascent::strategy {

bool Population::IsFilling() const {
  const auto coming = static_cast<int64_t>(members_.size() + pending_.size());
  return (!complete_ && coming < size_) || members_.empty();
}

bool Population::Observe(const Event& event) {
  if (const auto* proposed = std::get_if<Proposed>(&event)) {
    known_.insert(Fingerprint(proposed->proposal.genotype));
    pending_[proposed->trial] = proposed->proposal.genotype;
    return false;
  }
  const auto* finished = std::get_if<Finished>(&event);
  return finished != nullptr && Finish(*finished);
}

bool Population::Finish(const Finished& finished) {
  auto pending = pending_.extract(finished.trial);
  if (pending.empty()) return false;
  Outcome outcome = Assess(problem_, finished);
  if (!outcome.usable) {
    known_.erase(Fingerprint(pending.mapped()));
    return false;
  }
  members_.push_back({finished.trial, std::move(pending.mapped()), std::move(outcome)});
  complete_ = complete_ || static_cast<int64_t>(members_.size()) >= size_;
  return true;
}

bool Population::Knows(const space::Genotype& genotype) const {
  return known_.contains(Fingerprint(genotype));
}

}  // namespace nascent::strategy
