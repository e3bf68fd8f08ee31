// Local search (White et al. 2020): from a random network to a better neighbour, again and again; a
// new random start where no neighbour is better. What was proposed once is not asked again.
//
// Asynchronous: while all neighbours of one climb are under way, free workers begin another, so
// that there are at most as many climbs as trials at a time.

#include <algorithm>
#include <map>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "server/strategy/entries.h"
#include "server/strategy/goals/outcome.h"
#include "server/strategy/sampling.h"
#include "server/strategy/settings.h"
#include "server/strategy/variation.h"

namespace nascent::strategy {
namespace {

class LocalSearch : public Strategy {
 public:
  LocalSearch(const Problem& problem, bool first_improvement)
      : problem_(problem), first_improvement_(first_improvement) {}

  Answer Propose(int64_t number) override {
    for (auto& [id, climb] : climbs_) {
      if (const space::Genotype* neighbour = NextNeighbour(climb)) {
        Proposal proposal;
        proposal.genotype = *neighbour;
        proposal.parents = {climb.center};
        proposal.reason =
            absl::StrCat("neighbour in ", DescribeChange(problem_, climb.genotype, *neighbour));
        return proposal;
      }
    }
    RandomStream random(problem_.seed, static_cast<uint64_t>(number));
    for (int i = 0; i < kSampleEffort; ++i) {
      Proposal proposal;
      proposal.genotype = problem_.space->decisions().Sample(random);
      if (IsKnown(proposal.genotype) || !IsFeasible(problem_, proposal.genotype)) continue;
      proposal.reason = "random start";
      return proposal;
    }
    return Exhausted();
  }

  StopCommands Observe(const Event& event) override {
    if (const auto* proposed = std::get_if<Proposed>(&event)) {
      Begin(*proposed);
    } else if (const auto* finished = std::get_if<Finished>(&event)) {
      End(*finished);
    }
    return {};
  }

 private:
  struct Climb {
    int64_t center = 0;  // trial; 0: its start has not ended yet
    space::Genotype genotype;
    Outcome outcome;
    std::vector<space::Genotype> neighbours;  // in the order in which they are asked
    size_t next = 0;
    int pending = 0;
    // The best neighbour so far, for best improvement.
    int64_t best = 0;
    space::Genotype best_genotype;
    Outcome best_outcome;
  };
  struct Pending {
    int64_t climb;
    space::Genotype genotype;
  };

  bool IsKnown(const space::Genotype& genotype) const {
    return known_.contains(Fingerprint(genotype));
  }

  // What is passed over here stays so: known networks remain known.
  const space::Genotype* NextNeighbour(Climb& climb) {
    for (; climb.next < climb.neighbours.size(); ++climb.next) {
      const space::Genotype& neighbour = climb.neighbours[climb.next];
      if (!IsKnown(neighbour) && IsFeasible(problem_, neighbour)) return &neighbour;
    }
    return nullptr;
  }

  void Begin(const Proposed& proposed) {
    known_.insert(Fingerprint(proposed.proposal.genotype));
    if (proposed.enqueued) return;
    int64_t climb = proposed.trial;  // a start names its climb
    if (!proposed.proposal.parents.empty()) {
      const auto found = climb_of_.find(proposed.proposal.parents.front());
      if (found != climb_of_.end()) climb = found->second;
    }
    ++climbs_[climb].pending;
    pending_[proposed.trial] = {climb, proposed.proposal.genotype};
  }

  void End(const Finished& finished) {
    auto pending = pending_.extract(finished.trial);
    if (pending.empty()) return;
    const int64_t id = pending.mapped().climb;
    Climb& climb = climbs_[id];
    --climb.pending;
    Outcome outcome = Assess(problem_, finished);
    space::Genotype& genotype = pending.mapped().genotype;
    if (outcome.usable) {
      if (climb.center == 0 || (first_improvement_ && Better(outcome, climb.outcome))) {
        Move(id, climb, finished.trial, std::move(genotype), std::move(outcome));
      } else if (!first_improvement_ &&
                 Better(outcome, climb.best == 0 ? climb.outcome : climb.best_outcome)) {
        climb.best = finished.trial;
        climb.best_genotype = std::move(genotype);
        climb.best_outcome = std::move(outcome);
      }
    }
    if (climb.pending > 0 || NextNeighbour(climb) != nullptr) return;
    if (climb.best != 0) {
      const int64_t best = std::exchange(climb.best, 0);
      Move(id, climb, best, std::move(climb.best_genotype), std::move(climb.best_outcome));
      if (NextNeighbour(climb) != nullptr) return;
    }
    climb_of_.erase(climb.center);
    climbs_.erase(id);
  }

  void Move(int64_t id, Climb& climb, int64_t trial, space::Genotype genotype, Outcome outcome) {
    climb_of_.erase(climb.center);
    climb_of_[trial] = id;
    climb.center = trial;
    climb.genotype = std::move(genotype);
    climb.outcome = std::move(outcome);
    const auto all = Neighbours(problem_.space->decisions(), climb.genotype);
    RandomStream random = SideStream(problem_, StreamPurpose::kNeighbours, trial);
    climb.neighbours.clear();
    climb.next = 0;
    const auto count = static_cast<int64_t>(all.size());
    for (const int64_t i : random.SampleWithoutReplacement(count, count)) {
      climb.neighbours.push_back(all[static_cast<size_t>(i)]);
    }
  }

  const Problem problem_;
  const bool first_improvement_;
  absl::flat_hash_set<uint64_t> known_;
  std::map<int64_t, Climb> climbs_;                 // by the trial that started them
  absl::flat_hash_map<int64_t, int64_t> climb_of_;  // by center
  absl::flat_hash_map<int64_t, Pending> pending_;
};

}  // namespace

Entry LocalSearchEntry() {
  Entry entry;
  entry.name = "local_search";
  entry.description = "Climbs from neighbour to better neighbour, with random restarts";
  entry.paper = "White et al. 2020, Exploring the Loss Landscape in Neural Architecture Search";
  entry.settings = {
      TextSetting("improvement", {"first", "best"}, "first",
                  "first: moves to the first better neighbour; best: to the best of all, when all "
                  "have ended."),
  };
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    return std::make_unique<LocalSearch>(problem, settings.Text("improvement") == "first");
  };
  return entry;
}

}  // namespace nascent::strategy
