#include "server/strategy/compose/single.h"

#include <variant>

#include "server/strategy/sampling.h"

namespace nascent::strategy {
namespace {

class Single : public Strategy {
 public:
  explicit Single(const Problem& problem) : problem_(problem) {}

  Answer Propose(int64_t /*number*/) override {
    Proposal proposal;
    proposal.genotype = problem_.space->decisions().First();
    if (proposed_ || !IsFeasible(problem_, proposal.genotype)) return Exhausted();
    proposal.reason = "the only network of the space";
    return proposal;
  }

  StopCommands Observe(const Event& event) override {
    proposed_ = proposed_ || std::holds_alternative<Proposed>(event);
    return {};
  }

 private:
  const Problem problem_;
  bool proposed_ = false;
};

}  // namespace

bool HasOneGenotype(const space::Space& space) {
  const space::DecisionSpace& decisions = space.decisions();
  for (const space::Decision& decision : decisions.decisions()) {
    // Real ranges hold more than one value; their grid may, too.
    if (decision.active_when.empty() && decision.domain.Size() != 1) return false;
  }
  return !decisions.Next(decisions.First()).has_value();
}

std::unique_ptr<Strategy> MakeSingle(const Problem& problem) {
  return std::make_unique<Single>(problem);
}

}  // namespace nascent::strategy
