#include "bench/simulated_workers.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/sync.h"
#include "nascent/v1/worker_service.grpc.pb.h"

namespace nascent::bench {

struct SimulatedWorkers::Shared {
  std::atomic<int64_t> completed = 0;
  std::atomic<bool> stopping = false;
  mutable Mutex mutex;
  CondVar ended;
  int running ABSL_GUARDED_BY(mutex) = 0;
  std::string error ABSL_GUARDED_BY(mutex);
  Latencies latencies ABSL_GUARDED_BY(mutex);
};

// A chain of calls: each answer starts the next one.
class SimulatedWorkers::Worker {
 public:
  Worker(const std::string& address, int number, Shared* shared)
      : shared_(shared), name_(absl::StrCat("simulated-", number)) {
    grpc::ChannelArguments arguments;
    // Real workers share no connection.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_CHANNELZ, 0);
    stub_ = v1::WorkerService::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  }

  void Register() {
    v1::RegisterRequest request;
    request.set_request_id(NextRequest());
    request.set_name(name_);
    request.set_protocol_version(1);
    request.set_evaluator_version("bench");
    v1::Device* slot = request.add_slots();
    slot->set_kind("cpu");
    slot->set_memory_bytes(int64_t{8} << 30);
    request.add_task_kinds(v1::TASK_KIND_TRAIN);
    request.add_task_kinds(v1::TASK_KIND_FINAL_TEST);
    grpc::ClientContext context;
    v1::RegisterResponse response;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    const grpc::Status status = stub_->Register(&context, request, &response);
    if (!status.ok()) throw std::runtime_error("register: " + status.error_message());
    worker_id_ = response.worker_id();
  }

  void Lease() {
    if (shared_->stopping) return End("");
    lease_request_.set_request_id(NextRequest());
    lease_request_.set_worker_id(worker_id_);
    lease_request_.mutable_wait()->set_seconds(1);
    Begin();
    stub_->async()->Lease(context_.get(), &lease_request_, &lease_, [this](grpc::Status status) {
      if (!status.ok()) return End("lease: " + status.error_message());
      if (!lease_.has_attempt()) return Lease();
      lease_time_ = absl::Now() - began_;
      Renew();
    });
  }

 private:
  std::string NextRequest() {
    return absl::StrCat(name_, "-", absl::ToUnixNanos(absl::Now()), "-", ++requests_);
  }

  void Begin() {
    context_ = std::make_unique<grpc::ClientContext>();
    began_ = absl::Now();
  }

  template <typename Request>
  void Fill(Request& request) {
    request.set_request_id(NextRequest());
    request.set_worker_id(worker_id_);
    *request.mutable_attempt() = lease_.attempt();
    request.clear_measurements();
  }
  template <typename Request>
  static void Measure(Request& request, const char* metric, double value) {
    v1::Measurement* measurement = request.add_measurements();
    measurement->set_metric(metric);
    measurement->set_epoch(1);
    measurement->set_step(100);
    measurement->set_value(value);
  }

  void Renew() {
    Fill(renew_request_);
    renew_request_.set_progress(1);
    const double value = static_cast<double>(lease_.trial_number() % 1000) / 1000;
    Measure(renew_request_, "training_loss", 1 - value);
    Measure(renew_request_, "training_accuracy", value);
    Measure(renew_request_, "validation_loss", 1 - value);
    Measure(renew_request_, "validation_accuracy", value);
    Begin();
    stub_->async()->Renew(context_.get(), &renew_request_, &renew_, [this](grpc::Status status) {
      if (!status.ok()) return End("renew: " + status.error_message());
      renew_time_ = absl::Now() - began_;
      Complete();
    });
  }

  void Complete() {
    Fill(complete_request_);
    Measure(complete_request_, "training_seconds", 1);
    Measure(complete_request_, "peak_memory_bytes", 1e8);
    Begin();
    stub_->async()->Complete(context_.get(), &complete_request_, &complete_,
                             [this](grpc::Status status) {
                               if (!status.ok()) return End("complete: " + status.error_message());
                               ++shared_->completed;
                               {
                                 MutexLock lock(shared_->mutex);
                                 shared_->latencies.lease.push_back(lease_time_);
                                 shared_->latencies.renew.push_back(renew_time_);
                                 shared_->latencies.complete.push_back(absl::Now() - began_);
                               }
                               Lease();
                             });
  }

  void End(const std::string& error) {
    MutexLock lock(shared_->mutex);
    if (!shared_->stopping && shared_->error.empty()) shared_->error = error;
    --shared_->running;
    shared_->ended.NotifyAll();
  }

  Shared* const shared_;
  const std::string name_;
  std::unique_ptr<v1::WorkerService::Stub> stub_;
  int64_t worker_id_ = 0;
  int64_t requests_ = 0;
  absl::Time began_;
  absl::Duration lease_time_, renew_time_;
  v1::LeaseRequest lease_request_;
  v1::LeaseResponse lease_;
  v1::RenewRequest renew_request_;
  v1::RenewResponse renew_;
  v1::CompleteRequest complete_request_;
  v1::CompleteResponse complete_;
  std::unique_ptr<grpc::ClientContext> context_;
};

SimulatedWorkers::SimulatedWorkers(const std::string& address, int count)
    : shared_(std::make_unique<Shared>()) {
  for (int i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<Worker>(address, i + 1, shared_.get()));
    workers_.back()->Register();
  }
  {
    MutexLock lock(shared_->mutex);
    shared_->running = count;
  }
  for (const auto& worker : workers_) worker->Lease();
}

SimulatedWorkers::~SimulatedWorkers() {
  shared_->stopping = true;
  MutexLock lock(shared_->mutex);
  // A worker ends with its present call, at the latest when its lease request has waited enough.
  while (shared_->running > 0) shared_->ended.Wait(shared_->mutex);
}

int64_t SimulatedWorkers::completed() const { return shared_->completed; }

SimulatedWorkers::Latencies SimulatedWorkers::TakeLatencies() {
  Latencies latencies;
  {
    MutexLock lock(shared_->mutex);
    latencies = std::exchange(shared_->latencies, {});
  }
  for (auto* each : {&latencies.lease, &latencies.renew, &latencies.complete}) {
    std::sort(each->begin(), each->end());
  }
  return latencies;
}

void SimulatedWorkers::Check() const {
  MutexLock lock(shared_->mutex);
  if (!shared_->error.empty()) throw std::runtime_error(shared_->error);
}

}  // namespace nascent::bench
