// The strategy `external` against services that are good, slow, absent, forgetful or wrong.

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/space/decisions/genotype_proto.h"
#include "common/sync.h"
#include "nascent/v1/strategy_service.grpc.pb.h"
#include "server/strategy/external/messages.h"
#include "server/strategy/registry.h"
#include "server/strategy/testing/driver.h"
#include "server/strategy/testing/hand_space.h"

namespace nascent::strategy {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::Drive;
using testing::DriverOptions;
using testing::DriverResult;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// As a program that computes for so long.
void BeSlow(absl::Duration duration) {
  Mutex mutex;
  CondVar never;
  MutexLock lock(mutex);
  while (never.WaitFor(mutex, duration)) {
  }
}

// Proposes, for each number, a genotype that only the number decides; what else it does is the
// test's choice.
class Service : public v1::StrategyService::Service {
 public:
  explicit Service(const space::Space& space) : space_(space) {}

  // What Propose does instead; the answer is filled already.
  std::function<grpc::Status(const v1::ProposeRequest&, v1::ProposeResponse&)> on_propose;
  std::function<grpc::Status()> on_observe;
  bool wants_measurements = false;
  bool stops_everything = false;

  grpc::Status Open(grpc::ServerContext*, const v1::OpenSessionRequest* request,
                    v1::OpenSessionResponse* response) override {
    MutexLock lock(mutex_);
    sessions_[request->session()];
    problem_ = request->problem();
    response->set_wants_measurements(wants_measurements);
    return grpc::Status::OK;
  }

  grpc::Status Observe(grpc::ServerContext*, const v1::ObserveRequest* request,
                       v1::ObserveResponse* response) override {
    if (on_observe != nullptr) {
      if (grpc::Status status = on_observe(); !status.ok()) return status;
    }
    MutexLock lock(mutex_);
    const auto found = sessions_.find(request->session());
    if (found == sessions_.end()) return {grpc::StatusCode::NOT_FOUND, "no such session"};
    EXPECT_LE(request->first(), static_cast<int64_t>(found->second.size()));
    int64_t number = request->first();
    EXPECT_LE(request->events_size(), 1000);
    for (const v1::StrategyEvent& event : request->events()) {
      // What a call that came too late brought already.
      if (number++ < static_cast<int64_t>(found->second.size())) continue;
      found->second.push_back(event);
      if (stops_everything && event.has_measured()) response->add_stop(event.measured().trial());
    }
    return grpc::Status::OK;
  }

  grpc::Status Propose(grpc::ServerContext*, const v1::ProposeRequest* request,
                       v1::ProposeResponse* response) override {
    {
      MutexLock lock(mutex_);
      ++asked_;
      const auto found = sessions_.find(request->session());
      if (found == sessions_.end()) return {grpc::StatusCode::NOT_FOUND, "no such session"};
      EXPECT_EQ(request->observed(), static_cast<int64_t>(found->second.size()));
    }
    RandomStream random(17, static_cast<uint64_t>(request->number() + 1000 * request->attempt()));
    v1::StrategyProposal& proposal = *response->mutable_proposal();
    *proposal.mutable_genotype() =
        space::ToProto(space_.decisions(), space_.decisions().Sample(random));
    proposal.set_reason("by the other program");
    return on_propose == nullptr ? grpc::Status::OK : on_propose(*request, *response);
  }

  void Forget() {
    MutexLock lock(mutex_);
    sessions_.clear();
  }
  int64_t asked() const {
    MutexLock lock(mutex_);
    return asked_;
  }
  v1::Problem problem() const {
    MutexLock lock(mutex_);
    return problem_;
  }
  // Of the only session.
  std::vector<v1::StrategyEvent> events() const {
    MutexLock lock(mutex_);
    return sessions_.empty() ? std::vector<v1::StrategyEvent>() : sessions_.begin()->second;
  }

 private:
  const space::Space& space_;
  mutable Mutex mutex_;
  std::map<std::string, std::vector<v1::StrategyEvent>> sessions_ ABSL_GUARDED_BY(mutex_);
  v1::Problem problem_ ABSL_GUARDED_BY(mutex_);
  int64_t asked_ ABSL_GUARDED_BY(mutex_) = 0;
};

class ExternalTest : public ::testing::Test {
 protected:
  ExternalTest() { StartServer(0); }
  ~ExternalTest() override {
    if (server_ != nullptr) StopServer();
  }

