// nascent-bench open-searches: what many searches that nobody works for cost: memory, the time of a
// submit, the time until a coordinator that was killed serves again, and how long a worker that
// holds a lease waits meanwhile.

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "bench/bench_service.h"
#include "bench/benchmarks.h"
#include "bench/or_throw.h"
#include "common/rpc/deadline.h"
#include "common/spec/json.h"
#include "common/sync.h"
#include "nascent/v1/worker_service.grpc.pb.h"

namespace nascent::bench {
namespace {

constexpr int kClients = 8;

struct OpenSearchesOptions {
  int64_t searches = 10'000;
  std::string space = "nas-bench-201";
  bool json = false;
};

double Seconds(absl::Duration duration) { return absl::ToDoubleSeconds(duration); }

// A worker that holds one lease and renews it all the time.
class Holder {
 public:
  explicit Holder(const std::string& address)
      : stub_(v1::WorkerService::NewStub(Connect(address))) {
    v1::RegisterRequest registration;
    registration.set_request_id("holder");
    registration.set_name("holder");
    registration.set_protocol_version(1);
    registration.add_slots()->set_kind("cpu");
    registration.add_task_kinds(v1::TASK_KIND_TRAIN);
    v1::RegisterResponse worker;
    grpc::ClientContext registering;
    Check(stub_->Register(&registering, registration, &worker));
    v1::LeaseRequest request;
    request.set_request_id("holder's lease");
    request.set_worker_id(worker.worker_id());
    request.mutable_wait()->set_seconds(30);
    v1::LeaseResponse lease;
    grpc::ClientContext leasing;
    Check(stub_->Lease(&leasing, request, &lease));
    if (!lease.has_attempt()) throw std::runtime_error("no task came");
    renewal_.set_worker_id(worker.worker_id());
    *renewal_.mutable_attempt() = lease.attempt();
    thread_ = std::thread([this] { Run(); });
  }
  ~Holder() {
    ended_ = true;
    thread_.join();
  }

  // Of the renewals since the last call that were answered.
  std::vector<absl::Duration> TakeWaits() {
    MutexLock lock(mutex_);
    return std::exchange(waits_, {});
  }
  int64_t lost() const { return lost_; }

 private:
  static std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
    grpc::ChannelArguments arguments;
    // A coordinator that comes back is found at once.
    for (const char* name :
         {GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
          GRPC_ARG_MAX_RECONNECT_BACKOFF_MS}) {
      arguments.SetInt(name, 100);
    }
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }
  static void Check(const grpc::Status& status) {
    if (!status.ok()) throw std::runtime_error(status.error_message());
  }

