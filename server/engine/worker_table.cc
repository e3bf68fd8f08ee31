#include "server/engine/worker_table.h"

#include <algorithm>

#include "server/engine/view/timestamps.h"

namespace nascent::engine {

bool WorkerEntry::Fits(int slot, v1::TaskKind kind, const v1::Requirements& requirements) const {
  const auto& kinds = registration.task_kinds();
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) return false;
  const v1::Device& device = registration.slots(slot);
  if (!requirements.device().empty() && requirements.device() != device.kind()) return false;
  if (requirements.memory_bytes() > device.memory_bytes()) return false;
  for (const auto& [label, value] : requirements.labels()) {
    const auto it = registration.labels().find(label);
    if (it == registration.labels().end() || it->second != value) return false;
  }
  return true;
}

WorkerEntry& WorkerTable::Put(int64_t id, const v1::RegisterRequest& registration, absl::Time now) {
  WorkerEntry& worker = workers_[id];
  worker.id = id;
  worker.registration = registration;
  worker.registered_at = now;
  worker.last_seen_at = now;
  by_name_[registration.name()] = id;
  newest_version_ = registration.evaluator_version();
  return worker;
}

WorkerEntry* WorkerTable::Find(int64_t id) {
  const auto it = workers_.find(id);
  return it == workers_.end() ? nullptr : &it->second;
}

const WorkerEntry* WorkerTable::FindByName(const std::string& name) const {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : &workers_.at(it->second);
}

bool WorkerTable::IsAlive(const WorkerEntry& worker, absl::Time now) const {
  return worker.waiting > 0 || !worker.tasks.empty() || now - worker.last_seen_at <= quiet_;
}

int WorkerTable::LiveSlots(const v1::Requirements& requirements, absl::Time now) const {
  int slots = 0;
  for (const auto& [id, worker] : workers_) {
    if (!IsAlive(worker, now)) continue;
    for (int slot = 0; slot < worker.registration.slots_size(); ++slot) {
      if (worker.Fits(slot, v1::TASK_KIND_TRAIN, requirements)) ++slots;
    }
  }
  return slots;
}

bool WorkerTable::AnotherWaits(const std::set<int64_t>& excluded, v1::TaskKind kind,
                               const v1::Requirements& requirements) const {
  for (const auto& [id, worker] : workers_) {
    if (worker.waiting == 0 || excluded.contains(id)) continue;
    for (int slot = 0; slot < worker.registration.slots_size(); ++slot) {
      if (worker.Fits(slot, kind, requirements)) return true;
    }
  }
  return false;
}

bool WorkerTable::HasVersion(const std::string& version, absl::Time now) const {
  return std::any_of(workers_.begin(), workers_.end(), [&](const auto& entry) {
    return entry.second.registration.evaluator_version() == version && IsAlive(entry.second, now);
  });
}

std::set<std::string> WorkerTable::Metrics() const {
  std::set<std::string> metrics;
  for (const auto& [id, worker] : workers_) {
    metrics.insert(worker.registration.metrics().begin(), worker.registration.metrics().end());
  }
  return metrics;
}

std::vector<v1::Worker> WorkerTable::List() const {
  std::vector<v1::Worker> list;
  for (const auto& [id, worker] : workers_) {
    v1::Worker& message = list.emplace_back();
    message.set_id(id);
    message.set_name(worker.registration.name());
    message.set_evaluator_version(worker.registration.evaluator_version());
    *message.mutable_slots() = worker.registration.slots();
    *message.mutable_labels() = worker.registration.labels();
    *message.mutable_registered_at() = ToTimestamp(worker.registered_at);
    *message.mutable_last_seen_at() = ToTimestamp(worker.last_seen_at);
    message.set_busy_slots(static_cast<int>(worker.tasks.size()));
  }
  return list;
}

}  // namespace nascent::engine
