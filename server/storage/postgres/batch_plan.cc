#include "server/storage/postgres/batch_plan.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/hash/hash.h"

namespace nascent::storage::postgres {
namespace {

// Hashes of the things that a transition touches; a collision only makes one more group.
using Touched = absl::InlinedVector<size_t, 2>;

enum class Thing { kTask, kNumber, kLeaseRequest, kTrialRequest };

template <typename... Key>
size_t HashOf(Thing thing, const Key&... key) {
  return absl::HashOf(static_cast<int>(thing), key...);
}

// Not grouped: ends all groups before it.
template <typename T>
constexpr bool kBarrier = true;
template <>
constexpr bool kBarrier<AddTrial> = false;
template <>
constexpr bool kBarrier<GrantLease> = false;
template <>
constexpr bool kBarrier<RenewLease> = false;
template <>
constexpr bool kBarrier<FinishAttempt> = false;

template <typename T>
Touched TouchedBy(const T&) {
  return {};
}
Touched TouchedBy(const AddTrial& t) {
  Touched touched = {HashOf(Thing::kNumber, t.trial.search_id, t.trial.number)};
  if (!t.request_id.empty()) {
    touched.push_back(HashOf(Thing::kTrialRequest, t.request_id, t.request_index));
  }
  return touched;
}
Touched TouchedBy(const GrantLease& t) {
  Touched touched = {HashOf(Thing::kTask, t.task_id)};
  if (!t.request_id.empty()) touched.push_back(HashOf(Thing::kLeaseRequest, t.request_id));
  return touched;
}
Touched TouchedBy(const RenewLease& t) { return {HashOf(Thing::kTask, t.attempt.task_id)}; }
Touched TouchedBy(const FinishAttempt& t) { return {HashOf(Thing::kTask, t.attempt.task_id)}; }

class Planner {
 public:
  template <typename T>
  void Place(const T& transition, size_t kind, size_t item) {
    if constexpr (kBarrier<T>) {
      groups_.push_back({kind, {item}});
      first_open_ = groups_.size();
      last_.clear();
      return;
    }
    size_t earliest = first_open_;
    const Touched touched = TouchedBy(transition);
    for (const size_t thing : touched) {
      const auto last = last_.find(thing);
      if (last == last_.end()) continue;
      // Renewals of one lease are merged into one.
      const bool together = std::is_same_v<T, RenewLease> && groups_[last->second].kind == kind;
      earliest = std::max(earliest, last->second + (together ? 0 : 1));
    }
    if constexpr (std::is_same_v<T, AddTrial>) {
      // Copies the result of a trial that may have finished in this batch.
      if (transition.trial.shared_from != 0 && !groups_.empty()) {
        earliest = std::max(earliest, groups_.size() - 1);
      }
    }
    const auto group =
        std::find_if(groups_.begin() + std::min(earliest, groups_.size()), groups_.end(),
                     [&](const BatchGroup& each) { return each.kind == kind; });
    const size_t place = group - groups_.begin();
    if (group == groups_.end()) groups_.push_back({kind, {}});
    groups_[place].items.push_back(item);
    for (const size_t thing : touched) last_[thing] = place;
  }

  std::vector<BatchGroup> Take() { return std::move(groups_); }

 private:
  std::vector<BatchGroup> groups_;
  size_t first_open_ = 0;  // groups before it are behind a barrier
  absl::flat_hash_map<size_t, size_t> last_;
};

}  // namespace

std::vector<BatchGroup> PlanBatch(const std::vector<Transition>& transitions,
                                  const std::vector<size_t>& items) {
  Planner planner;
  for (const size_t item : items) {
    const Transition& transition = transitions[item];
    std::visit([&](const auto& t) { planner.Place(t, transition.index(), item); }, transition);
  }
  return planner.Take();
}

}  // namespace nascent::storage::postgres
