// Evaluations that several trials refer to: finished ones are used at once, running ones are
// joined.

#ifndef NASCENT_SERVER_ENGINE_EVALUATIONS_H_
#define NASCENT_SERVER_ENGINE_EVALUATIONS_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/storage/records.h"

namespace nascent::engine {

// A trial of an active search.
struct TrialRef {
  int64_t search_id = 0;
  int64_t number = 0;
  bool operator==(const TrialRef&) const = default;
};

// What becomes of a trial that waited for its twin: it gets the evaluation, or without one a task
// of its own.
struct Resolution {
  TrialRef trial;
  std::optional<storage::EvaluationRecord> evaluation;
};

// Knows who makes which evaluation and who waits for it. It decides and carries nothing out. An
// evaluation is named by its scope: who may share it, and its identity.
class SharedEvaluations {
 public:
  // What a new trial does.
  struct Claim {
    enum class How { kMakes, kJoins, kHasIt };
    How how = How::kMakes;
    TrialRef maker;                                       // of kJoins
    std::optional<storage::EvaluationRecord> evaluation;  // of kHasIt
  };

  // Decides for a trial that is about to be added. `stored` is the finished evaluation that was
  // found in the store a moment ago, if any.
  Claim Add(const std::string& scope, const TrialRef& trial,
            const std::optional<storage::EvaluationRecord>& stored);
  // Takes in after a takeover that this trial has a task: it makes the evaluation, unless another
  // does or has.
  void Make(const std::string& scope, const TrialRef& trial);
  // Takes in that a trial ended, with the evaluation that others may use or without one. Returns
  // what becomes of those that waited for it; `is_open` says who still waits.
  std::vector<Resolution> OnEnded(const std::string& scope, const TrialRef& trial,
                                  const std::optional<storage::EvaluationRecord>& evaluation,
                                  const std::function<bool(const TrialRef&)>& is_open);
  // Takes in an evaluation that is finished. The last ones are kept: they bridge the time between a
  // strategy's look into the store and the commit of its proposal.
  void Remember(const std::string& scope, storage::EvaluationRecord evaluation);

 private:
  struct Evaluation {
    std::optional<TrialRef> maker;  // while it is made
    std::optional<storage::EvaluationRecord> finished;
    std::vector<TrialRef> joined;
  };

  absl::flat_hash_map<std::string, Evaluation> evaluations_;  // by scope
  std::deque<std::string> finished_scopes_;                   // oldest first
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_EVALUATIONS_H_
