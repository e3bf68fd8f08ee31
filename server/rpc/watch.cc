#include "server/rpc/watch.h"

#include <atomic>
#include <utility>

#include "absl/time/time.h"
#include "server/engine/view/ended_search.h"
#include "server/engine/view/views.h"
#include "server/rpc/page.h"
#include "server/rpc/reactors.h"
#include "server/rpc/search_reads.h"

namespace nascent::rpc {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(250);
constexpr int64_t kMostTrials = 1000;

bool HasEnded(v1::SearchState state) {
  return state == v1::SEARCH_STATE_COMPLETED || state == v1::SEARCH_STATE_CANCELLED ||
         state == v1::SEARCH_STATE_FAILED;
}

// One step follows the other (find, look, write, wait, look, …), so that nothing here needs a lock.
class Watch : public grpc::ServerWriteReactor<v1::WatchSearchResponse> {
 public:
  Watch(const Backend& backend, uint64_t client, const v1::WatchSearchRequest& request)
      : backend_(backend), client_(client), seat_(*backend.streams, client), request_(request) {
    if (!seat_.taken()) {
      End(Busy());
      return;
    }
    OnWorkExecutor([this] { Find(); });
  }

 private:
  void OnWorkExecutor(std::function<void()> step) {
    if (!backend_.work->RunFor(client_, std::move(step))) End(Busy());
  }

  void Find() {
    auto record = FindSearch(*backend_.store, request_.search());
    if (!record.ok()) return End(record.status());
    search_id_ = record->id;
    if (HasEnded(record->state)) return SendEnd(*record);
    Look();
  }

  void Look() {
    if (cancelled_.load()) return End(absl::CancelledError("the caller has gone away"));
    engine::Call<engine::ViewSearch, engine::SearchView> call;
    call.request = {search_id_, true, revision_};
    call.reply = [this](absl::StatusOr<engine::SearchView> view) {
      if (view.ok()) return Send(*std::move(view));
      // Out of the engine's memory: it has ended. Everything else is for the caller to retry.
      if (!absl::IsNotFound(view.status())) return End(view.status());
      OnWorkExecutor([this] {
        auto record = backend_.store->GetSearch(search_id_);
        if (!record.ok()) return End(record.status());
        SendEnd(*record);
      });
    };
    backend_.coordinator->Post(std::move(call), {client_, nullptr});
  }

  void Send(engine::SearchView view) {
    if (view.revision == revision_) return Wait();
    revision_ = view.revision;
    response_.Clear();
    *response_.mutable_search() = std::move(view.search);
    // The newest ones, as many as the message may hold.
    size_t bytes = response_.ByteSizeLong();
    auto first = view.trials.end();
    while (first != view.trials.begin()) {
      bytes += std::prev(first)->ByteSizeLong();
      if (bytes > kMostBytes) break;
      --first;
    }
    for (; first != view.trials.end(); ++first) *response_.add_trials() = std::move(*first);
    for (const auto& [id, progress] : view.progress) (*response_.mutable_progress())[id] = progress;
    StartWrite(&response_);
  }

  void SendEnd(const storage::SearchRecord& record) {
    auto search = engine::ReadSearch(*backend_.store, record, /*leaders=*/true);
    if (!search.ok()) return End(search.status());
    const auto& progress = search->progress();
    const int64_t trials = progress.finished() + progress.scored() + progress.cancelled();
    auto records = backend_.store->LoadTrials(record.id, std::max<int64_t>(trials - kMostTrials, 0),
                                              kMostTrials);
    if (!records.ok()) return End(records.status());
    engine::SearchView view;
    view.search = *std::move(search);
    view.revision = -1;
    for (const storage::TrialRecord& trial : *records) view.trials.push_back(engine::ViewOf(trial));
    ended_ = true;
    Send(std::move(view));
  }

  void Wait() {
    if (cancelled_.load()) return End(absl::CancelledError("the caller has gone away"));
    backend_.timer->After(kInterval, [this] { Look(); });
  }

  void End(const absl::Status& status) { Finish(ToGrpc(status)); }

  void OnWriteDone(bool ok) override {
    if (!ok) return End(absl::CancelledError("the caller has gone away"));
    if (ended_) return End(absl::OkStatus());
    Wait();
  }
  void OnCancel() override { cancelled_.store(true); }
  void OnDone() override { delete this; }

  const Backend backend_;
  const uint64_t client_;
  const Seats::Seat seat_;
  const v1::WatchSearchRequest request_;
  std::atomic<bool> cancelled_ = false;
  int64_t search_id_ = 0;
  int64_t revision_ = 0;
  bool ended_ = false;
  v1::WatchSearchResponse response_;
};

}  // namespace

grpc::ServerWriteReactor<v1::WatchSearchResponse>* StartWatch(
    const Backend& backend, uint64_t client, const v1::WatchSearchRequest& request) {
  return new Watch(backend, client, request);
}

}  // namespace nascent::rpc
