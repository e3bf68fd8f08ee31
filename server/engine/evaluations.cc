#include "server/engine/evaluations.h"

#include <algorithm>

namespace nascent::engine {
namespace {

// Finished evaluations that are kept in memory. They bridge the time between a strategy's look into
// the store and the commit of its proposal.
constexpr size_t kKeptFinished = 10000;

}  // namespace

std::optional<TrialRef> SharedEvaluations::Add(const std::string& scope, const TrialRef& trial) {
  std::vector<TrialRef>& open = subjects_[scope].open;
  open.push_back(trial);
  if (open.size() == 1) return std::nullopt;
  return open.front();
}

void SharedEvaluations::Start(const std::string& scope, const TrialRef& trial,
                              const std::string& evaluator) {
  subjects_[scope].running.insert_or_assign(evaluator, trial);
}

void SharedEvaluations::Stop(const std::string& scope, const TrialRef& trial) {
  const auto found = subjects_.find(scope);
  if (found == subjects_.end()) return;
  std::erase_if(found->second.running, [&](const auto& entry) { return entry.second == trial; });
  EraseIfEmpty(scope);
}

std::vector<TrialRef> SharedEvaluations::End(const std::string& scope, const TrialRef& trial) {
  const auto found = subjects_.find(scope);
  if (found == subjects_.end()) return {};
  std::erase(found->second.open, trial);
  std::vector<TrialRef> others = found->second.open;
  Stop(scope, trial);
  return others;
}

void SharedEvaluations::Remember(const std::string& scope, storage::EvaluationRecord evaluation) {
  const std::string evaluator = evaluation.evaluator;
  const bool is_new =
      subjects_[scope].finished.insert_or_assign(evaluator, std::move(evaluation)).second;
  if (is_new) finished_.emplace_back(scope, evaluator);
  for (size_t left = finished_.size(); finished_.size() > kKeptFinished && left > 0; --left) {
    const auto oldest = std::move(finished_.front());
    finished_.pop_front();
    const auto found = subjects_.find(oldest.first);
    if (found == subjects_.end()) continue;
    if (!found->second.open.empty()) {
      finished_.push_back(oldest);
      continue;
    }
    found->second.finished.erase(oldest.second);
    EraseIfEmpty(oldest.first);
  }
}

const storage::EvaluationRecord* SharedEvaluations::Find(const std::string& scope,
                                                         const std::string& evaluator) const {
  const auto found = subjects_.find(scope);
  if (found == subjects_.end()) return nullptr;
  const auto evaluation = found->second.finished.find(evaluator);
  return evaluation == found->second.finished.end() ? nullptr : &evaluation->second;
}

bool SharedEvaluations::IsMade(const std::string& scope, const TrialRef& by_another_than,
                               const std::string& evaluator) const {
  const auto found = subjects_.find(scope);
  if (found == subjects_.end()) return false;
  const auto running = found->second.running.find(evaluator);
  return running != found->second.running.end() && running->second != by_another_than;
}

void SharedEvaluations::EraseIfEmpty(const std::string& scope) {
  const auto found = subjects_.find(scope);
  if (found == subjects_.end()) return;
  const Subject& subject = found->second;
  if (subject.open.empty() && subject.running.empty() && subject.finished.empty()) {
    subjects_.erase(found);
  }
}

}  // namespace nascent::engine
