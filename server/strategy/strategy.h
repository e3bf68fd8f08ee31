// A strategy proposes genotypes and learns from what became of them.

#ifndef NASCENT_SERVER_STRATEGY_STRATEGY_H_
#define NASCENT_SERVER_STRATEGY_STRATEGY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/network/costs.h"
#include "common/space/space.h"
#include "nascent/v1/trial.pb.h"

namespace nascent::strategy {

struct Objective {
  std::string metric;
  bool maximize = true;
  std::optional<double> reference;
};

struct OutcomeConstraint {
  std::string metric;
  std::optional<double> at_most;
  std::optional<double> at_least;
};

// One rung of the search's fidelity ladder; the last is the whole recipe.
struct Rung {
  double epochs = 0;         // of the recipe at this rung
  double share_of_full = 1;  // cost relative to the last rung, (0, 1]
  // The score without training that is all there is at this rung; empty: it trains. See AtRung in
  // goals/outcome.h.
  std::string metric = {};
};

// What a strategy knows of its search. Pointers outlive the strategy.
struct Problem {
  const space::Space* space = nullptr;
  std::vector<Objective> objectives;           // at least one
  std::vector<OutcomeConstraint> constraints;  // those that only a result can show
  std::vector<Rung> rungs;                     // at least one
  int calibrate = 0;                           // random losers of each rung that go up
  uint64_t seed = 0;
  int64_t budget_trials = 0;  // 0: unlimited
  int parallel = 1;           // expected number of trials at a time
  // Whether the genotype's costs meet the constraints on costs and the space's rules; cheap enough
  // to call for every candidate; pure.
  std::function<bool(const space::Genotype&)> feasible;
  // The costs of a genotype, by metric name; pure. For objectives that need no training.
  std::function<std::map<std::string, double>(const space::Genotype&)> costs;
  // What makes two genotypes one architecture (key and searched recipe values); pure. Unset: their
  // values.
  std::function<std::string(const space::Genotype&)> key;
  // No key is proposed twice (SearchSpec.unique): MakeStrategy wraps the strategy accordingly.
  bool unique = false;
};

struct Proposal {
  space::Genotype genotype;
  int rung = -1;                 // index into Problem::rungs; -1: the last
  int64_t continues = 0;         // number of the trial whose checkpoint this one continues; 0: none
  std::vector<int64_t> parents;  // numbers of trials
  std::string reason;            // for people, e.g. "mutation of node1"; at most 200 characters
  // What a model expects to gain over the best so far, in units of the first objective.
  std::optional<double> expected_gain;
  // Why this one was drawn at random in place of a strategy that failed; empty: it was not.
  std::string trouble;
};

// How the reason of a proposal begins that was drawn at random in its strategy's place.
inline constexpr std::string_view kStoodIn = "random, because ";

// What stands in the reason of a proposal that sends a random loser of a rung up, so that it is
// seen how far the rung can be trusted.
inline constexpr std::string_view kCalibrates = "calibration of rung ";

struct Wait {};       // nothing now; ask again after the next event
struct Exhausted {};  // nothing any more
using Answer = std::variant<Proposal, Wait, Exhausted>;

// A proposal was made (by this strategy or, with `enqueued`, by a program or by another strategy
// that shares the history).
struct Proposed {
  int64_t trial = 0;  // its number, from 1, rising; within a strategy that is wrapped, with gaps
  Proposal proposal;
  bool enqueued = false;
};

// A running trial measured something at the end of an epoch.
struct Measured {
  int64_t trial = 0;
  int epoch = 0;
  std::map<std::string, double> metrics;
};

// A trial ended.
struct Finished {
  int64_t trial = 0;
  v1::TrialState state =
      v1::TRIAL_STATE_UNSPECIFIED;  // SUCCEEDED, STOPPED, SHARED, FAILED, CANCELLED
  v1::FailureKind failure = v1::FAILURE_KIND_UNSPECIFIED;
  // Last finite value of each metric, costs included; may lack an objective when it failed.
  std::map<std::string, double> metrics;
  int epochs = 0;
  double seconds = 0;  // that it held a slot
};

using Event = std::variant<Proposed, Measured, Finished>;

// Trials that should end early, by number.
using StopCommands = std::vector<int64_t>;

// A pure object: its state is a fold over the events that it observed, and what it proposes is a
// function of that state, the seed and the proposal's number. No clock, no I/O, no locks, but for
// those that are asked elsewhere (`outside` in registry.h). Used by one thread at a time.
class Strategy {
 public:
  virtual ~Strategy() = default;

  // The proposal that would get `number` (the last Proposed number plus 1). Changes nothing that
  // can be observed: calls with equal state and number give equal answers. The caller then Observes
  // it as Proposed before it asks again. Randomness: RandomStream(problem.seed, number); the number
  // has no other meaning.
  virtual Answer Propose(int64_t number) = 0;

  // Takes in one event, in the log's order.
  virtual StopCommands Observe(const Event& event) = 0;

  // Whether it makes use of results at every rung of the ladder. Others, when they are wrapped by a
  // multi-fidelity strategy, see each genotype once, with its first result.
  virtual bool UsesRungs() const { return false; }

  // Whether it lets trials go on from rung to rung, and random losers with them
  // (Problem::calibrate).
  virtual bool Promotes() const { return false; }

  // Costly learned state as bytes, to be restored into a fresh object of the same problem and
  // settings instead of observing the events so far. Empty: not supported, events are observed
  // again.
  virtual std::string Snapshot() const { return {}; }
  virtual absl::Status Restore(const std::string& snapshot) {
    return snapshot.empty() ? absl::OkStatus()
                            : absl::UnimplementedError("this strategy has no snapshots");
  }
};

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_STRATEGY_H_
