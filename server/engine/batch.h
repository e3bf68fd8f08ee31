// What one step of the engine changes and answers.

#ifndef NASCENT_SERVER_ENGINE_BATCH_H_
#define NASCENT_SERVER_ENGINE_BATCH_H_

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "server/engine/commands.h"
#include "server/storage/transitions.h"
#include "server/storage/trial_store.h"

namespace nascent::engine {

// Collects transitions until they are committed together, answers until that is done, and commands
// that have to wait for it.
class Batch {
 public:
  // Called with the transition's outcome after the commit and after the model has taken it in, in
  // the order of the transitions. UNAVAILABLE: it is not known whether it was stored; a retry with
  // the same request id finds out.
  using Done = std::function<void(const storage::Outcome&)>;

  // Adds a transition.
  void Plan(storage::Transition transition, Done done = nullptr) {
    transitions_.push_back(std::move(transition));
    done_.push_back(std::move(done));
  }
  // Answers once everything of this step is committed.
  template <typename Response, typename Value>
  void Answer(const std::function<void(absl::StatusOr<Response>)>& reply, Value&& value) {
    replies_.push_back([reply, response = absl::StatusOr<Response>(std::forward<Value>(
                                   value))]() mutable { reply(std::move(response)); });
  }
  // As Answer, with what `make` returns when the answers are taken: strategies have been asked by
  // then. It is called by the thread that takes them.
  template <typename Response>
  void AnswerLate(const std::function<void(absl::StatusOr<Response>)>& reply,
                  std::function<Response()> make) {
    late_.push_back([this, reply, make = std::move(make)] { Answer(reply, make()); });
  }
  // Returns a Done that answers with what `response` makes of a good outcome, else with its error.
  template <typename Response, typename Make>
  Done Answering(std::function<void(absl::StatusOr<Response>)> reply, Make response) {
    return [this, reply = std::move(reply),
            response = std::move(response)](const storage::Outcome& outcome) {
      if (!outcome.status.ok()) return Answer(reply, outcome.status);
      Answer(reply, response(outcome));
    };
  }
  template <typename Response>
  Done Answering(std::function<void(absl::StatusOr<Response>)> reply) {
    return Answering<Response>(std::move(reply),
                               [](const storage::Outcome&) { return Response(); });
  }
  // Puts a command off to the next step, because what it concerns is in the batch.
  void Defer(Command command) { deferred_.push_back(std::move(command)); }
  // Counts one more command about a task that is put off in this step. False: there are `most`.
  bool CountDeferred(int64_t task_id, int most) {
    int& count = deferred_of_[task_id];
    if (count >= most) return false;
    ++count;
    return true;
  }

  // Whether something is left to do in the next step.
  bool HasWork() const { return !transitions_.empty() || !deferred_.empty(); }
  const std::vector<storage::Transition>& transitions() const { return transitions_; }

  // Each takes what was collected since.
  std::pair<std::vector<storage::Transition>, std::vector<Done>> TakeTransitions() {
    return {std::exchange(transitions_, {}), std::exchange(done_, {})};
  }
  std::vector<std::function<void()>> TakeReplies() {
    for (const auto& answer : std::exchange(late_, {})) answer();
    return std::exchange(replies_, {});
  }
  std::vector<Command> TakeDeferred() {
    deferred_of_.clear();
    return std::exchange(deferred_, {});
  }

 private:
  std::vector<storage::Transition> transitions_;
  std::vector<Done> done_;
  std::vector<std::function<void()>> replies_;
  std::vector<std::function<void()>> late_;
  std::vector<Command> deferred_;
  absl::flat_hash_map<int64_t, int> deferred_of_;  // by task
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_BATCH_H_
