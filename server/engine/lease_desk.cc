#include "server/engine/lease_desk.h"

#include <algorithm>

namespace nascent::engine {
namespace {

// Ready tasks of one search that are tried for a worker.
constexpr size_t kMostTried = 64;

// Whether tasks of the search go out at present.
bool IsServed(const ActiveSearch& search) {
  if (search.changing) return false;
  return search.IsIn(v1::SEARCH_STATE_FINISHING) ||
         (search.IsIn(v1::SEARCH_STATE_RUNNING) && search.ending.stop_reason.empty());
}

}  // namespace

std::optional<LeaseDesk::Waiting> LeaseDesk::Add(Call<LeaseTask, LeaseGrant> call,
                                                 absl::Duration expires, absl::Time now) {
  const v1::LeaseRequest& request = call.request.message;
  const auto slot = std::make_pair(request.worker_id(), request.slot());
  std::optional<Waiting> older;
  if (const auto it = by_slot_.find(slot); it != by_slot_.end()) older = Take(it->second, now);
  const int64_t arrival = ++arrivals_;
  by_slot_[slot] = arrival;
  by_expiry_.emplace(expires, arrival);
  ++workers_->Find(request.worker_id())->waiting;
  waiting_.emplace(arrival, Waiting{std::move(call), expires});
  return older;
}

LeaseDesk::Waiting LeaseDesk::Take(int64_t arrival, absl::Time now) {
  const auto it = waiting_.find(arrival);
  Waiting waiting = std::move(it->second);
  waiting_.erase(it);
  by_expiry_.erase({waiting.expires, arrival});
  const v1::LeaseRequest& request = waiting.call.request.message;
  by_slot_.erase({request.worker_id(), request.slot()});
  WorkerEntry* worker = workers_->Find(request.worker_id());
  --worker->waiting;
  worker->last_seen_at = now;
  return waiting;
}

bool LeaseDesk::MayRun(const LiveTask& task, const WorkerEntry& worker, int slot) const {
  v1::Requirements requirements = task.search->spec().requirements();
  requirements.set_memory_bytes(std::max(requirements.memory_bytes(), task.least_memory));
  if (!worker.Fits(slot, task.kind, requirements)) return false;
  if (!worker.Measures(task.metrics)) return false;
  return !task.failed_on.contains(worker.id) ||
         !workers_->AnotherWaits(task.failed_on, task.kind, requirements);
}

LiveTask* LeaseDesk::Pick(const WorkerEntry& worker, int slot, const Judge& judge) const {
  LiveTask* picked = nullptr;
  ready_->ForEach([&](const ReadyTasks::Queue& queue) {
    if (!IsServed(*queue.tasks.front()->search)) return false;
    size_t tried = 0;
    for (LiveTask* task : queue.tasks) {
      if (task->busy) continue;
      if (!MayRun(*task, worker, slot)) {
        if (++tried == kMostTried) return false;
        continue;
      }
      if (judge(*task, worker) != Verdict::kTake) continue;
      picked = task;
      return true;
    }
    return false;
  });
  return picked;
}

std::vector<LeaseDesk::Match> LeaseDesk::TakeMatches(absl::Time now, const Judge& judge) {
  std::vector<std::pair<int64_t, LiveTask*>> matched;
  for (const auto& [arrival, waiting] : waiting_) {
    if (ready_->empty()) break;
    const auto& cancelled = waiting.call.request.cancelled;
    if (cancelled != nullptr && cancelled->load()) {
      matched.emplace_back(arrival, nullptr);
      continue;
    }
    const v1::LeaseRequest& request = waiting.call.request.message;
    LiveTask* task = Pick(*workers_->Find(request.worker_id()), request.slot(), judge);
    if (task == nullptr) continue;
    ready_->Serve(*task);
    task->busy = true;
    matched.emplace_back(arrival, task);
  }
  std::vector<Match> matches;
  for (const auto& [arrival, task] : matched) matches.push_back({Take(arrival, now), task});
  return matches;
}

std::vector<LeaseDesk::Waiting> LeaseDesk::TakeExpired(absl::Duration elapsed, absl::Time now) {
  std::vector<Waiting> expired;
  while (!by_expiry_.empty() && by_expiry_.begin()->first <= elapsed) {
    expired.push_back(Take(by_expiry_.begin()->second, now));
  }
  return expired;
}

std::vector<LeaseDesk::Waiting> LeaseDesk::TakeAll() {
  std::vector<Waiting> all;
  for (auto& [arrival, waiting] : waiting_) all.push_back(std::move(waiting));
  waiting_.clear();
  by_expiry_.clear();
  by_slot_.clear();
  return all;
}

std::optional<absl::Duration> LeaseDesk::NextExpiry() const {
  if (by_expiry_.empty()) return std::nullopt;
  return by_expiry_.begin()->first;
}

}  // namespace nascent::engine
