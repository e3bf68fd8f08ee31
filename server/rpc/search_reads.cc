#include "server/rpc/search_reads.h"

#include <algorithm>
#include <limits>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/engine/ended_search.h"
#include "server/engine/field_error.h"
#include "server/engine/views.h"

namespace nascent::rpc {
namespace {

// A token is the last id or number of the page before, so that it stays right while rows come.
absl::Status ReadToken(const std::string& token, int64_t& after) {
  if (token.empty()) return absl::OkStatus();
  if (absl::SimpleAtoi(token, &after) && after > 0) return absl::OkStatus();
  return engine::FieldError("page_token", absl::StrCat("\"", token.substr(0, 32), "\""),
                            "the token of the last answer");
}

absl::Status ReadPageSize(int given, int most, int fallback, int& size) {
  size = given == 0 ? fallback : given;
  if (size >= 1 && size <= most) return absl::OkStatus();
  return engine::FieldError("page_size", given, absl::StrCat("[1, ", most, "]"));
}

}  // namespace

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
  return engine::FieldError("search", "nothing", "an id or a name");
}

absl::StatusOr<v1::ListSearchesResponse> ListSearches(storage::TrialStore& store,
                                                      const v1::ListSearchesRequest& request) {
  int64_t before = std::numeric_limits<int64_t>::max();
  int size = 0;
  absl::Status status = ReadToken(request.page_token(), before);
  status.Update(ReadPageSize(request.page_size(), 1000, 100, size));
  if (!status.ok()) return status;
  auto records = store.ListSearches(before, size);
  if (!records.ok()) return records.status();
  v1::ListSearchesResponse response;
  size_t bytes = 0;
  bool more = static_cast<int>(records->size()) == size;
  for (const storage::SearchRecord& record : *records) {
    auto search = engine::ReadSearch(store, record, /*leaders=*/false);
    // Deleted meanwhile.
    if (absl::IsNotFound(search.status())) continue;
    if (!search.ok()) return search.status();
    bytes += search->ByteSizeLong();
    if (bytes > kMostBytes && response.searches_size() > 0) {
      more = true;
      break;
    }
    *response.add_searches() = *std::move(search);
  }
  if (more && response.searches_size() > 0) {
    response.set_next_page_token(absl::StrCat(response.searches().rbegin()->id()));
  }
  return response;
}

absl::StatusOr<v1::ListTrialsResponse> ListTrials(storage::TrialStore& store,
                                                  const v1::ListTrialsRequest& request) {
  int64_t after = 0;
  int size = 0;
  absl::Status status = ReadToken(request.page_token(), after);
  status.Update(ReadPageSize(request.page_size(), 10000, 1000, size));
  if (!status.ok()) return status;
  auto search = FindSearch(store, request.search());
  if (!search.ok()) return search.status();
  const auto wanted = [&request](v1::TrialState state) {
    const auto& states = request.states();
    return states.empty() || std::find(states.begin(), states.end(), state) != states.end();
  };
  v1::ListTrialsResponse response;
  size_t bytes = 0;
  while (true) {
    auto records = store.LoadTrials(search->id, after, size);
    if (!records.ok()) return records.status();
    for (const storage::TrialRecord& record : *records) {
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
    if (static_cast<int>(records->size()) < size) return response;
  }
}

}  // namespace nascent::rpc
