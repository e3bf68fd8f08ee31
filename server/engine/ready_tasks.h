// Tasks that wait for a worker.

#ifndef NASCENT_SERVER_ENGINE_READY_TASKS_H_
#define NASCENT_SERVER_ENGINE_READY_TASKS_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <set>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "server/engine/active_search.h"

namespace nascent::engine {

// Searches take turns: those of the highest priority first, among equals the one that was served
// longest ago. Within a search tasks come first in, first out; what was returned comes first.
class ReadyTasks {
 public:
  // A search that has ready tasks.
  struct Queue {
    int64_t search_id = 0;
    int priority = 0;
    int64_t last_served = 0;
    std::deque<LiveTask*> tasks;  // in order
  };

  void Append(LiveTask& task) {
    Change(task, [&](auto& tasks) { tasks.push_back(&task); });
  }
  void Prepend(LiveTask& task) {
    Change(task, [&](auto& tasks) { tasks.push_front(&task); });
  }
  // A task that is not ready is left alone.
  void Remove(LiveTask& task) {
    Change(task, [&](auto& tasks) {
      const auto found = std::find(tasks.begin(), tasks.end(), &task);
      if (found != tasks.end()) tasks.erase(found);
    });
  }
  // Removes a task that goes to a worker: the search waits for its next turn.
  void Serve(LiveTask& task) {
    Remove(task);
    Queue& queue = queues_.at(task.search->record.id);
    if (!queue.tasks.empty()) order_.erase(KeyOf(queue));
    queue.last_served = ++served_;
    if (!queue.tasks.empty()) order_.insert(KeyOf(queue));
  }
  void Forget(int64_t search_id) {
    const auto found = queues_.find(search_id);
    if (found == queues_.end()) return;
    order_.erase(KeyOf(found->second));
    queues_.erase(found);
  }

  bool empty() const { return order_.empty(); }
  // Calls `visit` with the searches that have ready tasks, in their order, until it returns true.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const Key& key : order_) {
      if (visit(queues_.at(std::get<2>(key)))) return;
    }
  }

 private:
  using Key = std::tuple<int64_t, int64_t, int64_t>;  // minus priority, last served, id

  static Key KeyOf(const Queue& queue) {
    return {-queue.priority, queue.last_served, queue.search_id};
  }
  template <typename Do>
  void Change(const LiveTask& task, Do change) {
    Queue& queue = queues_[task.search->record.id];
    queue.search_id = task.search->record.id;
    queue.priority = task.search->spec().priority();
    if (!queue.tasks.empty()) order_.erase(KeyOf(queue));
    change(queue.tasks);
    if (!queue.tasks.empty()) order_.insert(KeyOf(queue));
  }

  absl::flat_hash_map<int64_t, Queue> queues_;  // by search
  std::set<Key> order_;                         // of those that are not empty
  int64_t served_ = 0;
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_READY_TASKS_H_
