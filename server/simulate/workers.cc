#include "server/simulate/workers.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/random.h"
#include "common/status_macros.h"
#include "server/strategy/goals/outcome.h"

namespace nascent::simulate {
namespace {

// The clock's length of the longest trial, well below a lease.
constexpr absl::Duration kLongest = absl::Seconds(10);

constexpr double kLag = 10;

// Mixed into the seed, one per purpose.
constexpr uint64_t kRecordKey = 0x7AB1E5;
constexpr uint64_t kNoiseKey = 0x90158E;

// A checkpoint's name that tells the share of the training it holds, in millionths.
std::string Checkpoint(double share) {
  return absl::StrFormat("%064d", static_cast<int64_t>(share * 1e6 + 0.5));
}

double ShareOf(const std::string& checkpoint) {
  return checkpoint.empty() ? 0 : std::stod(checkpoint) / 1e6;
}

}  // namespace

Workers::Workers(const Scenario& scenario, uint64_t seed, VirtualClock* clock,
                 engine::Engine* engine)
    : scenario_(scenario), seed_(seed), clock_(clock), engine_(engine) {
  const double longest = *std::max_element(scenario.seconds_.begin(), scenario.seconds_.end());
  const SimulationOptions& options = scenario.options_;
  unit_ = kLongest / (longest * options.longest * (options.lag_probability > 0 ? kLag : 1));
  workers_.resize(static_cast<size_t>(scenario.options_.workers));
}

absl::StatusOr<int64_t> Workers::Work(std::shared_ptr<const engine::ResolvedSearch> search) {
  for (int64_t i = 0; i < static_cast<int64_t>(workers_.size()); ++i) Register(i);
  NASCENT_RETURN_IF_ERROR(StepUntilQuiet());
  int64_t id = 0;
  engine::Call<engine::SubmitSearch, v1::Search> submit;
  submit.request.request_id = RequestId();
  submit.request.search = std::move(search);
  submit.reply = [this, &id](const absl::StatusOr<v1::Search>& reply) {
    if (reply.ok()) id = reply->id();
    trouble_.Update(reply.status());
  };
  commands_.emplace_back(std::move(submit));
  while (true) {
    NASCENT_RETURN_IF_ERROR(StepUntilQuiet());
    if (!trouble_.ok()) return trouble_;
    if (engine_->FindSearch(id) == nullptr) return id;
    if (events_.empty()) {
      // Nothing runs: leases of workers that vanished may run out, else the search stands still.
      const absl::Duration next = engine_->UntilNext();
      if (engine_->FindSearch(id)->tally.Open() == 0) {
        return absl::InternalError("the search stands still: nothing runs and nothing is ready");
      }
      clock_->Advance(std::max(next, absl::Milliseconds(1)));
      continue;
    }
    const absl::Duration next = std::min(events_.top().at - clock_->Elapsed(),
                                         std::max(engine_->UntilNext(), absl::Milliseconds(1)));
    if (next > absl::ZeroDuration()) clock_->Advance(next);
    while (!events_.empty() && events_.top().at <= clock_->Elapsed()) {
      const Event event = events_.top();
      events_.pop();
      Happen(event);
    }
  }
}

absl::Status Workers::StepUntilQuiet() {
  do {
    for (size_t i = 0; i < workers_.size(); ++i) {
      if (workers_[i].asks) Ask(static_cast<int64_t>(i));
    }
    NASCENT_RETURN_IF_ERROR(engine_->Step(std::exchange(commands_, {})));
  } while (!commands_.empty() || engine_->UntilNext() == absl::ZeroDuration());
  return absl::OkStatus();
}

void Workers::Register(int64_t worker) {
  engine::Call<v1::RegisterRequest, v1::RegisterResponse> call;
  call.request.set_request_id(RequestId());
  call.request.set_name(absl::StrCat("worker", worker));
  call.request.set_protocol_version(1);
  call.request.add_slots()->set_kind("cpu");
  call.request.add_task_kinds(v1::TASK_KIND_TRAIN);
  for (const auto& rung : scenario_.options_.rungs) {
    if (!rung.score.empty()) call.request.add_metrics(rung.score);
  }
  call.reply = [this, worker](const absl::StatusOr<v1::RegisterResponse>& reply) {
    trouble_.Update(reply.status());
    if (!reply.ok()) return;
    workers_[worker].id = reply->worker_id();
    workers_[worker].asks = true;
  };
  commands_.emplace_back(std::move(call));
}

void Workers::Ask(int64_t worker) {
  workers_[worker].asks = false;
  engine::Call<engine::LeaseTask, engine::LeaseGrant> call;
  call.request.message.set_request_id(RequestId());
  call.request.message.set_worker_id(workers_[worker].id);
  call.request.message.mutable_wait()->set_seconds(60);
  call.reply = [this, worker](const absl::StatusOr<engine::LeaseGrant>& reply) {
    if (!reply.ok()) {
      trouble_.Update(reply.status());
    } else if (reply->work == nullptr) {
      workers_[worker].asks = true;
    } else {
      Begin(worker, *reply);
    }
  };
  commands_.emplace_back(std::move(call));
}

void Workers::Begin(int64_t index, const engine::LeaseGrant& grant) {
  Worker& worker = workers_[index];
  worker.attempt = grant.attempt;
  worker.row = scenario_.RowOf(grant.work->genotype);
  worker.rung = grant.work->rung;
  worker.number = grant.trial_number;
  worker.stopped = false;
  worker.begun = clock_->Elapsed();
  if (worker.row < 0) {
    trouble_.Update(absl::InvalidArgumentError(
        absl::StrCat("found no row of the table for ", grant.work->notation,
                     "; --nearest takes the results of the row that is most like it")));
    return;
  }
  const SimulationOptions& options = scenario_.options_;
  RandomStream random(seed_ ^ 0x5CE4A810, static_cast<uint64_t>(++leases_));
  // Of a network that was trained several times, one of the trainings.
  const std::vector<int>& records = scenario_.table_->records(worker.row);
  RandomStream draw(seed_ ^ kRecordKey, static_cast<uint64_t>(worker.number));
  worker.record = records[draw.Below(records.size())];
  double seconds = scenario_.seconds_[worker.record];
  seconds *= options.shortest + (options.longest - options.shortest) * random.Uniform();
  if (random.Uniform() < options.lag_probability) seconds *= kLag;
  worker.fails = random.Uniform() < options.fail_probability;
  for (const Scenario::Seen& seen : scenario_.seen_) {
    worker.fails = worker.fails || std::isnan(seen.values[worker.rung][worker.record]);
  }
  worker.length = seconds * unit_;
  worker.from = ShareOf(grant.checkpoint);
  const auto& rungs = scenario_.resolved_->rungs;
  worker.reported = 0;
  // No training passes a score on its way.
  while (worker.reported < worker.rung && !rungs[worker.reported].trains) ++worker.reported;
  while (worker.reported < worker.rung &&
         rungs[worker.reported].rung.share_of_full <= worker.from + 1e-6) {
    ++worker.reported;
  }
  if (random.Uniform() < options.vanish_probability) {
    const double share = rungs[worker.rung].rung.share_of_full - worker.from;
    return Schedule(index, Next::kVanish, worker.begun + random.Uniform() * share * worker.length);
  }
  ScheduleNext(index);
}

void Workers::ScheduleNext(int64_t index) {
  const Worker& worker = workers_[index];
  const bool on_the_way = worker.reported < worker.rung;
  const double share =
      scenario_.resolved_->rungs[on_the_way ? worker.reported : worker.rung].rung.share_of_full;
  Schedule(index, on_the_way ? Next::kReport : Next::kEnd,
           worker.begun + std::max(0.0, share - worker.from) * worker.length);
}

void Workers::Schedule(int64_t worker, Next next, absl::Duration at) {
  events_.push({at, ++order_, worker, next});
}

void Workers::Happen(const Event& event) {
  switch (event.next) {
    case Next::kReport:
      return Report(event.worker);
    case Next::kEnd:
      return End(event.worker);
    case Next::kVanish:
      // Started again after about as long as a training takes.
      return Schedule(event.worker, Next::kReturn,
                      clock_->Elapsed() + workers_[event.worker].length);
    case Next::kReturn:
      return Register(event.worker);
  }
}

std::vector<v1::Measurement> Workers::Measure(const Worker& worker, int rung) const {
  std::vector<v1::Measurement> measurements;
  const int epochs = std::max(1, static_cast<int>(scenario_.resolved_->rungs[rung].rung.epochs));
  const auto add = [&](const std::string& metric, double value) {
    v1::Measurement& measurement = measurements.emplace_back();
    measurement.set_metric(metric);
    measurement.set_epoch(epochs);
    measurement.set_step(epochs);
    measurement.set_value(value);
  };
  uint64_t index = 0;
  const std::string& score = scenario_.resolved_->rungs[rung].rung.metric;
  for (const Scenario::Seen& seen : scenario_.seen_) {
    if (!score.empty() && index > 0 && !strategy::IsKnownUntrained(seen.metric)) continue;
    const std::string& metric = score.empty() || index > 0 ? seen.metric : score;
    const uint64_t key = static_cast<uint64_t>(rung) << 32 | index++;
    double value = seen.values[rung][worker.record];
    if (seen.noise > 0) {
      RandomStream random(seed_ ^ kNoiseKey, key ^ static_cast<uint64_t>(worker.number) << 40);
      value += seen.noise * random.Normal();
    }
    // On the way there may be no result of a training that has one at its end.
    if (!std::isnan(value)) add(metric, value);
  }
  return measurements;
}

void Workers::Report(int64_t index) {
  Worker& worker = workers_[index];
  engine::Call<v1::RenewRequest, v1::RenewResponse> call;
  call.request.set_request_id(RequestId());
  call.request.set_worker_id(worker.id);
  *call.request.mutable_attempt() = worker.attempt;
  for (v1::Measurement& measurement : Measure(worker, worker.reported)) {
    *call.request.add_measurements() = std::move(measurement);
  }
  call.reply = [this, index](const absl::StatusOr<v1::RenewResponse>& reply) {
    Worker& reporter = workers_[index];
    if (!reply.ok()) {
      reporter.asks = true;  // the lease is lost
    } else if (reply->stop() == v1::STOP_REASON_CANCELLED) {
      reporter.asks = true;
    } else if (reply->stop() == v1::STOP_REASON_EARLY) {
      reporter.stopped = true;
      reporter.rung = reporter.reported;
      Schedule(index, Next::kEnd, clock_->Elapsed());
    } else {
      ++reporter.reported;
      ScheduleNext(index);
    }
  };
  commands_.emplace_back(std::move(call));
}

void Workers::End(int64_t index) {
  Worker& worker = workers_[index];
  worker.asks = true;
  // A lease that was lost on the way is no trouble: the trial runs elsewhere.
  if (worker.fails) {
    engine::Call<v1::FailRequest, v1::FailResponse> call;
    call.request.set_request_id(RequestId());
    call.request.set_worker_id(worker.id);
    *call.request.mutable_attempt() = worker.attempt;
    call.request.set_kind(v1::FAILURE_KIND_DIVERGED);
    call.request.set_message("diverged, as the table or the simulation's options say");
    call.reply = [](const absl::StatusOr<v1::FailResponse>&) {};
    commands_.emplace_back(std::move(call));
    return;
  }
  engine::Call<v1::CompleteRequest, v1::CompleteResponse> call;
  call.request.set_request_id(RequestId());
  call.request.set_worker_id(worker.id);
  *call.request.mutable_attempt() = worker.attempt;
  for (v1::Measurement& measurement : Measure(worker, worker.rung)) {
    *call.request.add_measurements() = std::move(measurement);
  }
  call.request.set_stopped(worker.stopped);
  const auto& rungs = scenario_.resolved_->rungs;
  if (rungs.size() > 1 && rungs[worker.rung].trains) {
    call.request.set_checkpoint(Checkpoint(rungs[worker.rung].rung.share_of_full));
  }
  call.reply = [](const absl::StatusOr<v1::CompleteResponse>&) {};
  commands_.emplace_back(std::move(call));
}

}  // namespace nascent::simulate
