// Who works for the service: registered workers, what they have, and what fits them.

#ifndef NASCENT_SERVER_ENGINE_WORKER_TABLE_H_
#define NASCENT_SERVER_ENGINE_WORKER_TABLE_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "nascent/v1/search.pb.h"
#include "nascent/v1/search_service.pb.h"
#include "nascent/v1/task.pb.h"
#include "nascent/v1/worker_service.pb.h"

namespace nascent::engine {

struct WorkerEntry {
  int64_t id = 0;
  v1::RegisterRequest registration;
  std::string evaluator;  // name and version of what makes its results
  absl::Time registered_at;
  absl::Time last_seen_at;
  int waiting = 0;          // lease requests that wait
  std::set<int64_t> tasks;  // that it holds

  // Returns whether it may carry out tasks of `kind` on `slot` under these requirements.
  bool Fits(int slot, v1::TaskKind kind, const v1::Requirements& requirements) const;
  // Returns whether it declared all of these metrics.
  bool Measures(const std::vector<std::string>& metrics) const;
  // Returns whether some slot may.
  bool Fits(v1::TaskKind kind, const v1::Requirements& requirements) const;
  // Returns the memory of a slot; one that says nothing of it may have any.
  int64_t MemoryOf(int slot) const;
  // Returns the memory of the slot with the most.
  int64_t MostMemory() const;
};

// Returns the name under which results of a worker's program are known: its name and version.
std::string EvaluatorOf(const v1::RegisterRequest& registration);

// Not thread-safe.
class WorkerTable {
 public:
  // A worker is taken for alive when it holds a task, waits for one or was seen within `quiet`.
  explicit WorkerTable(absl::Duration quiet) : quiet_(quiet) {}

  // Takes in a new worker, or a known one that registers again.
  WorkerEntry& Put(int64_t id, const v1::RegisterRequest& registration, absl::Time now);
  // Null: not registered.
  WorkerEntry* Find(int64_t id);

  bool IsAlive(const WorkerEntry& worker, absl::Time now) const;
  // Returns whether some worker is alive.
  bool AnyAlive(absl::Time now) const;
  // Returns whether one that is alive declared all of these metrics.
  bool AnyMeasures(const std::vector<std::string>& metrics, absl::Time now) const;

  // The workers that are alive and can train under some requirements.
  struct Trainers {
    int slots = 0;
    // Bytes of the largest slot; no bound where one says nothing.
    int64_t most_memory = 0;
    std::set<std::string> evaluators;
    absl::Time counted_at;
  };
  // They are counted at most once a second for each set of requirements.
  const Trainers& LiveTrainers(const v1::Requirements& requirements, absl::Time now);
  // Has them counted anew.
  void ForgetTrainers() { trainers_.clear(); }
  // Returns whether a worker that is none of `excluded` waits for a task and fits.
  bool AnotherWaits(const std::set<int64_t>& excluded, v1::TaskKind kind,
                    const v1::Requirements& requirements) const;
  // Returns whether a worker with this evaluator is alive and fits.
  bool HasEvaluator(const std::string& evaluator, v1::TaskKind kind,
                    const v1::Requirements& requirements, absl::Time now) const;

  // Returns the metrics that workers declare beyond those of the task kinds.
  std::set<std::string> Metrics() const;

  // Returns all workers, ordered by id.
  std::vector<v1::Worker> List(absl::Time now) const;

 private:
  const absl::Duration quiet_;
  std::map<int64_t, WorkerEntry> workers_;
  std::map<std::string, Trainers> trainers_;  // by requirements
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_WORKER_TABLE_H_
