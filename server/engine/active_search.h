// A search that has not ended, as the engine holds it: a fold over its log.

#ifndef NASCENT_SERVER_ENGINE_ACTIVE_SEARCH_H_
#define NASCENT_SERVER_ENGINE_ACTIVE_SEARCH_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "server/engine/agenda.h"
#include "server/engine/live_trial.h"
#include "server/engine/propose/candidate.h"
#include "server/engine/propose/strategy_host.h"
#include "server/engine/resolve/resolve_search.h"
#include "server/engine/rung_trust.h"
#include "server/engine/strategy_queue.h"
#include "server/engine/trial_tally.h"
#include "server/engine/winners.h"
#include "server/storage/records.h"

namespace nascent::engine {

// Why and how far a search is on its way to its end.
struct Ending {
  std::string refused;              // why the search can't go on
  std::string stop_reason;          // a budget or a stop rule says that nothing new starts
  int64_t results = 0;              // trained trials that ended with one
  int64_t without_improvement = 0;  // trained trials in a row
  int64_t without_score = 0;        // trials in a row of which a score can't be told
  bool final_planned = false;
  int64_t open_final_tasks = 0;
};

// Its parts keep their own rules: `tally` counts trials by state, `queue` is what goes to the
// strategy and comes from it, `winners` who leads, `trust` how well a rung tells the next, `ending`
// why nothing new starts.
struct ActiveSearch {
  // `candidates` makes what the strategy proposes, `to_do` learns that the search changed; it
  // outlives the search.
  ActiveSearch(storage::SearchRecord search_record, std::shared_ptr<CandidateMaker> candidates,
               Agenda* to_do);

  const v1::SearchSpec& spec() const { return resolved->spec; }
  bool IsIn(v1::SearchState state) const { return record.state == state; }
  // Returns the number of trials that count against the budget, or will.
  int64_t Charged() const { return last_number - tally.Exempt(); }
  // Returns how many of those proposed that are not yet trials will count so.
  int64_t ChargedPlanned() const;
  // Returns how many more trials may be proposed now, with `slots` free or busy slots in the
  // service.
  int64_t Room(int slots) const;
  // Has the search looked at in the next step.
  void Wake() const { agenda->Wake(record.id); }
  // Records that `trial` changed, and wakes the search.
  void Touch(LiveTrial& trial);
  // Takes in that a trial ended: who leads, and whether a stop rule holds. Its record has the
  // result.
  void OnEnded(const std::shared_ptr<LiveTrial>& trial);
  // Hands committed events of `trial` to the strategy's queue.
  void Observe(LiveTrial& trial, const std::vector<storage::EventRecord>& events);
  // Null: it is neither open nor among those that are kept.
  std::shared_ptr<LiveTrial> FindTrial(int64_t number) const;
  // Returns the open trials that no worker has, by number.
  std::vector<std::shared_ptr<LiveTrial>> ReadyTrials() const;

  storage::SearchRecord record;  // its spec is in `resolved`
  // record.id, for those who were made before the search had one.
  const std::shared_ptr<int64_t> shared_id = std::make_shared<int64_t>(0);
  const std::shared_ptr<const ResolvedSearch> resolved;
  const std::shared_ptr<CandidateMaker> maker;
  std::shared_ptr<StrategyHost> host;
  Agenda* const agenda;

  TrialTally tally;
  StrategyQueue queue;
  Winners winners;
  RungTrust trust;
  Ending ending;

  // Trials.
  int64_t last_number = 0;
  absl::flat_hash_map<int64_t, std::shared_ptr<LiveTrial>> open;  // by number
  std::deque<std::shared_ptr<LiveTrial>> ended;                   // the last ones, oldest first
  absl::flat_hash_map<int64_t, Checkpoint> checkpoints;           // by number, where one is kept
  // Proposed, although no network can be made of them; to be ended as FAILED.
  std::vector<std::shared_ptr<LiveTrial>> impossible;

  // Tasks and attempts.
  std::set<int64_t> tasks;  // those that are not finished
  std::set<int64_t> running_tasks;
  double device_seconds = 0;  // of attempts that ended
  absl::Time first_lease_at = absl::InfiniteFuture();

  // Starts anew, and higher, with each engine that holds the search.
  int64_t revision = 1;
  absl::Duration paused;  // in all, since it is held in memory
  absl::Time paused_since = absl::InfiniteFuture();
  bool changing = false;  // a change of its state is in the batch being built
  // What an attempt could not get, of the infrastructure; empty once one goes on.
  std::string lacking;
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_ACTIVE_SEARCH_H_
