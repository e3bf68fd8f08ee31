#include "worker/agent/testing/fake_coordinator.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/sha256.h"
#include "worker/evaluate/task_control.h"

namespace nascent::worker {
namespace {

using grpc::Status;
using grpc::StatusCode;

void SetDuration(google::protobuf::Duration& field, absl::Duration duration) {
  field.set_seconds(absl::ToInt64Seconds(duration));
  field.set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(duration - absl::Seconds(field.seconds()))));
}

Status Unavailable() { return Status(StatusCode::UNAVAILABLE, "not the active coordinator"); }
Status Fenced() {
  return Status(StatusCode::FAILED_PRECONDITION, "FENCED: not the current attempt");
}

}  // namespace

FakeCoordinator::FakeCoordinator(absl::Duration lease) : lease_(lease) { Start(); }
FakeCoordinator::~FakeCoordinator() { Stop(); }

void FakeCoordinator::Start() {
  {
    MutexLock lock(mutex_);
    stopping_ = false;
  }
  grpc::ServerBuilder builder;
  builder.AddListeningPort(absl::StrCat("127.0.0.1:", port_), grpc::InsecureServerCredentials(),
                           &port_);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
  builder.RegisterService(static_cast<v1::WorkerService::Service*>(this));
  builder.RegisterService(static_cast<v1::ArtifactService::Service*>(this));
  server_ = builder.BuildAndStart();
}

void FakeCoordinator::Stop() {
  if (server_ == nullptr) return;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
}

std::string FakeCoordinator::address() const { return absl::StrCat("127.0.0.1:", port_); }

int64_t FakeCoordinator::AddTask(const v1::Task& task) {
  MutexLock lock(mutex_);
  const auto id = static_cast<int64_t>(tasks_.size() + 1);
  tasks_[id].task = task;
  changed_.NotifyAll();
  return id;
}

std::string FakeCoordinator::AddArtifact(const std::string& bytes) {
  MutexLock lock(mutex_);
  const std::string sha256 = Sha256Hex(bytes);
  artifacts_[sha256] = bytes;
  return sha256;
}

void FakeCoordinator::Set(const std::function<void(Knobs&)>& change) {
  MutexLock lock(mutex_);
  change(knobs_);
}

void FakeCoordinator::ForgetWorkers() {
  MutexLock lock(mutex_);
  known_ = false;
}

void FakeCoordinator::ExpireLeases() {
  MutexLock lock(mutex_);
  for (auto& [id, entry] : tasks_) {
    if (!entry.leased) continue;
    entry.leased = false;
    ++entry.attempt;  // so that the old holder is fenced although nobody asked yet
  }
  changed_.NotifyAll();
}

FakeCoordinator::Record FakeCoordinator::record() const {
  MutexLock lock(mutex_);
  return record_;
}

bool FakeCoordinator::Await(const std::function<bool(const Record&)>& wanted) {
  const absl::Time until = MonotonicNow() + absl::Seconds(10);
  MutexLock lock(mutex_);
  while (!wanted(record_)) {
    if (MonotonicNow() >= until) return false;
    changed_.WaitFor(mutex_, until - MonotonicNow());
  }
  return true;
}

std::string FakeCoordinator::artifact(const std::string& sha256) const {
  MutexLock lock(mutex_);
  const auto found = artifacts_.find(sha256);
  return found == artifacts_.end() ? "" : found->second;
}

void FakeCoordinator::SweepLeases() {
  for (auto& [id, entry] : tasks_) {
    if (entry.leased && MonotonicNow() > entry.deadline) entry.leased = false;
  }
}

bool FakeCoordinator::Replayed(const std::string& request_id) {
  if (seen_.count(request_id) == 0) return false;
  ++record_.replayed;
  changed_.NotifyAll();
  return true;
}

Status FakeCoordinator::Reply(const std::string& request_id) {
  seen_.insert(request_id);
  changed_.NotifyAll();
  if (knobs_.drop_replies > 0) {
    --knobs_.drop_replies;
    return Status(StatusCode::UNAVAILABLE, "the reply was lost");
  }
  return Status::OK;
}

