// What can be set of an engine.

#ifndef NASCENT_SERVER_ENGINE_ENGINE_OPTIONS_H_
#define NASCENT_SERVER_ENGINE_ENGINE_OPTIONS_H_

#include <cstdint>

#include "absl/time/time.h"
#include "server/engine/crash_notes.h"
#include "server/engine/executor.h"
#include "server/engine/propose/candidate.h"

namespace nascent::engine {

struct EngineOptions {
  absl::Duration lease_duration = absl::Seconds(30);
  int max_attempts = 3;
  CandidateOptions candidates;
  // False: searches may name no data and any metric, for simulations.
  bool require_data = true;
  // Where answers are handed to their callers, who may write to sockets then; outlives the engine.
  // Null: by the thread that calls Step, before it returns.
  Executor* answers = nullptr;
  // What former coordinators died of; outlives the engine. Null: nothing is known of that.
  const CrashNotes* crashes = nullptr;
  // Searches that are taken up before the engine serves, at least; beyond them those of which a
  // worker holds a lease.
  int searches_at_once = 20;
  // Events after which a strategy is asked for a snapshot.
  int64_t snapshot_interval = 1000;

  // Returns how long the final stage waits for a winner's weights.
  absl::Duration WeightsWait() const { return lease_duration + absl::Seconds(60); }
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_ENGINE_OPTIONS_H_
