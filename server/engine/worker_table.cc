#include "server/engine/worker_table.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "server/engine/view/timestamps.h"

namespace nascent::engine {
namespace {

// How long a count of workers is believed.
constexpr absl::Duration kTrainersAge = absl::Seconds(1);
// Counts that are kept.
constexpr size_t kMostCounts = 1000;

std::string KeyOf(const v1::Requirements& requirements) {
  const std::map<std::string, std::string> labels(requirements.labels().begin(),
                                                  requirements.labels().end());
  std::string key = absl::StrCat(requirements.device(), "/", requirements.memory_bytes());
  for (const auto& [label, value] : labels) {
    absl::StrAppend(&key, "/", label.size(), ":", label, value.size(), ":", value);
  }
  return key;
}

}  // namespace

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

bool WorkerEntry::Measures(const std::vector<std::string>& metrics) const {
  const auto& declared = registration.metrics();
  return std::all_of(metrics.begin(), metrics.end(), [&](const std::string& metric) {
    return std::find(declared.begin(), declared.end(), metric) != declared.end();
  });
}

bool WorkerEntry::Fits(v1::TaskKind kind, const v1::Requirements& requirements) const {
  for (int slot = 0; slot < registration.slots_size(); ++slot) {
    if (Fits(slot, kind, requirements)) return true;
  }
  return false;
}

int64_t WorkerEntry::MemoryOf(int slot) const {
  const int64_t bytes = registration.slots(slot).memory_bytes();
  return bytes > 0 ? bytes : std::numeric_limits<int64_t>::max();
}

int64_t WorkerEntry::MostMemory() const {
  int64_t most = 0;
  for (int slot = 0; slot < registration.slots_size(); ++slot) {
    most = std::max(most, MemoryOf(slot));
  }
  return most;
}

std::string EvaluatorOf(const v1::RegisterRequest& registration) {
  if (registration.evaluator().empty()) return registration.evaluator_version();
  return absl::StrCat(registration.evaluator(), " ", registration.evaluator_version());
}

WorkerEntry& WorkerTable::Put(int64_t id, const v1::RegisterRequest& registration, absl::Time now) {
  WorkerEntry& worker = workers_[id];
  worker.id = id;
  worker.registration = registration;
  worker.registered_at = now;
  worker.last_seen_at = now;
  ForgetTrainers();
  worker.evaluator = EvaluatorOf(registration);
  return worker;
}

WorkerEntry* WorkerTable::Find(int64_t id) {
  const auto it = workers_.find(id);
  return it == workers_.end() ? nullptr : &it->second;
}

bool WorkerTable::IsAlive(const WorkerEntry& worker, absl::Time now) const {
  return worker.waiting > 0 || !worker.tasks.empty() || now - worker.last_seen_at <= quiet_;
}

bool WorkerTable::AnyAlive(absl::Time now) const {
  return std::any_of(workers_.begin(), workers_.end(),
                     [&](const auto& entry) { return IsAlive(entry.second, now); });
}

bool WorkerTable::AnyMeasures(const std::vector<std::string>& metrics, absl::Time now) const {
  return std::any_of(workers_.begin(), workers_.end(), [&](const auto& entry) {
    return IsAlive(entry.second, now) && entry.second.Measures(metrics);
  });
}

const WorkerTable::Trainers& WorkerTable::LiveTrainers(const v1::Requirements& requirements,
                                                       absl::Time now) {
  if (trainers_.size() >= kMostCounts) ForgetTrainers();
  const auto [entry, is_new] = trainers_.try_emplace(KeyOf(requirements));
  Trainers& trainers = entry->second;
  if (!is_new && now - trainers.counted_at <= kTrainersAge) return trainers;
  trainers = Trainers();
  trainers.counted_at = now;
  for (const auto& [id, worker] : workers_) {
    if (!IsAlive(worker, now)) continue;
    for (int slot = 0; slot < worker.registration.slots_size(); ++slot) {
      if (!worker.Fits(slot, v1::TASK_KIND_TRAIN, requirements)) continue;
      ++trainers.slots;
      trainers.most_memory = std::max(trainers.most_memory, worker.MemoryOf(slot));
      trainers.evaluators.insert(worker.evaluator);
    }
  }
  return trainers;
}

bool WorkerTable::AnotherWaits(const std::set<int64_t>& excluded, v1::TaskKind kind,
                               const v1::Requirements& requirements) const {
  return std::any_of(workers_.begin(), workers_.end(), [&](const auto& entry) {
    const auto& [id, worker] = entry;
    return worker.waiting > 0 && !excluded.contains(id) && worker.Fits(kind, requirements);
  });
}

bool WorkerTable::HasEvaluator(const std::string& evaluator, v1::TaskKind kind,
                               const v1::Requirements& requirements, absl::Time now) const {
  return std::any_of(workers_.begin(), workers_.end(), [&](const auto& entry) {
    const auto& [id, worker] = entry;
    return worker.evaluator == evaluator && IsAlive(worker, now) && worker.Fits(kind, requirements);
  });
}

std::set<std::string> WorkerTable::Metrics() const {
  std::set<std::string> metrics;
  for (const auto& [id, worker] : workers_) {
    metrics.insert(worker.registration.metrics().begin(), worker.registration.metrics().end());
  }
  return metrics;
}

std::vector<v1::Worker> WorkerTable::List(absl::Time now) const {
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
    message.set_gone(!IsAlive(worker, now));
  }
  return list;
}

}  // namespace nascent::engine
