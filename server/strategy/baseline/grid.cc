// Grid search: every feasible genotype once, in the space's order (the last decision changes
// fastest; of a range of real numbers ten values). The position is the last genotype proposed, so
// it goes on where it was after a restart.

#include <optional>
#include <utility>
#include <variant>

#include "server/strategy/entries.h"
#include "server/strategy/sampling.h"

namespace nascent::strategy {
namespace {

// Infeasible genotypes in a row, after which the grid counts as done.
constexpr int64_t kGridEffort = 1000000;

class Grid : public Strategy {
 public:
  explicit Grid(const Problem& problem) : problem_(problem) {}

  Answer Propose(int64_t /*number*/) override {
    const space::DecisionSpace& decisions = problem_.space->decisions();
    std::optional<space::Genotype> next =
        last_.has_value() ? decisions.Next(*last_) : decisions.First();
    for (int64_t i = 0; next.has_value() && i < kGridEffort; ++i) {
      if (IsFeasible(problem_, *next)) {
        Proposal proposal;
        proposal.genotype = *std::move(next);
        proposal.reason = "next of the grid";
        return proposal;
      }
      next = decisions.Next(*next);
    }
    return Exhausted();
  }

  StopCommands Observe(const Event& event) override {
    const auto* proposed = std::get_if<Proposed>(&event);
    if (proposed != nullptr && !proposed->enqueued) last_ = proposed->proposal.genotype;
    return {};
  }

 private:
  const Problem problem_;
  std::optional<space::Genotype> last_;
};

}  // namespace

Entry GridEntry() {
  Entry entry;
  entry.name = "grid";
  entry.description =
      "Every feasible genotype once, the last decision fastest; ten values of a real range";
  entry.make = [](const Problem& problem,
                  const Settings&) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    return std::make_unique<Grid>(problem);
  };
  return entry;
}

}  // namespace nascent::strategy
