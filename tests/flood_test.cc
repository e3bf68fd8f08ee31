// One client asks for more than a coordinator can answer; the others shall not notice.

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/client_callback.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "common/rpc/deadline.h"
#include "common/sync.h"
#include "nascent/v1/search_service.grpc.pb.h"
#include "nascent/v1/worker_service.grpc.pb.h"
#include "tests/support/service.h"

namespace nascent::testing {
namespace {

using rpc::DeadlineAfter;

// Answers by what they were: "OK", "busy" for one that says when to come again, else the message.
std::string KindOf(const grpc::Status& status) {
  if (status.ok()) return "OK";
  const bool busy = status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
                    absl::StrContains(status.error_message(), "try again in");
  return busy ? "busy" : status.error_message();
}

// The same renewal over and over, many of them at a time.
class Renewals {
 public:
  Renewals(v1::WorkerService::Stub& stub, v1::RenewRequest request, int total)
      : stub_(stub), request_(std::move(request)), left_(total) {}

  void Start(int at_a_time) {
    for (int i = 0; i < at_a_time; ++i) StartOne();
  }
  bool ended() {
    MutexLock lock(mutex_);
    return left_ == 0 && running_ == 0;
  }
  std::map<std::string, int> answers() {
    MutexLock lock(mutex_);
    return answers_;
  }

 private:
  struct Call {
    grpc::ClientContext context;
    v1::RenewResponse response;
  };

  void StartOne() {
    {
      MutexLock lock(mutex_);
      if (left_ == 0) return;
      --left_;
      ++running_;
    }
    auto* call = new Call;
    call->context.set_deadline(DeadlineAfter(absl::Minutes(2)));
    stub_.async()->Renew(&call->context, &request_, &call->response,
                         [this, call](const grpc::Status& status) {
                           delete call;
                           StartOne();
                           MutexLock lock(mutex_);
                           ++answers_[KindOf(status)];
                           --running_;
                         });
  }

  v1::WorkerService::Stub& stub_;
  const v1::RenewRequest request_;
  Mutex mutex_;
  int left_ ABSL_GUARDED_BY(mutex_);
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, int> answers_ ABSL_GUARDED_BY(mutex_);
};

// One stream of a search's changes.
class Watch : public grpc::ClientReadReactor<v1::WatchSearchResponse> {
 public:
  Watch(v1::SearchService::Stub& stub, const v1::WatchSearchRequest& request) {
    stub.async()->WatchSearch(&context_, &request, this);
    StartRead(&response_);
    StartCall();
  }
  ~Watch() override {
    context_.TryCancel();
    MutexLock lock(mutex_);
    while (!done_) changed_.Wait(mutex_);
  }

  // "watching" once something came, how it ended, "" before either.
  std::string state() {
    MutexLock lock(mutex_);
    return state_;
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return;
    {
      MutexLock lock(mutex_);
      state_ = "watching";
    }
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    MutexLock lock(mutex_);
    state_ = KindOf(status);
    done_ = true;
    changed_.NotifyAll();
  }

  grpc::ClientContext context_;
  v1::WatchSearchResponse response_;
  Mutex mutex_;
  CondVar changed_;
  std::string state_ ABSL_GUARDED_BY(mutex_);
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
};

class Flood : public ::testing::Test {
 protected:
  void SetUp() override {
    service_.StartCoordinator();
    service_.WaitUntilServing();
    service_.AddTinyDataset("tiny");
    const Finished submitted =
        service_.Run({"submit", service_.WriteFile(
                                    "search.yaml",
                                    "name: flooded\n"
                                    "space: {preset: nas-bench-201, set: {channels: 4}}\n"
                                    "data: {dataset: tiny, train: 500, validation: 200}\n"
                                    "recipe: {epochs: 1, batch: 50}\n"
                                    "objectives: [{metric: validation_accuracy, goal: maximize}]\n"
                                    "strategy: random\n"
                                    "budget: {trials: 4, parallel: 4}\n")});
    ASSERT_EQ(submitted.exit_code, 0) << submitted.err;
  }

  // Connections of their own, as clients of different processes have.
  std::shared_ptr<grpc::Channel> NewConnection() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(service_.Address(0), grpc::InsecureChannelCredentials(),
                                     arguments);
  }

