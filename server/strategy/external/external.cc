// A strategy in another process, behind nascent.v1.StrategyService. It may be slow, absent or
// wrong: then a proposal is drawn at random and says so, and the service is left alone for a while,
// so that the search never waits longer than one deadline for one proposal.
//
// The log alone does not tell what it proposes. It keeps every event, about 200 bytes each, to tell
// them again to a service that lost them.

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/rpc/deadline.h"
#include "common/status_macros.h"
#include "nascent/v1/strategy_service.grpc.pb.h"
#include "server/strategy/entries.h"
#include "server/strategy/external/messages.h"
#include "server/strategy/external/reach.h"
#include "server/strategy/sampling.h"
#include "server/strategy/settings.h"

namespace nascent::strategy {
namespace {

using Clock = std::chrono::steady_clock;

// Of one message.
constexpr size_t kMostEvents = 1000;
constexpr size_t kMostBytes = size_t{1} << 20;
constexpr int kMostRefusals = 10;
constexpr size_t kLongestTrouble = 150;

std::string NewSession() {
  std::random_device device;
  std::string name;
  for (int i = 0; i < 4; ++i) absl::StrAppendFormat(&name, "%08x", device());
  return name;
}

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  // A service that comes back is found soon.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

class External : public Strategy {
 public:
  External(const Problem& problem, std::string address, double timeout_seconds,
           double retry_seconds)
      : problem_(problem),
        address_(std::move(address)),
        timeout_seconds_(timeout_seconds),
        retry_seconds_(retry_seconds),
        stub_(v1::StrategyService::NewStub(Connect(address_))) {}

  Answer Propose(int64_t number) override {
    // A search from before a restart with other limits.
    if (absl::Status status = CheckExternalAddress(address_); !status.ok()) {
      Note(absl::PermissionDeniedError("may not be called"));
      return StandIn(number);
    }
    if (Clock::now() < left_alone_until_) return StandIn(number);
    StartCall();
    absl::StatusOr<Answer> answer = Ask(number);
    if (answer.ok()) return *std::move(answer);
    Note(answer.status());
    return StandIn(number);
  }

  StopCommands Observe(const Event& event) override {
    events_.push_back(ToProto(problem_, event).SerializeAsString());
    if (const auto* proposed = std::get_if<Proposed>(&event)) {
      open_.insert(proposed->trial);
    } else if (const auto* finished = std::get_if<Finished>(&event)) {
      open_.erase(finished->trial);
    } else if (wants_measurements_ && Clock::now() >= left_alone_until_) {
      StartCall();
      if (absl::Status status = CatchUp(); !status.ok()) Note(status);
    }
    StopCommands stops;
    for (const int64_t trial : std::exchange(stops_, {})) {
      if (open_.contains(trial)) stops.push_back(trial);
    }
    return stops;
  }

 private:
  // All calls until the next one end by the same deadline.
  void StartCall() {
    progressed_ = false;
    deadline_ = rpc::DeadlineAfter(absl::Seconds(timeout_seconds_));
  }

  // Calls `method`; the message is for people.
  template <typename Method, typename Request, typename Response>
  absl::Status Call(Method method, const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(deadline_);
    const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
    switch (status.error_code()) {
      case grpc::StatusCode::OK:
        return absl::OkStatus();
      case grpc::StatusCode::NOT_FOUND:
        return absl::NotFoundError("does not know its session");
      case grpc::StatusCode::UNAVAILABLE:
        return absl::UnavailableError("can't be reached");
      case grpc::StatusCode::DEADLINE_EXCEEDED:
        return absl::DeadlineExceededError(
            absl::StrCat("gave no answer within ", timeout_seconds_, " s"));
      default:
        return absl::UnknownError(absl::StrCat("answered with an error: ", status.error_message()));
    }
  }

  absl::Status Open() {
    v1::OpenSessionRequest request;
    request.set_session(NewSession());
    *request.mutable_problem() = ToProto(problem_);
    v1::OpenSessionResponse response;
    NASCENT_RETURN_IF_ERROR(Call(&v1::StrategyService::Stub::Open, request, response));
    session_ = request.session();
    wants_measurements_ = response.wants_measurements();
    sent_ = 0;
    return absl::OkStatus();
  }

  // Sends the events that the session lacks.
  absl::Status SendEvents() {
    while (sent_ < events_.size()) {
      v1::ObserveRequest request;
      request.set_session(session_);
      request.set_first(static_cast<int64_t>(sent_));
      size_t end = sent_;
      for (size_t bytes = 0; end < events_.size() && end - sent_ < kMostEvents; ++end) {
        bytes += events_[end].size();
        if (bytes > kMostBytes && end > sent_) break;
        request.add_events()->ParseFromString(events_[end]);
      }
      v1::ObserveResponse response;
      if (auto status = Call(&v1::StrategyService::Stub::Observe, request, response);
          !status.ok()) {
        return status;
      }
      sent_ = end;
      progressed_ = true;
      stops_.insert(stops_.end(), response.stop().begin(), response.stop().end());
    }
    return absl::OkStatus();
  }

