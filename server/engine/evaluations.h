// Evaluations that several trials refer to.

#ifndef NASCENT_SERVER_ENGINE_EVALUATIONS_H_
#define NASCENT_SERVER_ENGINE_EVALUATIONS_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
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

// What becomes of a trial that no worker has: it gets the evaluation, or without one a task of its
// own.
struct Resolution {
  TrialRef trial;
  std::optional<storage::EvaluationRecord> evaluation;
};

// Knows which trials are of one subject: the same network, data, recipe and fidelity, among those
// that may share. Each evaluator, that is a program's name and version, makes its own evaluation of
// a subject, and no result of one stands for that of another. So what a trial does is decided for
// the worker that asks:
//
//     its evaluator has finished the evaluation    the trial is SHARED
//     another trial makes it for this evaluator    the trial waits, for this worker
//     else                                         the worker gets the trial
//
// Subjects go by a name that also says who may share them (Model::ScopeOf). Carries nothing out.
class SharedEvaluations {
 public:
  // Takes in a trial that is open. Returns the trial of the subject that came first, when that is
  // another one.
  std::optional<TrialRef> Add(const std::string& scope, const TrialRef& trial);
  // Takes in that an attempt of the trial runs, or is about to.
  void Start(const std::string& scope, const TrialRef& trial, const std::string& evaluator);
  // Takes in that it ended and the trial did not.
  void Stop(const std::string& scope, const TrialRef& trial);
  // Takes in that the trial ended. Returns the other open trials of the subject, the first that
  // came first.
  std::vector<TrialRef> End(const std::string& scope, const TrialRef& trial);
  // Takes in an evaluation that is finished. The last ones are kept, and those of subjects that
  // have open trials; older ones are found in the store.
  void Remember(const std::string& scope, storage::EvaluationRecord evaluation);

  // Returns the finished evaluation by this evaluator; null: none is known. Valid until the next
  // change.
  const storage::EvaluationRecord* Find(const std::string& scope,
                                        const std::string& evaluator) const;
  // Returns whether an attempt of another trial makes it.
  bool IsMade(const std::string& scope, const TrialRef& by_another_than,
              const std::string& evaluator) const;

 private:
  struct Subject {
    std::vector<TrialRef> open;                                 // in the order in which they came
    std::map<std::string, TrialRef> running;                    // by evaluator
    std::map<std::string, storage::EvaluationRecord> finished;  // by evaluator
  };

  void EraseIfEmpty(const std::string& scope);

  absl::flat_hash_map<std::string, Subject> subjects_;  // by scope
  // Scope and evaluator of those that are finished, oldest first.
  std::deque<std::pair<std::string, std::string>> finished_;
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_EVALUATIONS_H_
