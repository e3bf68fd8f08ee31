#include "server/engine/set_aside.h"

#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status_macros.h"
#include "server/engine/pages.h"

namespace nascent::engine {

std::string WhySetAside(const std::vector<CrashNote>& crashes,
                        const storage::SearchRecord& search) {
  const std::vector<int> signals = SignalsOf(crashes, {search.id, search.created_at});
  if (signals.size() < kMostCrashes) return "";
  return absl::StrCat(
      "set aside: the coordinator died ", signals.size(),
      " times while it worked for this search (",
      absl::StrJoin(signals, ", ",
                    [](std::string* out, int signal) { absl::StrAppend(out, strsignal(signal)); }),
      "); another strategy or space may do");
}

absl::Status PlanSetAside(EngineParts& parts, int64_t search_id, const std::string& reason) {
  parts.batch.Plan(storage::ChangeSearchState{"", search_id, v1::SEARCH_STATE_FAILED, reason});
  NASCENT_ASSIGN_OR_RETURN(const auto tasks, parts.store.LoadOpenTasks(search_id));
  for (const storage::TaskRecord& task : tasks) {
    if (!task.leased) continue;
    storage::FinishAttempt finish;
    finish.attempt = {task.id, task.attempt};
    finish.state = v1::TRIAL_STATE_CANCELLED;
    finish.error = "the search was set aside";
    parts.batch.Plan(std::move(finish));
  }
  Pages<storage::TrialRecord> trials(
      [&parts, search_id](int64_t after) {
        return parts.store.LoadTrials(search_id, after, kPage);
      },
      &storage::TrialRecord::number);
  while (true) {
    NASCENT_ASSIGN_OR_RETURN(const auto trial, trials.Peek());
    if (trial == nullptr) return absl::OkStatus();
    if (trial->state == v1::TRIAL_STATE_READY) {
      parts.batch.Plan(storage::EndTrial{
          trial->id, v1::TRIAL_STATE_CANCELLED, {}, "the search was set aside", {}});
    }
    trials.Take();
  }
}

}  // namespace nascent::engine
