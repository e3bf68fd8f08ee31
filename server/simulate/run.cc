// A run of a scenario: engine, store and workers, and what its log then says.

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "common/clock.h"
#include "common/objectives/pareto.h"
#include "common/space/decisions/genotype_proto.h"
#include "common/status_macros.h"
#include "server/engine/engine.h"
#include "server/simulate/simulation.h"
#include "server/simulate/workers.h"
#include "server/storage/memory_store.h"
#include "server/storage/trial_life.h"
#include "server/strategy/goals/outcome.h"

namespace nascent::simulate {
namespace {

constexpr int64_t kAll = std::numeric_limits<int64_t>::max();

// What the user would take at each point, by what the search saw: of the highest rung that has a
// result, the trial with the best first objective and the front of all of them. Its worth is the
// truth's.
class Standing {
 public:
  explicit Standing(const Truth& truth) : truth_(truth), hypervolume_(truth.Share({})) {}

  void Offer(int rung, const strategy::Outcome& seen, int row) {
    if (!seen.feasible() || rung < rung_) return;
    if (rung > rung_ || seen.scores[0] > score_) {
      score_ = seen.scores[0];
      reported_ = truth_.First(row);
    }
    if (rung > rung_) front_.clear();
    rung_ = rung;
    if (seen.scores.size() > 1) EnterFront(seen.scores, row);
  }
  double reported() const { return reported_; }
  // NaN with one objective.
  double hypervolume() const { return hypervolume_; }

 private:
  void EnterFront(const strategy::Scores& scores, int row) {
    for (const auto& [other, other_row] : front_) {
      if (other == scores || objectives::Dominates(other, scores)) return;
    }
    std::erase_if(front_, [&scores](const auto& member) {
      return objectives::Dominates(scores, member.first);
    });
    front_.emplace_back(scores, row);
    std::vector<int> rows;
    for (const auto& member : front_) rows.push_back(member.second);
    hypervolume_ = truth_.Share(rows);
  }

  const Truth& truth_;
  int rung_ = -1;
  double score_ = 0;
  double reported_ = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::pair<strategy::Scores, int>> front_;  // with their rows
  double hypervolume_;
};

}  // namespace

absl::StatusOr<Trajectory> Scenario::Run(const google::protobuf::Value& strategy,
                                         uint64_t seed) const {
  NASCENT_ASSIGN_OR_RETURN(auto resolved, Resolve(strategy, seed));
  auto search = std::make_shared<const engine::ResolvedSearch>(std::move(resolved));

  VirtualClock clock;
  storage::MemoryStore store([&clock] { return clock.Now(); });
  engine::InlineExecutor executor;
  engine::EngineOptions options;
  options.lease_duration = absl::Seconds(100);
  options.require_data = false;
  options.candidates = {needs_networks_, needs_keys_};
  // Nobody takes over from a simulation.
  options.snapshot_interval = kAll;
  std::optional<Workers> workers;  // outlives the engine, which at its end answers who still waits
  engine::Engine engine(options, &store, &clock, &executor, [] {});
  NASCENT_ASSIGN_OR_RETURN(auto term, store.AcquireTerm("simulation", absl::InfiniteDuration()));
  NASCENT_RETURN_IF_ERROR(engine.Load(term.term));

  workers.emplace(*this, seed, &clock, &engine);
  const absl::Time begun = clock.Now();
  NASCENT_ASSIGN_OR_RETURN(auto id, workers->Work(search));

  NASCENT_ASSIGN_OR_RETURN(auto trials, store.LoadTrials(id, 0, kAll));
  NASCENT_ASSIGN_OR_RETURN(auto events, store.LoadEvents(id, 0, kAll));
  const strategy::Problem problem =
      engine::MakeProblem(std::make_shared<engine::CandidateMaker>(search, options.candidates));
  Trajectory trajectory;
  Standing standing(truth_);
  for (const storage::EventRecord& event : events) {
    if (event.kind != storage::EventRecord::Kind::kFinished ||
        event.state == v1::TRIAL_STATE_CANCELLED) {
      continue;
    }
    const storage::TrialRecord& trial = trials[static_cast<size_t>(event.trial_number - 1)];
    NASCENT_ASSIGN_OR_RETURN(auto genotype,
                             space::FromProto(search->space->decisions(), trial.genotype));
    strategy::Finished finished;
    finished.state = event.state;
    finished.failure = event.failure;
    finished.metrics = event.metrics;
    // What no worker measures, but the network tells.
    if (needs_networks_) finished.metrics.merge(problem.costs(genotype));
    const int row = RowOf(genotype);
    if (row < 0) return absl::InternalError("a trial without a row in the table");
    // What was only scored is no query, and nothing that a user would take.
    if (storage::ExemptFromBudget(trial)) continue;
    standing.Offer(trial.fidelity.rung(), strategy::Assess(problem, finished), row);
    const absl::Time ended = trial.finished_at.value_or(clock.Now());
    trajectory.queries.push_back(
        {workers->TableSeconds(ended - begun), standing.reported(), standing.hypervolume()});
    if (trajectory.trouble.empty() && trial.reason.starts_with(strategy::kStoodIn)) {
      trajectory.trouble = trial.reason;
    }
  }
  return trajectory;
}

}  // namespace nascent::simulate
