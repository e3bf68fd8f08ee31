// A run of a scenario: engine, store and workers, and what its log then says.

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "common/clock.h"
#include "common/space/decisions/genotype_proto.h"
#include "server/engine/engine.h"
#include "server/simulate/simulation.h"
#include "server/simulate/workers.h"
#include "server/storage/memory_store.h"
#include "server/strategy/goals/outcome.h"

namespace nascent::simulate {
namespace {

constexpr int64_t kAll = std::numeric_limits<int64_t>::max();

// The trial that the user would take at each point: of the highest rung that has a result, the one
// that violates the least and then has the best first objective.
class Incumbent {
 public:
  void Offer(int rung, const strategy::Outcome& outcome, double reported) {
    if (!outcome.usable || rung < rung_) return;
    const bool better = rung > rung_ || outcome.violation < violation_ ||
                        (outcome.violation == violation_ && outcome.scores[0] > score_);
    if (!better) return;
    rung_ = rung;
    violation_ = outcome.violation;
    score_ = outcome.scores[0];
    reported_ = reported;
  }
  double reported() const { return reported_; }

 private:
  int rung_ = -1;
  double violation_ = 0;
  double score_ = 0;
  double reported_ = std::numeric_limits<double>::quiet_NaN();
};

}  // namespace

absl::StatusOr<Trajectory> Scenario::Run(const google::protobuf::Value& strategy,
                                         uint64_t seed) const {
  auto resolved = Resolve(strategy, seed);
  if (!resolved.ok()) return resolved.status();
  auto search = std::make_shared<const engine::ResolvedSearch>(*std::move(resolved));

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
  auto term = store.AcquireTerm("simulation", absl::InfiniteDuration());
  if (!term.ok()) return term.status();
  if (absl::Status status = engine.Load(term->term); !status.ok()) return status;

  workers.emplace(*this, seed, &clock, &engine);
  const absl::Time begun = clock.Now();
  auto id = workers->Work(search);
  if (!id.ok()) return id.status();

  auto trials = store.LoadTrials(*id, 0, kAll);
  if (!trials.ok()) return trials.status();
  auto events = store.LoadEvents(*id, 0, kAll);
  if (!events.ok()) return events.status();
  const strategy::Problem problem =
      engine::MakeProblem(std::make_shared<engine::CandidateMaker>(search, options.candidates));
  Trajectory trajectory;
  Incumbent incumbent;
  for (const storage::EventRecord& event : *events) {
    if (event.kind != storage::EventRecord::Kind::kFinished ||
        event.state == v1::TRIAL_STATE_CANCELLED) {
      continue;
    }
    const storage::TrialRecord& trial = (*trials)[static_cast<size_t>(event.trial_number - 1)];
    auto genotype = space::FromProto(search->space->decisions(), trial.genotype);
    if (!genotype.ok()) return genotype.status();
    strategy::Finished finished;
    finished.state = event.state;
    finished.failure = event.failure;
    finished.metrics = event.metrics;
    const int row = table_->Find(*genotype);
    if (row < 0) return absl::InternalError("a trial without a row in the table");
    incumbent.Offer(trial.fidelity.rung(), strategy::Assess(problem, finished), reported_[row]);
    const absl::Time ended = trial.finished_at.value_or(clock.Now());
    trajectory.queries.push_back({workers->TableSeconds(ended - begun), incumbent.reported()});
    if (trajectory.trouble.empty() && trial.reason.starts_with(strategy::kStoodIn)) {
      trajectory.trouble = trial.reason;
    }
  }
  return trajectory;
}

}  // namespace nascent::simulate