  // A new worker's lease, as a renewal of it.
  static v1::RenewRequest Lease(v1::WorkerService::Stub& stub, const std::string& name) {
    v1::RegisterRequest registration;
    registration.set_request_id(name);
    registration.set_name(name);
    registration.set_protocol_version(1);
    registration.add_slots()->set_kind("cpu");
    registration.add_task_kinds(v1::TASK_KIND_TRAIN);
    v1::RegisterResponse worker;
    grpc::ClientContext registering;
    EXPECT_TRUE(stub.Register(&registering, registration, &worker).ok());
    v1::LeaseRequest request;
    request.set_request_id(name + " lease");
    request.set_worker_id(worker.worker_id());
    request.mutable_wait()->set_seconds(10);
    v1::LeaseResponse lease;
    grpc::ClientContext leasing;
    EXPECT_TRUE(stub.Lease(&leasing, request, &lease).ok());
    EXPECT_TRUE(lease.has_attempt());
    v1::RenewRequest renewal;
    renewal.set_request_id(name + " renewal");
    renewal.set_worker_id(worker.worker_id());
    *renewal.mutable_attempt() = lease.attempt();
    return renewal;
  }

  static grpc::Status Renew(v1::WorkerService::Stub& stub, const v1::RenewRequest& request) {
    grpc::ClientContext context;
    context.set_deadline(DeadlineAfter(absl::Minutes(2)));
    v1::RenewResponse response;
    return stub.Renew(&context, request, &response);
  }

  // One at a time until the flood has ended; each must be taken.
  static void KeepRenewing(v1::WorkerService::Stub& stub, const v1::RenewRequest& request,
                           Renewals& flood) {
    int renewed = 0;
    do {
      const grpc::Status status = Renew(stub, request);
      ASSERT_TRUE(status.ok()) << status.error_message() << " after " << renewed;
      ++renewed;
    } while (!flood.ended());
  }

