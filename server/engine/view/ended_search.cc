#include "server/engine/view/ended_search.h"

#include <map>
#include <utility>

#include "common/status_macros.h"
#include "server/engine/resolve/metrics.h"
#include "server/engine/rung_trust.h"
#include "server/engine/standing.h"
#include "server/engine/view/views.h"
#include "server/storage/trial_life.h"

namespace nascent::engine {
namespace {

constexpr int kLeadersOfEnded = 10;
constexpr int64_t kTrialsAtOnce = 5000;

}  // namespace

absl::Status AddLeaders(storage::TrialStore& store, v1::Search& search) {
  Standing standing(search.spec(), kLeadersOfEnded);
  RungTrust trust(search.spec());
  std::map<int64_t, storage::TrialRecord> kept;
  int64_t last = 0;
  while (true) {
    NASCENT_ASSIGN_OR_RETURN(auto page, store.LoadTrials(search.id(), last, kTrialsAtOnce));
    for (storage::TrialRecord& record : page) {
      last = record.number;
      trust.Add(record);
      if (!storage::HasGoodResult(record)) continue;
      Metrics metrics = CostValues(record.costs);
      for (const auto& [name, value] : record.metrics) metrics[name] = value;
      const bool whole = record.state != v1::TRIAL_STATE_STOPPED;
      standing.Add(record.number, metrics, whole ? record.fidelity.rung() + 1 : 0);
      if (!standing.IsAmong(record.number, kLeadersOfEnded)) continue;
      const int64_t number = record.number;
      kept.emplace(number, std::move(record));
    }
    std::map<int64_t, storage::TrialRecord> leaders;
    for (int64_t number : standing.Leaders(kLeadersOfEnded)) {
      if (auto node = kept.extract(number); !node.empty()) leaders.insert(std::move(node));
    }
    kept = std::move(leaders);
    if (static_cast<int64_t>(page.size()) < kTrialsAtOnce) break;
  }
  trust.Describe(search);
  for (int64_t number : standing.Leaders(kLeadersOfEnded)) {
    const auto it = kept.find(number);
    if (it != kept.end()) *search.add_leaders() = ViewOf(it->second);
  }
  if (const auto volume = standing.Hypervolume(); volume.has_value()) {
    search.mutable_progress()->set_hypervolume(*volume);
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Search> ReadSearch(storage::TrialStore& store,
                                      const storage::SearchRecord& record, bool leaders) {
  v1::Search search = ViewOf(record);
  auto totals = store.GetTotals(record.id);
  if (!totals.ok()) return totals.status();
  v1::SearchProgress& progress = *search.mutable_progress();
  SetCounts(totals->trials, totals->scored, progress);
  progress.set_device_seconds(totals->device_seconds);
  if (record.finished_at.has_value()) {
    progress.set_wall_seconds(absl::ToDoubleSeconds(*record.finished_at - record.created_at));
    progress.set_remaining_seconds(0);
  }
  if (leaders) {
    NASCENT_RETURN_IF_ERROR(AddLeaders(store, search));
  }
  return search;
}

}  // namespace nascent::engine