  // A session that has all events.
  absl::Status CatchUp() {
    if (!session_.empty()) {
      const absl::Status status = SendEvents();
      if (!absl::IsNotFound(status)) return status;
    }
    NASCENT_RETURN_IF_ERROR(Open());
    return SendEvents();
  }

  absl::StatusOr<Answer> Ask(int64_t number) {
    NASCENT_RETURN_IF_ERROR(CatchUp());
    v1::ProposeRequest request;
    request.set_number(number);
    bool anew = false;
    while (request.attempt() < kMostRefusals) {
      request.set_session(session_);
      request.set_observed(static_cast<int64_t>(sent_));
      v1::ProposeResponse response;
      absl::Status status = Call(&v1::StrategyService::Stub::Propose, request, response);
      if (absl::IsNotFound(status) && !std::exchange(anew, true)) {
        session_.clear();
        status = CatchUp();
        if (status.ok()) continue;
      }
      if (!status.ok()) return status;
      absl::StatusOr<Answer> answer = Read(number, response);
      const Proposal* proposal = answer.ok() ? std::get_if<Proposal>(&*answer) : nullptr;
      if (proposal == nullptr || IsFeasible(problem_, proposal->genotype)) return answer;
      request.set_refused("a bound on costs, a rule of the space or `unique` forbids it");
      request.set_attempt(request.attempt() + 1);
    }
    return absl::InvalidArgumentError(
        absl::StrCat("proposed what is not allowed ", kMostRefusals, " times"));
  }

  absl::StatusOr<Answer> Read(int64_t number, const v1::ProposeResponse& response) const {
    switch (response.answer_case()) {
      case v1::ProposeResponse::kWait:
        if (open_.empty()) return absl::InvalidArgumentError("waits although nothing runs");
        return Answer(Wait());
      case v1::ProposeResponse::kExhausted:
        return Answer(Exhausted());
      case v1::ProposeResponse::kProposal: {
        absl::StatusOr<Proposal> proposal = FromProto(problem_, number, response.proposal());
        if (proposal.ok()) return Answer(*std::move(proposal));
        return absl::InvalidArgumentError(
            absl::StrCat("proposed what can't be carried out: ", proposal.status().message()));
      }
      default:
        return absl::InvalidArgumentError("gave an empty answer");
    }
  }

  void Note(const absl::Status& status) {
    if (absl::IsDeadlineExceeded(status) && progressed_ && sent_ < events_.size()) {
      trouble_ = absl::StrFormat("the strategy at %s has read %d of %d events so far", address_,
                                 sent_, events_.size());
      return;
    }
    trouble_ =
        Tidy(absl::StrCat("the strategy at ", address_, " ", status.message()), kLongestTrouble);
    left_alone_until_ =
        Clock::now() + std::chrono::microseconds(std::llround(retry_seconds_ * 1e6));
  }

  Answer StandIn(int64_t number) const {
    RandomStream random(problem_.seed, static_cast<uint64_t>(number));
    Answer answer = ProposeRandom(problem_, random, absl::StrCat(std::string(kStoodIn), trouble_));
    if (auto* proposal = std::get_if<Proposal>(&answer)) proposal->trouble = trouble_;
    return answer;
  }

  const Problem problem_;
  const std::string address_;
  const double timeout_seconds_;
  const double retry_seconds_;
  const std::unique_ptr<v1::StrategyService::Stub> stub_;
  std::vector<std::string> events_;  // v1::StrategyEvent
  absl::flat_hash_set<int64_t> open_;
  StopCommands stops_;  // to be given with the next event
  // The session; empty: none yet.
  std::string session_;
  size_t sent_ = 0;  // events that it has
  bool wants_measurements_ = false;
  // Why it was last stood in for.
  std::string trouble_;
  Clock::time_point left_alone_until_ = Clock::time_point::min();
  // Of the call under way.
  gpr_timespec deadline_ = {};
  bool progressed_ = false;  // it brought events to the service
};

absl::Status CheckAddress(const Settings& settings) {
  return CheckExternalAddress(settings.Text("address"));
}

}  // namespace

Entry ExternalEntry() {
  Entry entry;
  entry.name = "external";
  entry.description =
      "A strategy in another process, behind the gRPC service nascent.v1.StrategyService";
  entry.settings = {
      FreeTextSetting("address", "127.0.0.1:7310", "HOST:PORT of the strategy's service."),
      RealSetting("timeout_seconds", 0.01, 60, 2,
                  "How long one proposal may take; then it is drawn at random."),
      RealSetting("retry_seconds", 0, 3600, 10,
                  "After a failure proposals are drawn at random for so long, before the service "
                  "is asked again."),
  };
  entry.make = [](const Problem& problem,
                  const Settings& settings) -> absl::StatusOr<std::unique_ptr<Strategy>> {
    return std::make_unique<External>(problem, settings.Text("address"),
                                      settings.Real("timeout_seconds"),
                                      settings.Real("retry_seconds"));
  };
  entry.check = CheckAddress;
  entry.outside = true;
  return entry;
}

}  // namespace nascent::strategy