  Service service_{{.lease_seconds = 30}};
};

TEST_F(Flood, OfRenewalsLeavesAnotherWorkerItsLease) {
  const auto flooding = v1::WorkerService::NewStub(NewConnection());
  const auto other = v1::WorkerService::NewStub(NewConnection());
  const v1::RenewRequest others_lease = Lease(*other, "other");
  Renewals flood(*flooding, Lease(*flooding, "flooding"), 60'000);
  flood.Start(12'000);
  ASSERT_NO_FATAL_FAILURE(KeepRenewing(*other, others_lease, flood));
  for (const auto& [kind, count] : flood.answers()) {
    EXPECT_TRUE(kind == "OK" || kind == "busy") << count << " times: " << kind;
  }
  EXPECT_EQ(service_.Sql("SELECT count(*) FROM nascent_v1.fenced_reports"), "0");
  EXPECT_TRUE(service_.coordinator().Running());
}

// Each of them changes something, so that they can't be answered together.
TEST_F(Flood, OfMeasurementsLeavesAnotherWorkerItsLease) {
  const auto flooding = v1::WorkerService::NewStub(NewConnection());
  const auto other = v1::WorkerService::NewStub(NewConnection());
  const v1::RenewRequest others_lease = Lease(*other, "other");
  v1::RenewRequest measured = Lease(*flooding, "flooding");
  v1::Measurement& measurement = *measured.add_measurements();
  measurement.set_metric("validation_accuracy");
  measurement.set_epoch(1);
  measurement.set_step(1);
  measurement.set_value(0.5);
  Renewals flood(*flooding, measured, 20'000);
  flood.Start(9'000);
  ASSERT_NO_FATAL_FAILURE(KeepRenewing(*other, others_lease, flood));
  // Most are told to come again, long before they have waited for each other.
  EXPECT_GT(flood.answers()["busy"], 10'000);
  EXPECT_GT(flood.answers()["OK"], 0);
  EXPECT_EQ(flood.answers().size(), 2u);
  EXPECT_EQ(service_.Sql("SELECT count(*) FROM nascent_v1.fenced_reports"), "0");
}

TEST_F(Flood, OfWatchesIsRefusedBeyondAClientsShareAndHoldsUpNobody) {
  const auto greedy = v1::SearchService::NewStub(NewConnection());
  const auto connection = NewConnection();
  const auto other = v1::SearchService::NewStub(connection);
  const auto worker = v1::WorkerService::NewStub(connection);
  const v1::RenewRequest lease = Lease(*worker, "other");
  v1::WatchSearchRequest request;
  request.mutable_search()->set_name("flooded");
  std::list<Watch> watches;
  for (int i = 0; i < 10'000; ++i) watches.emplace_back(*greedy, request);
  const auto count = [&](const std::string& state) {
    int found = 0;
    for (Watch& watch : watches) found += watch.state() == state;
    return found;
  };
  EXPECT_TRUE(Renew(*worker, lease).ok());
  Watch own(*other, request);
  EXPECT_TRUE(WaitFor([&] { return own.state() == "watching"; }, 60)) << own.state();
  EXPECT_TRUE(WaitFor([&] { return count("busy") + count("watching") == 10'000; }, 60));
  EXPECT_EQ(count("watching"), 250);
  EXPECT_TRUE(Renew(*worker, lease).ok());

  // Whose watches have ended may watch again.
  watches.clear();
  EXPECT_TRUE(WaitFor(
      [&] {
        Watch again(*greedy, request);
        WaitFor([&] { return !again.state().empty(); }, 60);
        return again.state() == "watching";
      },
      60));
}

// How many searches were taken up before the coordinator served, and how many waited.
struct TakenUp {
  int first = 0;
  int later = 0;
};
TakenUp LastTakenUp(const std::string& log) {
  TakenUp last;
  for (const absl::string_view line : absl::StrSplit(log, '\n')) {
    const size_t at = line.find("active with term ");
    if (at == absl::string_view::npos) continue;
    int term = 0;
    double seconds = 0;
    const int read = std::sscanf(std::string(line.substr(at)).c_str(),
                                 "active with term %d, %d searches taken up within %lf s, %d more",
                                 &term, &last.first, &seconds, &last.later);
    EXPECT_EQ(read, 4) << line;
  }
  return last;
}

// Copies the search "flooded", with other names and seeds: as if somebody had submitted it so often
// and the coordinator had died at once.
constexpr char kOpenSearches[] = R"sql(
WITH flooded AS (SELECT * FROM nascent.searches WHERE name = 'flooded'), open AS (
  INSERT INTO nascent.searches (name, project, owner, priority, state, spec, space_size, warnings,
                                created_at, decisions, options)
  SELECT 'open-' || n, project, owner, priority, state,
         spec || jsonb_build_object('name', 'open-' || n, 'seed', n), space_size, warnings,
         created_at, decisions, options
  FROM flooded, generate_series(1, 10000) AS n
  RETURNING id)
INSERT INTO nascent.objectives (search_id, position, metric, maximize, reference)
SELECT open.id, o.position, o.metric, o.maximize, o.reference
FROM flooded JOIN nascent.objectives AS o ON o.search_id = flooded.id, open
)sql";

TEST_F(Flood, OfOpenSearchesDoesNotKeepACoordinatorFromServing) {
  const auto other = v1::WorkerService::NewStub(NewConnection());
  const v1::RenewRequest others_lease = Lease(*other, "other");
  service_.coordinator().Kill();
  service_.Sql(kOpenSearches);
  service_.StartCoordinator();
  service_.WaitUntilServing();
  EXPECT_EQ(service_.Run({"pause", "open-10000"}).exit_code, 0);
  // The one of which a worker has a trial, and a few more; the others wait for somebody to ask.
  const TakenUp taken = LastTakenUp(service_.Logs());
  EXPECT_LE(taken.first, 21) << service_.Logs();
  EXPECT_EQ(taken.first + taken.later, 10'001) << service_.Logs();
  const auto worker = v1::WorkerService::NewStub(NewConnection());
  EXPECT_TRUE(Renew(*worker, others_lease).ok());
  Lease(*worker, "a new one");
  EXPECT_TRUE(Renew(*worker, others_lease).ok());
  EXPECT_EQ(service_.Sql("SELECT count(*) FROM nascent_v1.fenced_reports"), "0");
  EXPECT_EQ(service_.Sql("SELECT state, count(*) FROM nascent_v1.searches GROUP BY 1 ORDER BY 1"),
            "PAUSED|1\nRUNNING|10000");
  EXPECT_TRUE(service_.coordinator().Running());
}

}  // namespace
}  // namespace nascent::testing