  void StartServer(int port) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }
  void StopServer() {
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
    server_.reset();
  }

  std::unique_ptr<Strategy> Make(double timeout_seconds = 10, double retry_seconds = 0,
                                 const Problem* problem = nullptr) {
    google::protobuf::Value spec;
    auto& settings = *(*spec.mutable_struct_value()->mutable_fields())["external"]
                          .mutable_struct_value()
                          ->mutable_fields();
    settings["address"].set_string_value("127.0.0.1:" + std::to_string(port_));
    settings["timeout_seconds"].set_number_value(timeout_seconds);
    settings["retry_seconds"].set_number_value(retry_seconds);
    auto made = MakeStrategy(spec, problem == nullptr ? problem_ : *problem);
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }

  // The proposal, which must be there and possible.
  Proposal Ask(Strategy& strategy, int64_t number) {
    Answer answer = strategy.Propose(number);
    EXPECT_TRUE(std::holds_alternative<Proposal>(answer));
    Proposal proposal = std::get<Proposal>(std::move(answer));
    EXPECT_TRUE(space_->decisions().Validate(proposal.genotype).ok());
    return proposal;
  }

  // One that was drawn at random, and says why.
  void ExpectStandIn(Strategy& strategy, const std::string& because) {
    const Proposal proposal = Ask(strategy, 1);
    EXPECT_THAT(proposal.reason, StartsWith("random, because the strategy at 127.0.0.1:"));
    EXPECT_THAT(proposal.reason, HasSubstr(because));
    EXPECT_THAT(proposal.trouble, HasSubstr(because));
    EXPECT_LE(proposal.reason.size(), 200u);
  }

