#include "server/rpc/search_reads.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/field_error.h"
#include "common/status_macros.h"
#include "server/engine/view/views.h"
#include "server/rpc/page.h"

namespace nascent::rpc {
absl::StatusOr<storage::SearchRecord> FindSearch(storage::TrialStore& store,
                                                 const v1::SearchRef& search) {
  switch (search.by_case()) {
    case v1::SearchRef::kId:
      return store.GetSearch(search.id());
    case v1::SearchRef::kName:
      return store.GetNewestSearch(search.name());
    case v1::SearchRef::BY_NOT_SET:
      break;
  }
  return FieldError("search", "nothing", "an id or a name");
}

absl::StatusOr<v1::ListTrialsResponse> ListTrials(storage::TrialStore& store,
                                                  const v1::ListTrialsRequest& request) {
  int64_t after = 0;
  int size = 0;
  absl::Status status = ReadPageToken(request.page_token(), after);
  status.Update(ReadPageSize(request.page_size(), 10000, 1000, size));
  if (!status.ok()) return status;
  NASCENT_ASSIGN_OR_RETURN(auto search, FindSearch(store, request.search()));
  const auto wanted = [&request](v1::TrialState state) {
    const auto& states = request.states();
    return states.empty() || std::find(states.begin(), states.end(), state) != states.end();
  };
  v1::ListTrialsResponse response;
  size_t bytes = 0;
  while (true) {
    NASCENT_ASSIGN_OR_RETURN(auto records, store.LoadTrials(search.id, after, size));
    for (const storage::TrialRecord& record : records) {
      if (wanted(record.state)) {
        v1::Trial trial = engine::ViewOf(record);
        bytes += trial.ByteSizeLong();
        if (response.trials_size() > 0 && (response.trials_size() >= size || bytes > kMostBytes)) {
          response.set_next_page_token(absl::StrCat(after));
          return response;
        }
        *response.add_trials() = std::move(trial);
      }
      after = record.number;
    }
    if (static_cast<int>(records.size()) < size) return response;
  }
}

absl::StatusOr<v1::ListMeasurementsResponse> ListMeasurements(
    storage::TrialStore& store, const v1::ListMeasurementsRequest& request) {
  int64_t after = 0;
  int size = 0;
  absl::Status status = ReadPageToken(request.page_token(), after);
  status.Update(ReadPageSize(request.page_size(), 1000, 100, size));
  if (request.trial_number() < 0) {
    status.Update(FieldError("trial_number", request.trial_number(), "0 or more"));
  }
  if (!status.ok()) return status;
  NASCENT_ASSIGN_OR_RETURN(auto search, FindSearch(store, request.search()));
  NASCENT_ASSIGN_OR_RETURN(const auto totals, store.GetTotals(search.id));
  int64_t trials = 0;
  for (const auto& [state, count] : totals.trials) trials += count;
  int64_t last = std::min(after + size, trials);
  if (request.trial_number() > 0) {
    after = request.trial_number() - 1;
    last = trials = request.trial_number();
  }
  NASCENT_ASSIGN_OR_RETURN(const auto rows,
                           store.LoadMeasurements(search.id, after, last, request.metric()));
  v1::ListMeasurementsResponse response;
  size_t bytes = 0;
  for (const storage::TrialMeasurement& row : rows) {
    const bool another = response.trials_size() == 0 ||
                         response.trials().rbegin()->trial_number() != row.trial_number;
    // A page ends between two trials.
    if (another && bytes > kMostBytes) {
      last = row.trial_number - 1;
      break;
    }
    if (another) response.add_trials()->set_trial_number(row.trial_number);
    *response.mutable_trials()->rbegin()->add_measurements() = row.measurement;
    bytes += row.measurement.ByteSizeLong() + 2;
  }
  if (last < trials) response.set_next_page_token(absl::StrCat(last));
  return response;
}

}  // namespace nascent::rpc
