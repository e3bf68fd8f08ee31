// Which searches have to be looked at, now or later.

#ifndef NASCENT_SERVER_ENGINE_AGENDA_H_
#define NASCENT_SERVER_ENGINE_AGENDA_H_

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"

namespace nascent::engine {

// What happens to a search puts it here, so that a step looks at these searches and at no other.
class Agenda {
 public:
  // Has the search looked at in the next step.
  void Wake(int64_t search_id) { awake_.insert(search_id); }
  // Has it looked at once that time has come; the earliest of several times counts.
  void WakeAt(int64_t search_id, absl::Time time) {
    const auto [known, is_new] = due_.try_emplace(search_id, time);
    if (!is_new) {
      if (known->second <= time) return;
      by_time_.erase({known->second, search_id});
      known->second = time;
    }
    by_time_.emplace(time, search_id);
  }
  void Forget(int64_t search_id) {
    awake_.erase(search_id);
    const auto known = due_.find(search_id);
    if (known == due_.end()) return;
    by_time_.erase({known->second, search_id});
    due_.erase(known);
  }

  // Takes those that were woken or whose time has come, by id.
  std::set<int64_t> Take(absl::Time now) {
    while (!by_time_.empty() && by_time_.begin()->first <= now) {
      awake_.insert(by_time_.begin()->second);
      due_.erase(by_time_.begin()->second);
      by_time_.erase(by_time_.begin());
    }
    return std::exchange(awake_, {});
  }
  // Returns those that were woken and not taken yet.
  const std::set<int64_t>& awake() const { return awake_; }
  // Returns when the next search is due; InfiniteFuture without one.
  absl::Time NextDue() const {
    return by_time_.empty() ? absl::InfiniteFuture() : by_time_.begin()->first;
  }

 private:
  std::set<int64_t> awake_;
  absl::flat_hash_map<int64_t, absl::Time> due_;
  std::set<std::pair<absl::Time, int64_t>> by_time_;
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_AGENDA_H_
