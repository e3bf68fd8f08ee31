// The life of searches, trials and attempts, as a loop: takes commands in batches, checks them
// against what it holds in memory, stores what changes in one transaction, answers after the
// commit, and keeps every strategy fed.

#ifndef NASCENT_SERVER_ENGINE_ENGINE_H_
#define NASCENT_SERVER_ENGINE_ENGINE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "server/engine/batch.h"
#include "server/engine/commands.h"
#include "server/engine/engine_options.h"
#include "server/engine/engine_parts.h"
#include "server/engine/executor.h"
#include "server/engine/lease_desk.h"
#include "server/engine/loader.h"
#include "server/engine/model.h"
#include "server/engine/store_clock.h"
#include "server/storage/trial_store.h"

namespace nascent::engine {

// What plays together:
//   Model           all that is known of what is committed; the effect of each transition (model.h)
//   Batch           the transitions, answers and put-off commands of the step under way (batch.h)
//   handlers.h      one function per command: it checks, plans, answers
//   next_steps.h    what follows by itself: proposals, trials, final tests, ends
//   attempts.h      how attempts end, and sweeps of those that ran out
//   LeaseDesk       who waits for a task, and which one fits (lease_desk.h)
//   Loader          a model from the log, after a takeover (loader.h)
//
// Used by one thread at a time; no I/O but the store's, no time but the clock's. Holds everything
// that it needs of searches that have not ended, but for those that still wait to be taken up;
// after an error of the store it is thrown away and a new one is loaded.
class Engine {
 public:
  // All pointers outlive the engine. `wake` is called from the executor's threads when Step has
  // something to do.
  Engine(const EngineOptions& options, storage::TrialStore* store, const Clock* clock,
         Executor* executor, std::function<void()> wake);
  // Answers everyone who waits with UNAVAILABLE.
  ~Engine();

  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Takes over under `term`: loads what must not wait (loader.h). The steps after it take up the
  // rest.
  absl::Status Load(int64_t term);
  // Returns how many searches wait to be taken up, and how many are held.
  size_t waiting_searches() const { return loader_.waiting(); }
  size_t held_searches() const { return model_.searches().size(); }

  // Carries out `commands` and whatever time and strategies brought. After an error, the
  // store's or that memory no longer agrees with it, the engine is of no use any more.
  //
  //     commands, answers of strategies, time
  //        │  check, plan
  //        ▼
  //     one commit ──► Model::Apply for each transition, in order ──► answers
  //        │
  //        ▼
  //     strategies are asked, beside the engine
  //
  // From a submit to a lease it takes three steps; each is due at once, since whatever changes a
  // search puts it on the agenda:
  //   1. CreateSearch is committed; the strategy is asked for proposals.
  //   2. The proposals have come: AddTrial is committed, and their tasks are ready.
  //   3. Ready tasks are matched with the workers that wait: GrantLease is committed and answered.
  absl::Status Step(std::vector<Command> commands);

  // Returns the time until something is due without a command; zero: at once.
  absl::Duration UntilNext();

  // Returns a search that has not ended, for simulations and tests; null: there is none.
  const ActiveSearch* FindSearch(int64_t id) const { return model_.FindSearch(id); }

 private:
  absl::Status PlanStep(std::vector<Command> commands);
  absl::Status Commit();
  void SendReplies();
  void DropEnded();

  const EngineOptions options_;
  storage::TrialStore* const store_;
  StoreClock clock_;
  const std::shared_ptr<StrategyMailbox> mailbox_;
  Batch batch_;
  Model model_;
  LeaseDesk leases_;
  EngineParts parts_;  // of the fields above
  Loader loader_;

  int64_t term_ = 0;
  // Sweeps pause for a lease after a takeover, so that workers get the time to renew; what runs out
  // although it was renewed since is charged.
  absl::Duration sweep_from_;
  absl::Time charged_from_;
  std::set<int64_t> looked_at_;  // searches that this step looked at
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_ENGINE_H_
