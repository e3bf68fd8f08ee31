#include "server/rpc/search_list.h"

#include <future>
#include <limits>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "server/engine/view/ended_search.h"
#include "server/rpc/page.h"

namespace nascent::rpc {
namespace {

// Trials that one answer reads to find leaders, a second or so of work.
constexpr int64_t kMostTrialsRead = 50000;
constexpr size_t kMostRemembered = 1000;

bool HasEnded(const storage::SearchRecord& record) { return record.finished_at.has_value(); }

}  // namespace

std::map<int64_t, v1::Search> SearchList::ReadRunning(
    const std::vector<storage::SearchRecord>& records) {
  std::vector<std::future<absl::StatusOr<engine::SearchView>>> views;
  for (const storage::SearchRecord& record : records) {
    if (HasEnded(record) || !backend_.coordinator->active()) continue;
    auto view = std::make_shared<std::promise<absl::StatusOr<engine::SearchView>>>();
    views.push_back(view->get_future());
    engine::Call<engine::ViewSearch, engine::SearchView> call;
    call.request.search_id = record.id;
    call.reply = [view](absl::StatusOr<engine::SearchView> result) {
      view->set_value(std::move(result));
    };
    backend_.coordinator->Post(std::move(call));
  }
  std::map<int64_t, v1::Search> running;
  for (auto& future : views) {
    absl::StatusOr<engine::SearchView> view = future.get();
    // It has ended meanwhile, or the coordinator lost its term.
    if (!view.ok()) continue;
    const int64_t id = view->search.id();
    running.emplace(id, std::move(view->search));
  }
  return running;
}

absl::StatusOr<v1::Search> SearchList::ReadEnded(const storage::SearchRecord& record,
                                                 int64_t& trials_left) {
  auto search = engine::ReadSearch(*backend_.store, record, /*leaders=*/false);
  if (!search.ok()) return search;
  const auto& progress = search->progress();
  const int64_t trials = progress.finished() + progress.scored() + progress.cancelled() +
                         progress.ready() + progress.running();
  {
    MutexLock lock(mutex_);
    if (const auto known = leaders_.find(record.id); known != leaders_.end() && HasEnded(record)) {
      *search->mutable_leaders() = known->second;
      return search;
    }
  }
  if (trials > trials_left) return search;
  trials_left -= trials;
  NASCENT_RETURN_IF_ERROR(engine::AddLeaders(*backend_.store, *search));
  if (!HasEnded(record)) return search;
  MutexLock lock(mutex_);
  leaders_[record.id] = search->leaders();
  if (leaders_.size() > kMostRemembered) leaders_.erase(leaders_.begin());
  return search;
}

absl::StatusOr<v1::ListSearchesResponse> SearchList::Read(const v1::ListSearchesRequest& request) {
  int64_t before = std::numeric_limits<int64_t>::max();
  int size = 0;
  absl::Status status = ReadPageToken(request.page_token(), before);
  status.Update(ReadPageSize(request.page_size(), 1000, 100, size));
  if (!status.ok()) return status;
  NASCENT_ASSIGN_OR_RETURN(const auto records, backend_.store->ListSearches(before, size));
  std::map<int64_t, v1::Search> running = ReadRunning(records);
  v1::ListSearchesResponse response;
  size_t bytes = 0;
  int64_t trials_left = kMostTrialsRead;
  bool more = static_cast<int>(records.size()) == size;
  for (const storage::SearchRecord& record : records) {
    const auto found = running.find(record.id);
    absl::StatusOr<v1::Search> search =
        found != running.end() ? std::move(found->second) : ReadEnded(record, trials_left);
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

}  // namespace nascent::rpc