template <typename Request>
Status FakeCoordinator::Check(const Request& request, Entry*& entry) {
  if (knobs_.unavailable) return Unavailable();
  if (!known_ || request.worker_id() != worker_id_) {
    return Status(StatusCode::NOT_FOUND, "no such worker");
  }
  const auto found = tasks_.find(request.attempt().task_id());
  if (found == tasks_.end()) return Status(StatusCode::NOT_FOUND, "no such task");
  entry = &found->second;
  if (entry->done || !entry->leased || entry->attempt != request.attempt().attempt()) {
    ++record_.fenced;
    changed_.NotifyAll();
    return Fenced();
  }
  return Status::OK;
}

Status FakeCoordinator::Register(grpc::ServerContext*, const v1::RegisterRequest* request,
                                 v1::RegisterResponse* response) {
  MutexLock lock(mutex_);
  if (knobs_.unavailable) return Unavailable();
  if (knobs_.refuse_registration) {
    return Status(StatusCode::FAILED_PRECONDITION, "protocol version 1 is not served");
  }
  const bool replayed = Replayed(request->request_id());
  if (!replayed) {
    ++record_.registrations;
    record_.registered.push_back(*request);
    ++worker_id_;
    known_ = true;
  }
  response->set_worker_id(worker_id_);
  SetDuration(*response->mutable_lease_duration(), lease_);
  SetDuration(*response->mutable_renew_interval(), lease_ / 3);
  return replayed ? Status::OK : Reply(request->request_id());
}

Status FakeCoordinator::Lease(grpc::ServerContext* context, const v1::LeaseRequest* request,
                              v1::LeaseResponse* response) {
  const absl::Time until = MonotonicNow() + absl::Seconds(request->wait().seconds());
  MutexLock lock(mutex_);
  if (Replayed(request->request_id())) {
    *response = lease_replies_[request->request_id()];
    return Status::OK;
  }
  while (true) {
    if (knobs_.unavailable || stopping_) return Unavailable();
    if (!known_ || request->worker_id() != worker_id_) {
      return Status(StatusCode::NOT_FOUND, "no such worker");
    }
    if (context->IsCancelled()) return Status::CANCELLED;
    SweepLeases();
    for (auto& [id, entry] : tasks_) {
      if (entry.done || entry.leased) continue;
      entry.leased = true;
      ++entry.attempt;
      entry.deadline = MonotonicNow() + lease_;
      response->mutable_attempt()->set_task_id(id);
      response->mutable_attempt()->set_trial_id(id);
      response->mutable_attempt()->set_attempt(entry.attempt);
      *response->mutable_task() = entry.task;
      ++record_.leases;
      lease_replies_[request->request_id()] = *response;
      return Reply(request->request_id());
    }
    if (MonotonicNow() >= until) return Status::OK;
    // Short, to hear of a call that was cancelled and of leases that ran out.
    changed_.WaitFor(mutex_, absl::Milliseconds(20));
  }
}

Status FakeCoordinator::Renew(grpc::ServerContext*, const v1::RenewRequest* request,
                              v1::RenewResponse* response) {
  MutexLock lock(mutex_);
  Entry* entry = nullptr;
  if (Status status = Check(*request, entry); !status.ok()) return status;
  entry->deadline = MonotonicNow() + lease_;
  record_.renewals.push_back(*request);
  for (const auto& measurement : request->measurements()) {
    record_.measurements.push_back(measurement);
  }
  const auto stop = knobs_.stop.find(request->attempt().trial_id());
  if (stop != knobs_.stop.end()) response->set_stop(stop->second);
  return Reply(request->request_id());
}

template <typename Request>
Status FakeCoordinator::End(const Request& request, std::vector<Request>& list, bool again) {
  Entry* entry = nullptr;
  if (Status status = Check(request, entry); !status.ok()) return status;
  entry->leased = false;
  entry->done = !again;
  list.push_back(request);
  return Reply(request.request_id());
}