  void Run() {
    for (int i = 0; !ended_; ++i) {
      const absl::Time begin = absl::Now();
      renewal_.set_request_id(absl::StrCat("renewal ", i));
      grpc::ClientContext context;
      context.set_deadline(rpc::DeadlineAfter(absl::Seconds(30)));
      v1::RenewResponse response;
      const grpc::Status status = stub_->Renew(&context, renewal_, &response);
      if (status.ok()) {
        MutexLock lock(mutex_);
        waits_.push_back(absl::Now() - begin);
      } else if (status.error_code() == grpc::StatusCode::FAILED_PRECONDITION) {
        ++lost_;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  const std::unique_ptr<v1::WorkerService::Stub> stub_;
  v1::RenewRequest renewal_;
  std::atomic<bool> ended_ = false;
  std::atomic<int64_t> lost_ = 0;
  Mutex mutex_;
  std::vector<absl::Duration> waits_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

class OpenSearches {
 public:
  explicit OpenSearches(const OpenSearchesOptions& options) : options_(options) {}

  void Go() {
    service_.Start();
    service_.RegisterBlankData();
    OrThrow(service_.client().Submit(Spec("held", 1)));
    Holder holder(service_.address());
    const double before = MebibytesUsed();
    const absl::Time begin = absl::Now();
    Submit();
    const double submitted = Seconds(absl::Now() - begin);
    const double after = MebibytesUsed();
    Report("submitted, seconds", "submit_s", submitted);
    Report("memory before, MiB", "before_mib", before);
    Report("memory with them, MiB", "after_mib", after);
    ReportWaits("a renewal meanwhile", "submit_renewal", holder);
    service_.Kill();
    holder.TakeWaits();
    Restart(holder);
    if (options_.json) std::printf("%s\n", json_.Print(2).c_str());
  }

 private:
  v1::SearchSpec Spec(const std::string& name, int priority) const {
    v1::SearchSpec spec = EndlessSearch(name, 1);
    spec.set_priority(priority);
    spec.mutable_budget()->clear_lookahead();
    if (options_.space != "small-perceptron") {
      spec.mutable_space()->clear_template_();
      spec.mutable_space()->set_preset(options_.space);
    }
    return spec;
  }

  void Submit() {
    std::atomic<int64_t> next = 0;
    std::atomic<bool> failed = false;
    std::vector<std::thread> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.emplace_back([&] {
        client::NascentClient client(service_.address());
        for (int64_t n = next++; n < options_.searches && !failed; n = next++) {
          if (!client.Submit(Spec(absl::StrCat("open-", n), 0)).ok()) failed = true;
        }
      });
    }
    for (std::thread& client : clients) client.join();
    if (failed) throw std::runtime_error("a search was not taken");
  }

  void Restart(Holder& holder) {
    const absl::Time begin = absl::Now();
    service_.Start();
    while (true) {
      client::ClientOptions at_once;
      at_once.patience = absl::ZeroDuration();
      const auto workers = client::NascentClient(service_.address(), at_once).ListWorkers();
      if (workers.ok()) break;
      if (!absl::IsUnavailable(workers.status())) OrThrow(workers);
      service_.Check();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    Report("serves again after, seconds", "serves_s", Seconds(absl::Now() - begin));
    v1::SearchRef last;
    last.set_name(absl::StrCat("open-", options_.searches - 1));
    const absl::Time asked = absl::Now();
    OrThrow(service_.client().Pause(last));
    Report("one of them paused within, seconds", "paused_s", Seconds(absl::Now() - asked));
    while (!AllTakenUp()) {
      service_.Check();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    Report("all taken up after, seconds", "all_s", Seconds(absl::Now() - begin));
    ReportWaits("a renewal meanwhile", "restart_renewal", holder);
    Report("leases lost", "lost", static_cast<double>(holder.lost()));
    Report("memory then, MiB", "restarted_mib", MebibytesUsed());
  }

  // The coordinator says so in its log.
  bool AllTakenUp() const {
    std::ifstream log(service_.log());
    for (std::string line; std::getline(log, line);) {
      if (absl::StrContains(line, "all searches are taken up")) return true;
    }
    return false;
  }

  double MebibytesUsed() const {
    std::ifstream status(absl::StrCat("/proc/", service_.pid(), "/status"));
    for (std::string word; status >> word;) {
      double kibibytes = 0;
      if (word == "VmRSS:" && status >> kibibytes) return kibibytes / 1024;
    }
    throw std::runtime_error("no VmRSS of the coordinator");
  }

  void ReportWaits(const std::string& what, const std::string& name, Holder& holder) {
    std::vector<absl::Duration> waits = holder.TakeWaits();
    if (waits.empty()) throw std::runtime_error("no renewal was answered");
    std::sort(waits.begin(), waits.end());
    Report(what + ", median ms", name + "_p50_ms", 1000 * Seconds(waits[waits.size() / 2]));
    Report(what + ", longest ms", name + "_max_ms", 1000 * Seconds(waits.back()));
  }

  void Report(const std::string& what, const std::string& name, double value) {
    json_.Set(name, value);
    if (options_.json) return;
    std::printf("%-36s %10.2f\n", what.c_str(), value);
    std::fflush(stdout);
  }

  const OpenSearchesOptions options_;
  BenchService service_;
  spec::Json json_ = spec::Json::Object();
};

}  // namespace

void AddOpenSearches(CLI::App& app) {
  CLI::App* open = app.add_subcommand("open-searches",
                                      "What many open searches cost: submits, memory, and a "
                                      "restart, while a worker holds a lease.");
  const auto options = std::make_shared<OpenSearchesOptions>();
  open->add_option("--searches", options->searches, "How many.")
      ->check(CLI::Range(100, 1'000'000))
      ->capture_default_str();
  open->add_option("--space", options->space, "A preset, or small-perceptron.")
      ->capture_default_str();
  open->add_option_function<std::string>(
          "--output", [options](const std::string& output) { options->json = output == "json"; },
          "table or json")
      ->check(CLI::IsMember({"table", "json"}));
  open->callback([options] { OpenSearches(*options).Go(); });
}

}  // namespace nascent::bench
