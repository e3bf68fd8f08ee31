// A coordinator for tests of workers: tasks from a list, leases in memory, every call on record,
// and faults on demand.

#ifndef NASCENT_WORKER_AGENT_TESTING_FAKE_COORDINATOR_H_
#define NASCENT_WORKER_AGENT_TESTING_FAKE_COORDINATOR_H_

#include <grpcpp/server.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/sync.h"
#include "nascent/v1/artifact_service.grpc.pb.h"
#include "nascent/v1/worker_service.grpc.pb.h"

namespace nascent::worker {

// Thread-safe. Serves on a port of the loopback interface that stays the same over Stop and Start.
class FakeCoordinator : public v1::WorkerService::Service, public v1::ArtifactService::Service {
 public:
  explicit FakeCoordinator(absl::Duration lease = absl::Seconds(30));
  ~FakeCoordinator() override;

  void Start();
  void Stop();
  std::string address() const;

  // The task is leased to whoever asks next; its trial has the number that is given back.
  int64_t AddTask(const v1::Task& task);
  // Stores bytes as an artifact and gives its hash.
  std::string AddArtifact(const std::string& bytes);

  // Faults and wishes, as fields that a test sets.
  struct Knobs {
    int drop_replies = 0;  // so many changing calls take effect and then answer UNAVAILABLE
    bool refuse_registration = false;  // as another protocol version
    bool weights_wanted = false;
    std::map<int64_t, v1::StopReason> stop;          // in the reply to a renewal, by trial
    std::function<std::string(std::string)> damage;  // of chunks that are sent
    int break_streams = 0;     // so many transfers end after their first chunk
    size_t slow_upload = 0;    // an upload lasts until so many renewals came since its begin
    bool unavailable = false;  // all calls answer UNAVAILABLE, as a standby does
  };
  void Set(const std::function<void(Knobs&)>& change);
  // Forgets all workers, as a coordinator with a new database would.
  void ForgetWorkers();
  // What is leased now goes to the next who asks, with a new attempt.
  void ExpireLeases();

  // What happened; a copy at one moment.
  struct Record {
    int registrations = 0;
    std::vector<v1::RegisterRequest> registered;
    int leases = 0;
    std::vector<v1::RenewRequest> renewals;
    std::vector<v1::CompleteRequest> completed;
    std::vector<v1::FailRequest> failed;
    std::vector<v1::ReleaseRequest> released;
    std::vector<v1::SetWeightsRequest> weights;
    int fenced = 0;
    int replayed = 0;  // calls whose request id was seen before
    int puts = 0;
    int gets = 0;
    std::vector<v1::Measurement> measurements;  // accepted
  };
  Record record() const;
  // Waits until the record is as wanted; false after ten seconds.
  bool Await(const std::function<bool(const Record&)>& wanted);
  std::string artifact(const std::string& sha256) const;

  grpc::Status Register(grpc::ServerContext*, const v1::RegisterRequest*,
                        v1::RegisterResponse*) override;
  grpc::Status Lease(grpc::ServerContext*, const v1::LeaseRequest*, v1::LeaseResponse*) override;
  grpc::Status Renew(grpc::ServerContext*, const v1::RenewRequest*, v1::RenewResponse*) override;
  grpc::Status Complete(grpc::ServerContext*, const v1::CompleteRequest*,
                        v1::CompleteResponse*) override;
  grpc::Status Fail(grpc::ServerContext*, const v1::FailRequest*, v1::FailResponse*) override;
  grpc::Status Release(grpc::ServerContext*, const v1::ReleaseRequest*,
                       v1::ReleaseResponse*) override;
  grpc::Status Stat(grpc::ServerContext*, const v1::StatRequest*, v1::StatResponse*) override;
  grpc::Status Put(grpc::ServerContext*, grpc::ServerReader<v1::PutRequest>*,
                   v1::PutResponse*) override;
  grpc::Status Get(grpc::ServerContext*, const v1::GetRequest*,
                   grpc::ServerWriter<v1::GetResponse>*) override;
  grpc::Status SetWeights(grpc::ServerContext*, const v1::SetWeightsRequest*,
                          v1::SetWeightsResponse*) override;

 private:
  struct Entry {
    v1::Task task;
    int attempt = 0;
    bool leased = false;
    bool done = false;
    absl::Time deadline;  // monotonic
  };

  // Checks worker and attempt; gives the entry, or what to answer.
  template <typename Request>
  grpc::Status Check(const Request& request, Entry*& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The end of an accepted call; maybe the reply is lost.
  grpc::Status Reply(const std::string& request_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Replayed(const std::string& request_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SweepLeases() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  template <typename Request>
  grpc::Status End(const Request& request, std::vector<Request>& list, bool again)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const absl::Duration lease_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  Knobs knobs_ ABSL_GUARDED_BY(mutex_);
  Record record_ ABSL_GUARDED_BY(mutex_);
  int64_t worker_id_ ABSL_GUARDED_BY(mutex_) = 0;
  bool known_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<int64_t, Entry> tasks_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> seen_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, v1::LeaseResponse> lease_replies_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> artifacts_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> partial_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_AGENT_TESTING_FAKE_COORDINATOR_H_
