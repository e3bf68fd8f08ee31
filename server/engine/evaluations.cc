#include "server/engine/evaluations.h"

#include <utility>

namespace nascent::engine {
namespace {

// Finished evaluations that are kept in memory; older ones are found in the store.
constexpr size_t kKeptFinished = 10000;

}  // namespace

SharedEvaluations::Claim SharedEvaluations::Add(
    const std::string& scope, const TrialRef& trial,
    const std::optional<storage::EvaluationRecord>& stored) {
  Evaluation& known = evaluations_[scope];
  if (!known.finished.has_value() && !known.maker.has_value() && stored.has_value()) {
    Remember(scope, *stored);
  }
  // Remember may have moved it.
  Evaluation& now = evaluations_[scope];
  if (now.finished.has_value()) return {Claim::How::kHasIt, {}, now.finished};
  if (now.maker.has_value()) {
    now.joined.push_back(trial);
    return {Claim::How::kJoins, *now.maker, {}};
  }
  now.maker = trial;
  return {};
}

void SharedEvaluations::Make(const std::string& scope, const TrialRef& trial) {
  Evaluation& known = evaluations_[scope];
  if (!known.maker.has_value() && !known.finished.has_value()) known.maker = trial;
}

std::vector<Resolution> SharedEvaluations::OnEnded(
    const std::string& scope, const TrialRef& trial,
    const std::optional<storage::EvaluationRecord>& evaluation,
    const std::function<bool(const TrialRef&)>& is_open) {
  const auto found = evaluations_.find(scope);
  if (found == evaluations_.end()) return {};
  std::erase(found->second.joined, trial);
  if (found->second.maker != trial) return {};
  const std::vector<TrialRef> joined = std::exchange(found->second.joined, {});
  std::vector<Resolution> resolutions;
  if (evaluation.has_value()) {
    Remember(scope, *evaluation);
    for (const TrialRef& waiting : joined) {
      if (is_open(waiting)) resolutions.push_back({waiting, evaluation});
    }
    return resolutions;
  }
  // Whoever came first makes it now; the others wait for that one.
  Evaluation next;
  for (const TrialRef& waiting : joined) {
    if (!is_open(waiting)) continue;
    if (next.maker.has_value()) {
      next.joined.push_back(waiting);
      continue;
    }
    next.maker = waiting;
    resolutions.push_back({waiting, std::nullopt});
  }
  if (next.maker.has_value()) {
    found->second = std::move(next);
  } else {
    evaluations_.erase(found);
  }
  return resolutions;
}

void SharedEvaluations::Remember(const std::string& scope, storage::EvaluationRecord evaluation) {
  Evaluation& known = evaluations_[scope];
  known.maker.reset();
  known.finished = std::move(evaluation);
  finished_scopes_.push_back(scope);
  if (finished_scopes_.size() <= kKeptFinished) return;
  const auto oldest = evaluations_.find(finished_scopes_.front());
  if (oldest != evaluations_.end() && !oldest->second.maker.has_value() &&
      oldest->second.joined.empty()) {
    evaluations_.erase(oldest);
  }
  finished_scopes_.pop_front();
}

}  // namespace nascent::engine
