#include "server/engine/coordinator.h"

#include <gtest/gtest.h>

#include <future>

#include "server/engine/testing/harness.h"

namespace nascent::engine {
namespace {

// Sends a command and waits for its answer.
template <typename Response, typename Request>
absl::StatusOr<Response> Ask(Coordinator& coordinator, Request request) {
  auto promise = std::make_shared<std::promise<absl::StatusOr<Response>>>();
  auto answer = promise->get_future();
  coordinator.Post(Call<Request, Response>{
      std::move(request),
      [promise](absl::StatusOr<Response> value) { promise->set_value(std::move(value)); }});
  return answer.get();
}

// A coordinator that can be waited for.
class Member {
 public:
  Member(const std::string& holder, storage::TrialStore* store) : executor_(1, 100) {
    Coordinator::Options options;
    options.holder = holder;
    options.term = absl::Milliseconds(400);
    options.on_change = [this](bool active) {
      MutexLock lock(mutex_);
      active_ = active;
      changed_.NotifyAll();
    };
    coordinator_ = std::make_unique<Coordinator>(options, store, &clock_, &executor_);
  }

  void WaitUntilActive() { WaitUntil(true); }
  void WaitUntil(bool active) {
    MutexLock lock(mutex_);
    while (active_ != active) changed_.Wait(mutex_);
  }
  Coordinator& operator*() { return *coordinator_; }
  Coordinator* operator->() { return coordinator_.get(); }

 private:
  SystemClock clock_;
  PoolExecutor executor_;
  Mutex mutex_;
  CondVar changed_;
  bool active_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<Coordinator> coordinator_;
};

// Takes questions about the term and leaves them without an answer for a while.
class SilentStore : public storage::MemoryStore {
 public:
  using MemoryStore::MemoryStore;

  absl::StatusOr<storage::Term> AcquireTerm(const std::string& holder,
                                            absl::Duration duration) override {
    {
      MutexLock lock(mutex_);
      while (silent_) changed_.Wait(mutex_);
    }
    return MemoryStore::AcquireTerm(holder, duration);
  }
  void SetSilent(bool silent) {
    MutexLock lock(mutex_);
    silent_ = silent;
    changed_.NotifyAll();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool silent_ ABSL_GUARDED_BY(mutex_) = false;
};

std::shared_ptr<const ResolvedSearch> Resolved() {
  Surroundings surroundings;
  surroundings.datasets.push_back(testing::ToyDataset());
  return std::make_shared<const ResolvedSearch>(*ResolveSearch(testing::ToySpec(3), surroundings));
}

TEST(Coordinator, OneIsActiveAndTheStandbyTakesOverWhatItLeft) {
  SystemClock clock;
  storage::MemoryStore store([&clock] { return clock.Now(); });
  auto first = std::make_unique<Member>("first", &store);
  first->WaitUntilActive();
  ASSERT_TRUE(Ask<Nothing>(**first, storage::PutDataset{"d", testing::ToyDataset()}).ok());
  const auto search = Ask<v1::Search>(**first, SubmitSearch{"s", Resolved(), nullptr});
  ASSERT_TRUE(search.ok()) << search.status();

  Member second("second", &store);
  EXPECT_TRUE(absl::IsUnavailable(Ask<std::vector<v1::Worker>>(*second, ListWorkers()).status()));
  first.reset();  // gives the term up
  second.WaitUntilActive();
  const auto view = Ask<SearchView>(*second, ViewSearch{search->id(), false, 0});
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->search.spec().name(), "toy");
}

TEST(Coordinator, AShutdownAnswersEveryoneWhoWaits) {
  SystemClock clock;
  storage::MemoryStore store([&clock] { return clock.Now(); });
  Member member("only", &store);
  member.WaitUntilActive();
  v1::RegisterRequest registration;
  registration.set_request_id("r");
  registration.set_name("w");
  registration.set_protocol_version(1);
  registration.add_slots()->set_kind("cpu");
  const auto registered = Ask<v1::RegisterResponse>(*member, registration);
  ASSERT_TRUE(registered.ok()) << registered.status();
  LeaseTask lease;
  lease.message.set_request_id("l");
  lease.message.set_worker_id(registered->worker_id());
  lease.message.mutable_wait()->set_seconds(60);
  std::promise<absl::Status> answered;
  member->Post(Call<LeaseTask, LeaseGrant>{
      lease, [&](absl::StatusOr<LeaseGrant> grant) { answered.set_value(grant.status()); }});
  member->Shutdown();
  EXPECT_TRUE(absl::IsUnavailable(answered.get_future().get()));
  EXPECT_TRUE(absl::IsUnavailable(Ask<std::vector<v1::Worker>>(*member, ListWorkers()).status()));
}

TEST(Coordinator, ServesNobodyWhileTheStoreHasNotRenewedItsTerm) {
  SystemClock clock;
  SilentStore store([&clock] { return clock.Now(); });
  Member member("only", &store);
  member.WaitUntilActive();
  store.SetSilent(true);
  member.WaitUntil(false);
  EXPECT_FALSE(member->active());
  const absl::Status refused = Ask<std::vector<v1::Worker>>(*member, ListWorkers()).status();
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  store.SetSilent(false);
  member.WaitUntilActive();
  EXPECT_TRUE(Ask<std::vector<v1::Worker>>(*member, ListWorkers()).ok());
}

}  // namespace
}  // namespace nascent::engine
