// Regularized evolution (Real et al. 2019, algorithm 1), asynchronous: the population are the last
// `population` usable results in the order in which they came in, whoever proposed them. A result
// older than that dies of age, however good it is. Trials that failed do not enter.

#include <deque>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "server/strategy/entries.h"
#include "server/strategy/goals/outcome.h"
#include "server/strategy/sampling.h"
#include "server/strategy/settings.h"

namespace nascent::strategy {
namespace {

class RegularizedEvolution : public Strategy {
 public:
  RegularizedEvolution(const Problem& problem, int64_t population, int64_t sample)
      : problem_(problem), population_size_(population), sample_(sample) {}

  Answer Propose(int64_t number) override {
    RandomStream random(problem_.seed, static_cast<uint64_t>(number));
    // Trials under way count, so that as many random ones start as the population needs.
    const int64_t coming = static_cast<int64_t>(population_.size() + pending_.size());
    if ((!complete_ && coming < population_size_) || population_.empty()) {
      return ProposeRandom(problem_, random, "random, for the first population");
    }
    for (int i = 0; i < kMutateEffort; ++i) {
      const Member& parent = Tournament(random);
      space::Genotype child = problem_.space->decisions().Mutate(parent.genotype, random);
      if (!IsFeasible(problem_, child)) continue;
      Proposal proposal;
      proposal.reason =
          absl::StrCat("mutation of ", DescribeChange(problem_, parent.genotype, child));
      proposal.genotype = std::move(child);
      proposal.parents = {parent.trial};
      return proposal;
    }
    return ProposeRandom(problem_, random, "random, as no mutation is feasible");
  }

  StopCommands Observe(const Event& event) override {
    if (const auto* proposed = std::get_if<Proposed>(&event)) {
      pending_[proposed->trial] = proposed->proposal.genotype;
    } else if (const auto* finished = std::get_if<Finished>(&event)) {
      Finish(*finished);
    }
    return {};
  }

 private:
  struct Member {
    int64_t trial;
    space::Genotype genotype;
    Outcome outcome;
  };

  const Member& Tournament(RandomStream& random) const {
    std::vector<const Member*> members;
    std::vector<const Outcome*> outcomes;
    for (const int64_t i :
         random.SampleWithoutReplacement(static_cast<int64_t>(population_.size()), sample_)) {
      members.push_back(&population_[static_cast<size_t>(i)]);
      outcomes.push_back(&members.back()->outcome);
    }
    return *members[BestOf(outcomes)];
  }

  void Finish(const Finished& finished) {
    auto pending = pending_.extract(finished.trial);
    if (pending.empty()) return;
    Outcome outcome = Assess(problem_, finished);
    if (!outcome.usable) return;
    population_.push_back({finished.trial, std::move(pending.mapped()), std::move(outcome)});
    if (static_cast<int64_t>(population_.size()) > population_size_) population_.pop_front();
    complete_ = complete_ || static_cast<int64_t>(population_.size()) == population_size_;
  }

  const Problem problem_;
  const int64_t population_size_;
  const int64_t sample_;
  absl::flat_hash_map<int64_t, space::Genotype> pending_;
  std::deque<Member> population_;  // oldest first
  bool complete_ = false;          // the population was full once
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
