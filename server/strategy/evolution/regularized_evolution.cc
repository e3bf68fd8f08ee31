// Regularized evolution (Real et al. 2019, algorithm 1), asynchronous: the population are the last
// `population` usable results in the order in which they came in, whoever proposed them. A result
// older than that dies of age, however good it is. Trials that failed do not enter.

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/strategy/entries.h"
#include "server/strategy/evolution/population.h"
#include "server/strategy/goals/outcome.h"
#include "server/strategy/sampling.h"
#include "server/strategy/settings.h"

namespace nascent::strategy {
namespace {

// Parents that are tried before a proposal is drawn at random: a parent may have no mutation that
// is feasible.
constexpr int kParents = 10;

class RegularizedEvolution : public Strategy {
 public:
  RegularizedEvolution(const Problem& problem, int64_t population, int64_t sample)
      : problem_(problem), population_(problem, population), sample_(sample) {}

  Answer Propose(int64_t number) override {
    RandomStream random(problem_.seed, static_cast<uint64_t>(number));
    if (population_.IsFilling()) {
      return ProposeRandom(problem_, random, "random, for the first population");
    }
    for (int i = 0; i < kParents; ++i) {
      const Population::Member& parent = Tournament(random);
      std::optional<space::Genotype> child = MutateFeasible(problem_, parent.genotype, random);
      if (!child.has_value()) continue;
      Proposal proposal;
      proposal.reason =
          absl::StrCat("mutation of ", DescribeChange(problem_, parent.genotype, *child));
      proposal.genotype = *std::move(child);
      proposal.parents = {parent.trial};
      return proposal;
    }
    return ProposeRandom(problem_, random, "random, as no mutation is feasible");
  }

  StopCommands Observe(const Event& event) override {
    if (population_.Observe(event) && population_.IsOverfull()) population_.Remove(0);
    return {};
  }

 private:
  const Population::Member& Tournament(RandomStream& random) const {
    const auto& members = population_.members();
    std::vector<const Population::Member*> drawn;
    std::vector<const Outcome*> outcomes;
    for (const int64_t i :
         random.SampleWithoutReplacement(static_cast<int64_t>(members.size()), sample_)) {
      drawn.push_back(&members[static_cast<size_t>(i)]);
      outcomes.push_back(&drawn.back()->outcome);
    }
    return *drawn[static_cast<size_t>(BestOf(outcomes))];
  }

  const Problem problem_;
  Population population_;
  const int64_t sample_;
};

}  // namespace

Entry RegularizedEvolutionEntry() {
  Entry entry;
  entry.name = "regularized_evolution";
  entry.description = "The best of a sample of the youngest results is mutated in one decision";
  entry.paper = "Real et al. 2019, Regularized Evolution for Image Classifier Architecture Search";
  entry.settings = {
      IntegerSetting("population", 2, 1000000, 100,
                     "Results that can be parents: the last so many. The paper's 100."),
      IntegerSetting("sample", 1, 1000000, 25,
                     "Drawn from the population without replacement; the best becomes the parent. "
                     "The paper's 25. At most `population`."),
  };
  entry.check = [](const Settings& settings) {
    if (settings.Integer("sample") <= settings.Integer("population")) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("sample: found ", settings.Integer("sample"),
                                                   ", at most population (",
                                                   settings.Integer("population"), ")"));
  };
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    return std::make_unique<RegularizedEvolution>(problem, settings.Integer("population"),
                                                  settings.Integer("sample"));
  };
  return entry;
}

}  // namespace nascent::strategy
