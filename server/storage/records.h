// What the store keeps, as plain values.

#ifndef NASCENT_SERVER_STORAGE_RECORDS_H_
#define NASCENT_SERVER_STORAGE_RECORDS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "nascent/v1/search.pb.h"
#include "nascent/v1/task.pb.h"
#include "nascent/v1/trial.pb.h"
#include "nascent/v1/worker_service.pb.h"

namespace nascent::storage {

struct Term {
  int64_t term = 0;
  absl::Time deadline;
};

struct SearchRecord {
  int64_t id = 0;
  v1::SearchSpec spec;  // resolved
  v1::SearchState state = v1::SEARCH_STATE_RUNNING;
  std::string state_reason;
  absl::Time created_at;
  std::optional<absl::Time> finished_at;
  std::string space_size;
  std::vector<std::string> warnings;
  std::vector<v1::SearchDecision> decisions;  // in the space's order
};

// A row of the table of trials: as long as that has columns.
struct TrialRecord {
  int64_t id = 0;
  int64_t search_id = 0;
  int64_t number = 0;
  v1::TrialState state = v1::TRIAL_STATE_READY;
  v1::FailureKind failure = v1::FAILURE_KIND_UNSPECIFIED;
  std::string error;
  int attempt = 0;
  std::string worker;
  std::string key;
  int key_version = 0;
  v1::Genotype genotype;
  std::string notation;
  v1::Fidelity fidelity;
  int64_t continues = 0;         // number of the trial, 0: none
  std::vector<int64_t> parents;  // numbers
  std::string reason;
  bool enqueued = false;    // by a program
  int64_t after_event = 0;  // last event that the strategy had observed
  v1::Costs costs;
  v1::Recipe recipe;                // resolved, with the genotype's decisions
  std::string evaluation_identity;  // see EvaluationRecord; empty: never shared, or not known yet
  std::string evaluator;            // that made the result; empty: there is none
  // It was added without a task, because no network can be made of it. Older coordinators added
  // trials like that too while a twin made their evaluation.
  bool joined = false;
  int64_t shared_from = 0;  // id of the trial whose evaluation this SHARED one has; else 0
  std::string checkpoint;
  std::string weights;
  std::map<std::string, double> metrics;  // last value of each; costs are in `costs`
  absl::Time created_at;
  std::optional<absl::Time> finished_at;
};

// A task and, while it runs, its attempt.
struct TaskRecord {
  int64_t id = 0;
  int64_t trial_id = 0;
  int64_t search_id = 0;
  v1::TaskKind kind = v1::TASK_KIND_TRAIN;
  int attempt = 0;  // number of the last attempt
  int charged = 0;  // attempts that count against max_attempts
  bool leased = false;
  int64_t worker_id = 0;
  int slot = 0;
  absl::Time leased_at;
  absl::Time deadline;
  std::string checkpoint;            // that the next attempt continues from
  std::string checkpoint_evaluator;  // that made it, and alone can continue from it
  std::string lease_request_id;      // of the running attempt
  std::string evaluator;             // of the running attempt
  int64_t seed_offset = 0;           // of a final test, see AddFinalTask
};

struct EventRecord {
  enum class Kind { kMeasured, kFinished };
  int64_t sequence = 0;  // within the search, from 1, dense
  Kind kind = Kind::kMeasured;
  int64_t trial_number = 0;
  int epoch = 0;
  v1::TrialState state = v1::TRIAL_STATE_UNSPECIFIED;
  v1::FailureKind failure = v1::FAILURE_KIND_UNSPECIFIED;
  std::map<std::string, double> metrics;
  double seconds = 0;
};

// A search that has not ended, as a coordinator that takes over first sees it.
struct OpenSearch {
  int64_t id = 0;
  int priority = 0;
  bool leased = false;  // a worker has an attempt of it
};

struct SnapshotRecord {
  int64_t after_event = 0;
  int64_t after_trial = 0;  // number
  std::string bytes;
};

// Evaluations are identified by a hash over key, key version, data fingerprint and split, resolved
// recipe, fidelity, seed, the evaluator that made them and, where it matters, device class. An
// evaluator is a program's name and version.
struct EvaluationRecord {
  std::string identity;  // SHA-256, hexadecimal
  int64_t trial_id = 0;  // that made it
  int64_t search_id = 0;
  v1::TrialState state = v1::TRIAL_STATE_SUCCEEDED;  // or FAILED (diverged)
  v1::FailureKind failure = v1::FAILURE_KIND_UNSPECIFIED;
  std::map<std::string, double> metrics;
  std::string weights;
  std::string evaluator;
};

struct WorkerRecord {
  int64_t id = 0;
  std::string name;
  v1::RegisterRequest registration;
  absl::Time registered_at;
  absl::Time last_seen_at;
};

struct SearchTotals {
  std::map<v1::TrialState, int64_t> trials;
  int64_t scored = 0;  // of these: ended by a score, which no budget counts
  double device_seconds = 0;
};

struct TrialMeasurement {
  int64_t trial_number = 0;
  v1::Measurement measurement;
};

struct TrialMetrics {
  int64_t trial_id = 0;
  std::map<std::string, double> metrics;
};

}  // namespace nascent::storage

#endif  // NASCENT_SERVER_STORAGE_RECORDS_H_
