#include "server/strategy/compose/unique.h"

#include <string>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "common/status_macros.h"
#include "server/strategy/sampling.h"

namespace nascent::strategy {
namespace {

// The architectures that were proposed.
class Seen {
 public:
  explicit Seen(const Problem& problem) : key_(problem.key) {}

  bool HasGenotype(const space::Genotype& genotype) const {
    return genotypes_.contains(Fingerprint(genotype));
  }
  // Builds the network, where there are keys.
  bool HasKey(const space::Genotype& genotype) const {
    return key_ != nullptr && keys_.contains(key_(genotype));
  }
  bool Contains(const space::Genotype& genotype) const {
    return HasGenotype(genotype) || HasKey(genotype);
  }

  void Add(const space::Genotype& genotype) {
    genotypes_.insert(Fingerprint(genotype));
    if (key_ != nullptr) keys_.insert(key_(genotype));
  }

 private:
  const std::function<std::string(const space::Genotype&)> key_;
  absl::flat_hash_set<uint64_t> genotypes_;
  absl::flat_hash_set<std::string> keys_;
};

class Unique : public Strategy {
 public:
  Unique(const Problem& problem, std::shared_ptr<Seen> seen, std::unique_ptr<Strategy> inner)
      : problem_(problem), seen_(std::move(seen)), inner_(std::move(inner)) {}

  Answer Propose(int64_t number) override {
    Answer answer = inner_->Propose(number);
    const auto* proposal = std::get_if<Proposal>(&answer);
    if (proposal == nullptr || proposal->continues != 0 || !seen_->Contains(proposal->genotype)) {
      return answer;
    }
    RandomStream random = SideStream(problem_, StreamPurpose::kRepeatReplaced, number);
    Answer other = ProposeRandom(problem_, random, "random, in place of a repeat");
    if (auto* replacement = std::get_if<Proposal>(&other)) replacement->rung = proposal->rung;
    return other;
  }

  StopCommands Observe(const Event& event) override {
    if (const auto* proposed = std::get_if<Proposed>(&event)) {
      seen_->Add(proposed->proposal.genotype);
    }
    return inner_->Observe(event);
  }

  bool UsesRungs() const override { return inner_->UsesRungs(); }
  bool Promotes() const override { return inner_->Promotes(); }

 private:
  const Problem problem_;  // with the repeats infeasible
  const std::shared_ptr<Seen> seen_;
  const std::unique_ptr<Strategy> inner_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Strategy>> MakeUnique(const Problem& problem,
                                                     const MakeInner& make) {
  auto seen = std::make_shared<Seen>(problem);
  Problem narrowed = problem;
  narrowed.unique = false;
  narrowed.feasible = [seen, feasible = problem.feasible](const space::Genotype& genotype) {
    // The key last: it costs far more than the bounds on costs.
    return !seen->HasGenotype(genotype) && (feasible == nullptr || feasible(genotype)) &&
           !seen->HasKey(genotype);
  };
  NASCENT_ASSIGN_OR_RETURN(std::unique_ptr<Strategy> inner, make(narrowed));
  return std::make_unique<Unique>(narrowed, std::move(seen), std::move(inner));
}

}  // namespace nascent::strategy
