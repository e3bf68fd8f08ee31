// What the transitions of searches do to the tables in memory.

#include "absl/strings/str_cat.h"
#include "server/storage/memory_state.h"
#include "server/storage/outcomes.h"
#include "server/storage/transition_check.h"

namespace nascent::storage {

Outcome MemoryState::Do(const CreateSearch& t) {
  if (auto seen = Seen(t.request_id, "CreateSearch")) return *seen;
  Search search;
  search.record = t.search;
  search.record.id = ++last_search_;
  search.record.created_at = now_;
  search.record.finished_at.reset();
  searches_.emplace(last_search_, std::move(search));
  Outcome outcome;
  outcome.id = last_search_;
  return Remember(t.request_id, "CreateSearch", outcome);
}

Outcome MemoryState::Do(const ChangeSearchState& t) {
  const std::string used_for = absl::StrCat("ChangeSearchState of search ", t.search_id);
  if (auto seen = Seen(t.request_id, used_for)) return *seen;
  const auto found = searches_.find(t.search_id);
  if (found == searches_.end()) return Refuse(Unknown("search", t.search_id));
  SearchRecord& search = found->second.record;
  if (search.state != t.to) {
    if (!MayBecome(search.state, t.to)) {
      return Refuse(WrongSearchState(t.search_id, search.state, t.to));
    }
    search.state = t.to;
    search.state_reason = t.reason;
    if (HasEnded(t.to)) search.finished_at = now_;
  }
  Outcome outcome;
  outcome.id = t.search_id;
  return Remember(t.request_id, used_for, outcome);
}

Outcome MemoryState::Do(const DeleteSearch& t) {
  const std::string used_for = absl::StrCat("DeleteSearch of search ", t.search_id);
  if (auto seen = Seen(t.request_id, used_for)) return *seen;
  const auto found = searches_.find(t.search_id);
  if (found == searches_.end()) return Refuse(Unknown("search", t.search_id));
  if (!HasEnded(found->second.record.state)) {
    return Refuse(SearchStillRuns(t.search_id, found->second.record.state));
  }
  absl::btree_set<int64_t> used_elsewhere;
  for (const auto& [id, trial] : trials_) {
    if (trial.record.search_id != t.search_id) used_elsewhere.insert(trial.record.shared_from);
  }
  for (const auto& [number, id] : found->second.trials) {
    const Trial& trial = trials_.at(id);
    tasks_.erase(trial.train_task);
    for (const int64_t task : trial.final_tasks) tasks_.erase(task);
    if (!used_elsewhere.contains(id) && evaluations_.erase(id) > 0) {
      evaluations_by_identity_[trial.record.evaluation_identity].erase(id);
    }
    trials_.erase(id);
  }
  searches_.erase(found);
  Outcome outcome;
  outcome.id = t.search_id;
  return Remember(t.request_id, used_for, outcome);
}

Outcome MemoryState::Do(const PutSnapshot& t) {
  const auto found = searches_.find(t.search_id);
  if (found == searches_.end()) return Refuse(Unknown("search", t.search_id));
  found->second.snapshot = t.snapshot;
  return {};
}

}  // namespace nascent::storage