Status FakeCoordinator::Complete(grpc::ServerContext*, const v1::CompleteRequest* request,
                                 v1::CompleteResponse* response) {
  MutexLock lock(mutex_);
  response->set_weights_wanted(knobs_.weights_wanted);
  if (Replayed(request->request_id())) return Status::OK;
  const Status status = End(*request, record_.completed, false);
  if (status.ok() || seen_.count(request->request_id()) != 0) {
    for (const auto& measurement : request->measurements()) {
      record_.measurements.push_back(measurement);
    }
  }
  return status;
}

Status FakeCoordinator::Fail(grpc::ServerContext*, const v1::FailRequest* request,
                             v1::FailResponse*) {
  MutexLock lock(mutex_);
  if (Replayed(request->request_id())) return Status::OK;
  return End(*request, record_.failed, false);
}

Status FakeCoordinator::Release(grpc::ServerContext*, const v1::ReleaseRequest* request,
                                v1::ReleaseResponse*) {
  MutexLock lock(mutex_);
  if (Replayed(request->request_id())) return Status::OK;
  return End(*request, record_.released, true);
}

Status FakeCoordinator::Stat(grpc::ServerContext*, const v1::StatRequest* request,
                             v1::StatResponse* response) {
  MutexLock lock(mutex_);
  if (knobs_.unavailable) return Unavailable();
  response->set_complete(artifacts_.count(request->sha256()) != 0);
  response->set_received(static_cast<int64_t>(partial_[request->sha256()].size()));
  return Status::OK;
}

Status FakeCoordinator::Put(grpc::ServerContext* context,
                            grpc::ServerReader<v1::PutRequest>* reader, v1::PutResponse* response) {
  v1::PutRequest message;
  if (!reader->Read(&message)) return Status(StatusCode::INVALID_ARGUMENT, "no header");
  const v1::PutHeader header = message.header();
  MutexLock lock(mutex_);
  ++record_.puts;
  const size_t renewals = record_.renewals.size() + knobs_.slow_upload;
  while (record_.renewals.size() < renewals && !context->IsCancelled()) {
    changed_.WaitFor(mutex_, absl::Milliseconds(50));
  }
  std::string& bytes = partial_[header.sha256()];
  if (header.offset() != static_cast<int64_t>(bytes.size())) {
    return Status(StatusCode::ABORTED, "offset is not what is here");
  }
  while (reader->Read(&message)) {
    bytes += message.chunk();
    if (knobs_.break_streams > 0) {
      --knobs_.break_streams;
      return Unavailable();
    }
  }
  if (Sha256Hex(bytes) != header.sha256()) {
    return Status(StatusCode::INVALID_ARGUMENT, "the content does not match the hash");
  }
  artifacts_[header.sha256()] = bytes;
  response->set_complete(true);
  return Status::OK;
}

Status FakeCoordinator::Get(grpc::ServerContext*, const v1::GetRequest* request,
                            grpc::ServerWriter<v1::GetResponse>* writer) {
  constexpr size_t kChunk = 1000;
  MutexLock lock(mutex_);
  ++record_.gets;
  const auto found = artifacts_.find(request->sha256());
  if (found == artifacts_.end()) return Status(StatusCode::NOT_FOUND, "no such artifact");
  const std::string& bytes = found->second;
  for (auto from = static_cast<size_t>(request->offset()); from < bytes.size(); from += kChunk) {
    v1::GetResponse response;
    const std::string chunk = bytes.substr(from, kChunk);
    response.set_chunk(knobs_.damage ? knobs_.damage(chunk) : chunk);
    writer->Write(response);
    if (knobs_.break_streams > 0) {
      --knobs_.break_streams;
      return Unavailable();
    }
  }
  return Status::OK;
}

Status FakeCoordinator::SetWeights(grpc::ServerContext*, const v1::SetWeightsRequest* request,
                                   v1::SetWeightsResponse*) {
  MutexLock lock(mutex_);
  if (artifacts_.count(request->sha256()) == 0) {
    return Status(StatusCode::NOT_FOUND, "no such artifact");
  }
  if (!Replayed(request->request_id())) record_.weights.push_back(*request);
  return Reply(request->request_id());
}

}  // namespace nascent::worker