  const std::shared_ptr<const testing::HandSpace> space_ = testing::ConditionalSpace();
  const Problem problem_ = testing::TestProblem(*space_, 2, 2);
  Service service_{*space_};
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(ExternalTest, AGoodServiceIsToldTheProblemAndEveryEventAndItsProposalsAreTaken) {
  service_.on_propose = [](const v1::ProposeRequest& request, v1::ProposeResponse& response) {
    response.mutable_proposal()->set_rung(0);
    response.mutable_proposal()->add_parents(request.number() - 1);
    return grpc::Status::OK;
  };
  const auto strategy = Make();
  DriverOptions options;
  options.proposals = 1200;  // so that one message does not hold all events
  options.workers = 4;
  options.failed = 0.1;
  options.epochs = 2;
  const DriverResult run = Drive(*strategy, problem_, options);
  EXPECT_FALSE(run.stuck);
  for (const size_t position : testing::OwnProposals(run.log)) {
    const auto& proposed = std::get<Proposed>(run.log[position]);
    EXPECT_EQ(proposed.proposal.reason, "by the other program");
    EXPECT_EQ(proposed.proposal.rung, 0);
    EXPECT_EQ(proposed.proposal.parents,
              proposed.trial == 1 ? std::vector<int64_t>() : std::vector{proposed.trial - 1});
  }
  const v1::Problem problem = service_.problem();
  ASSERT_EQ(problem.decisions_size(), 5);
  EXPECT_EQ(problem.decisions(1).label(), "kernel");
  EXPECT_EQ(problem.decisions(1).active_when(0).terms(0).decision(), 0);
  EXPECT_EQ(problem.objectives(1).goal(), v1::GOAL_MINIMIZE);
  EXPECT_EQ(problem.rungs_size(), 2);
  const std::vector<v1::StrategyEvent> events = service_.events();
  ASSERT_GT(events.size(), 2000u);
  for (size_t i = 0; i < events.size(); ++i) {
    ASSERT_TRUE(MessageDifferencer::Equals(events[i], ToProto(problem_, run.log[i]))) << i;
  }
}

TEST_F(ExternalTest, AStrategyThatIsMadeAnewTellsAllEventsAgain) {
  DriverOptions options;
  options.proposals = 30;
  const DriverResult run = Drive(*Make(), problem_, options);
  service_.Forget();
  const auto fresh = Make();
  for (const Event& event : run.log) fresh->Observe(event);
  EXPECT_TRUE(Ask(*fresh, 31).trouble.empty());
  EXPECT_EQ(service_.events().size(), run.log.size());
}

TEST_F(ExternalTest, AServiceThatForgetsGetsANewSession) {
  const auto strategy = Make();
  DriverOptions options;
  options.proposals = 10;
  const DriverResult run = Drive(*strategy, problem_, options);
  service_.Forget();
  EXPECT_TRUE(Ask(*strategy, 11).trouble.empty());
  EXPECT_EQ(service_.events().size(), run.log.size());
}

TEST_F(ExternalTest, AnAbsentServiceIsStoodInForAndFoundAgain) {
  StopServer();
  const auto strategy = Make();
  ExpectStandIn(*strategy, "can't be reached");
  StartServer(port_);
  Proposal proposal;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  do {
    proposal = Ask(*strategy, 1);
  } while (!proposal.trouble.empty() && std::chrono::steady_clock::now() < end);
  EXPECT_EQ(proposal.reason, "by the other program");
}

TEST_F(ExternalTest, ASlowServiceIsStoodInForByTheDeadlineAndThenLeftAlone) {
  service_.on_propose = [](const v1::ProposeRequest&, v1::ProposeResponse&) {
    BeSlow(absl::Milliseconds(500));
    return grpc::Status::OK;
  };
  const auto strategy = Make(/*timeout_seconds=*/0.2, /*retry_seconds=*/3600);
  const auto begin = std::chrono::steady_clock::now();
  ExpectStandIn(*strategy, "gave no answer within 0.2 s");
  for (int64_t number = 2; number < 100; ++number) {
    EXPECT_FALSE(Ask(*strategy, number).trouble.empty());
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_EQ(service_.asked(), 1);
}

TEST_F(ExternalTest, NonsenseIsStoodInFor) {
  const auto strategy = Make();
  const auto answer_with = [this](std::function<void(v1::ProposeResponse&)> change) {
    service_.on_propose = [change](const v1::ProposeRequest&, v1::ProposeResponse& response) {
      change(response);
      return grpc::Status::OK;
    };
  };
  answer_with([](v1::ProposeResponse& r) { r.Clear(); });
  ExpectStandIn(*strategy, "gave an empty answer");
  answer_with([](v1::ProposeResponse& r) { r.mutable_proposal()->clear_genotype(); });
  ExpectStandIn(*strategy, "proposed what can't be carried out: kind");
  answer_with([](v1::ProposeResponse& r) {
    r.mutable_proposal()->mutable_genotype()->mutable_values(0)->set_option(7);
  });
  ExpectStandIn(*strategy, "proposed what can't be carried out: kind");
  answer_with([](v1::ProposeResponse& r) {
    r.mutable_proposal()->mutable_genotype()->mutable_values(0)->set_label("colour");
  });
  ExpectStandIn(*strategy, "colour");
  answer_with([](v1::ProposeResponse& r) { r.mutable_proposal()->set_rung(2); });
  ExpectStandIn(*strategy, "rung 2 of a ladder with 2");
  answer_with([](v1::ProposeResponse& r) { r.mutable_proposal()->set_continues(9); });
  ExpectStandIn(*strategy, "to continue trial 9");
  answer_with([](v1::ProposeResponse& r) { r.mutable_wait(); });
  ExpectStandIn(*strategy, "waits although nothing runs");
  service_.on_propose = [](const v1::ProposeRequest&, v1::ProposeResponse&) {
    return grpc::Status(grpc::StatusCode::INTERNAL, "division by zero\nat line 3");
  };
  ExpectStandIn(*strategy, "answered with an error: division by zero at line 3");
  service_.on_propose = nullptr;
  EXPECT_EQ(Ask(*strategy, 1).reason, "by the other program");
}

TEST_F(ExternalTest, ALongReasonIsCutBetweenCharacters) {
  std::string reason = "a\n";
  for (int i = 0; i < 200; ++i) reason += "é";
  service_.on_propose = [&](const v1::ProposeRequest&, v1::ProposeResponse& response) {
    response.mutable_proposal()->set_reason(reason);
    return grpc::Status::OK;
  };
  const Proposal proposal = Ask(*Make(), 1);
  EXPECT_EQ(proposal.reason.size(), 150u);
  EXPECT_THAT(proposal.reason, StartsWith("a \xc3\xa9"));
  EXPECT_EQ(proposal.reason.back(), '\xa9');
}

TEST_F(ExternalTest, WhatIsInfeasibleIsRefusedAndAskedForAgain) {
  Problem problem = problem_;
  std::vector<std::string> refusals;
  service_.on_propose = [&](const v1::ProposeRequest& request, v1::ProposeResponse&) {
    refusals.push_back(request.refused());
    return grpc::Status::OK;
  };
  int asked = 0;
  problem.feasible = [&asked](const space::Genotype&) { return ++asked > 3; };
  EXPECT_EQ(Ask(*Make(10, 0, &problem), 1).reason, "by the other program");
  ASSERT_EQ(refusals.size(), 4u);
  EXPECT_TRUE(refusals[0].empty());
  EXPECT_THAT(refusals[1], HasSubstr("a bound on costs"));

  asked = 0;
  problem.feasible = [&asked](const space::Genotype&) { return ++asked > 12; };
  ExpectStandIn(*Make(10, 0, &problem), "proposed what is not allowed 10 times");
}

TEST_F(ExternalTest, ItMayEndTheSearchAndWaitForResults) {
  service_.on_propose = [](const v1::ProposeRequest& request, v1::ProposeResponse& response) {
    // One at a time, three in all.
    if (request.observed() % 2 == 1) response.mutable_wait();
    if (request.number() > 3) response.mutable_exhausted();
    return grpc::Status::OK;
  };
  DriverOptions options;
  options.workers = 5;
  const DriverResult run = Drive(*Make(), problem_, options);
  EXPECT_TRUE(run.exhausted);
  EXPECT_EQ(run.trials, 3);
}

TEST_F(ExternalTest, ItStopsTrialsEarlyWhereItAsksForMeasurements) {
  service_.wants_measurements = true;
  service_.stops_everything = true;
  DriverOptions options;
  options.proposals = 10;
  options.epochs = 9;
  const DriverResult run = Drive(*Make(), problem_, options);
  int stopped = 0;
  for (const Event& event : run.log) {
    const auto* finished = std::get_if<Finished>(&event);
    if (finished != nullptr && finished->state == v1::TRIAL_STATE_STOPPED) ++stopped;
  }
  EXPECT_GE(stopped, 9);
}

TEST_F(ExternalTest, ALogThatTakesLongerThanTheDeadlineIsReadInParts) {
  const auto strategy = Make(/*timeout_seconds=*/0.5, /*retry_seconds=*/3600);
  RandomStream random(1, 1);
  for (int64_t number = 1; number <= 4000; ++number) {
    Proposed proposed;
    proposed.trial = number;
    proposed.proposal.genotype = space_->decisions().Sample(random);
    strategy->Observe(proposed);
  }
  service_.on_observe = [] {
    BeSlow(absl::Milliseconds(200));
    return grpc::Status::OK;
  };
  EXPECT_THAT(Ask(*strategy, 4001).trouble, HasSubstr("of 4000 events so far"));
  service_.on_observe = nullptr;
  EXPECT_EQ(Ask(*strategy, 4001).reason, "by the other program");
}

TEST_F(ExternalTest, ItsSettingsAreChecked) {
  for (const char* address : {"", "localhost", "host:0", "host:99999", ":80", "host:http"}) {
    google::protobuf::Value spec;
    (*(*spec.mutable_struct_value()->mutable_fields())["external"]
          .mutable_struct_value()
          ->mutable_fields())["address"]
        .set_string_value(address);
    EXPECT_THAT(std::string(ResolveStrategy(spec).status().message()),
                HasSubstr("strategy.external.address: found"));
  }
}

}  // namespace
}  // namespace nascent::strategy
