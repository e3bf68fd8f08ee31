// nascent-bench lifecycle: how many trials per second a coordinator can take from lease to result,
// each step acknowledged only after it is durable, through real gRPC and PostgreSQL.

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <iostream>
#include <memory>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "bench/bench_service.h"
#include "bench/benchmarks.h"
#include "bench/or_throw.h"
#include "bench/simulated_workers.h"
#include "common/space/presets.h"
#include "common/space/space.h"
#include "common/sync.h"
#include "nascent/v1/worker_service.grpc.pb.h"

namespace nascent::bench {
namespace {

struct LifecycleOptions {
  int workers = 64;
  double warmup_seconds = 3;
  double seconds = 10;
  std::string space;  // a preset; empty: the small one below
  std::string output = "table";
};

void Pass(double seconds) {
  const absl::Time until = absl::Now() + absl::Seconds(seconds);
  Mutex mutex;
  CondVar never;
  MutexLock lock(mutex);
  while (absl::Now() < until) never.WaitFor(mutex, until - absl::Now());
}

// One session that commits one row at a time.
double SingleCommitsPerSecond(const std::string& database, double seconds) {
  pqxx::connection connection(database);
  pqxx::nontransaction session(connection);
  session.exec("CREATE TABLE public.single_commits (number bigint PRIMARY KEY)");
  connection.prepare("commit_one", "INSERT INTO public.single_commits VALUES ($1)");
  const absl::Time begin = absl::Now();
  int64_t count = 0;
  while (absl::Now() - begin < absl::Seconds(seconds))
    session.exec_prepared0("commit_one", ++count);
  const double rate = static_cast<double>(count) / absl::ToDoubleSeconds(absl::Now() - begin);
  session.exec("DROP TABLE public.single_commits");
  return rate;
}

v1::SearchSpec Search(const LifecycleOptions& options) {
  v1::SearchSpec spec = EndlessSearch("lifecycle", options.workers);
  if (!options.space.empty()) {
    spec.mutable_space()->clear_template_();
    spec.mutable_space()->set_preset(options.space);
  }
  return spec;
}

// Answers the calls of workers at once, from memory: what remains is gRPC itself.
class Echo : public v1::WorkerService::CallbackService {
 public:
  grpc::ServerUnaryReactor* Register(grpc::CallbackServerContext* context,
                                     const v1::RegisterRequest*,
                                     v1::RegisterResponse* response) override {
    response->set_worker_id(++workers_);
    return Finish(context);
  }
  grpc::ServerUnaryReactor* Lease(grpc::CallbackServerContext* context, const v1::LeaseRequest*,
                                  v1::LeaseResponse* response) override {
    response->mutable_attempt()->set_task_id(++tasks_);
    response->mutable_attempt()->set_attempt(1);
    return Finish(context);
  }
  grpc::ServerUnaryReactor* Renew(grpc::CallbackServerContext* context, const v1::RenewRequest*,
                                  v1::RenewResponse*) override {
    return Finish(context);
  }
  grpc::ServerUnaryReactor* Complete(grpc::CallbackServerContext* context,
                                     const v1::CompleteRequest*, v1::CompleteResponse*) override {
    return Finish(context);
  }

 private:
  static grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context) {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  std::atomic<int64_t> workers_ = 0;
  std::atomic<int64_t> tasks_ = 0;
};

struct Rate {
  int64_t completed = 0;
  absl::Duration time;
  SimulatedWorkers::Latencies latencies;

  double per_second() const { return static_cast<double>(completed) / absl::ToDoubleSeconds(time); }
};

Rate MeasureRate(const std::string& address, int count, double warmup_seconds, double seconds) {
  Rate rate;
  SimulatedWorkers workers(address, count);
  Pass(warmup_seconds);
  workers.TakeLatencies();
  const int64_t before = workers.completed();
  const absl::Time begin = absl::Now();
  Pass(seconds);
  rate.completed = workers.completed() - before;
  rate.time = absl::Now() - begin;
  rate.latencies = workers.TakeLatencies();
  workers.Check();
  return rate;
}

// The same calls of the same workers, answered from memory.
double EchoedPerSecond(const LifecycleOptions& options) {
  Echo echo;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 0);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&echo);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) throw std::runtime_error("no port to listen on");
  return MeasureRate(absl::StrCat("127.0.0.1:", port), options.workers, 1, 4).per_second();
}

std::string Milliseconds(const std::vector<absl::Duration>& sorted, double share) {
  if (sorted.empty()) return "-";
  const auto index = static_cast<size_t>(share * static_cast<double>(sorted.size() - 1));
  return absl::StrFormat("%.2f", absl::ToDoubleMilliseconds(sorted[index]));
}

void Measure(const LifecycleOptions& options) {
  BenchService service;
  const double single_commits = SingleCommitsPerSecond(service.database(), 2);
  const double echoed = EchoedPerSecond(options);
  service.Start();
  service.RegisterBlankData();
  OrThrow(service.client().Submit(Search(options)));
  const Rate rate =
      MeasureRate(service.address(), options.workers, options.warmup_seconds, options.seconds);
  const SimulatedWorkers::Latencies& latencies = rate.latencies;
  if (options.output == "json") {
    std::cout << absl::StrFormat(
        "{\"lifecycles_per_second\": %.1f, \"single_commits_per_second\": %.1f, "
        "\"echoed_per_second\": %.1f, \"workers\": %d, \"seconds\": %.2f, \"lifecycles\": %d}\n",
        rate.per_second(), single_commits, echoed, options.workers,
        absl::ToDoubleSeconds(rate.time), rate.completed);
    return;
  }
  std::cout << absl::StrFormat(
      "%d workers, %.1f s, fsync on\n"
      "  lifecycles per second      %8.0f   (lease, report, complete; each durable when answered)\n"
      "  single commits per second  %8.0f   (one session, one row each)\n"
      "  echoed per second          %8.0f   (the same calls, answered from memory by gRPC alone)\n"
      "  milliseconds, median and 99th percentile: lease %s, %s; report %s, %s; complete %s, %s\n",
      options.workers, absl::ToDoubleSeconds(rate.time), rate.per_second(), single_commits, echoed,
      Milliseconds(latencies.lease, 0.5), Milliseconds(latencies.lease, 0.99),
      Milliseconds(latencies.renew, 0.5), Milliseconds(latencies.renew, 0.99),
      Milliseconds(latencies.complete, 0.5), Milliseconds(latencies.complete, 0.99));
}

}  // namespace

void AddLifecycle(CLI::App& app) {
  auto options = std::make_shared<LifecycleOptions>();
  std::vector<std::string> presets;
  for (const space::Preset& preset : space::Presets()) presets.push_back(preset.name);
  CLI::App* lifecycle = app.add_subcommand(
      "lifecycle",
      "Durable trial lifecycles per second (lease, report, complete) through a real coordinator, "
      "gRPC and PostgreSQL, beside this machine's rate of single durable commits.");
  lifecycle->add_option("--workers", options->workers, "Simulated workers.")
      ->check(CLI::Range(1, 20000))
      ->capture_default_str();
  lifecycle->add_option("--warmup", options->warmup_seconds, "Seconds before it is measured.")
      ->capture_default_str();
  lifecycle->add_option("--seconds", options->seconds, "Length of the measurement.")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  lifecycle
      ->add_option("--space", options->space,
                   "Preset whose networks are sent to the workers. Default: small perceptrons.")
      ->check(CLI::IsMember(presets));
  lifecycle->add_option("--output", options->output, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  lifecycle->callback([options] { Measure(*options); });
}

}  // namespace nascent::bench
