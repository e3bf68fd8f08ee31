// The service on one machine with a real PostgreSQL; coordinator and workers are played.

#include "client/local/up.h"

#include <gmock/gmock.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/sync.h"
#include "nascent/v1/search_service.grpc.pb.h"

namespace nascent::local {
namespace {

using ::testing::HasSubstr;

class FakeCoordinator : public v1::SearchService::Service {
 public:
  grpc::Status ListWorkers(grpc::ServerContext*, const v1::ListWorkersRequest*,
                           v1::ListWorkersResponse*) override {
    return grpc::Status::OK;
  }
};

// RunService in a thread of its own.
class Running {
 public:
  explicit Running(UpOptions options)
      : options_(std::move(options)), thread_([this] {
          status_ = RunService(
              options_, [this](const std::string& line) { Add(line); },
              [this](const ServiceState&) { Add("ready"); });
          Add("ended");
        }) {}

  ~Running() {
    if (thread_.joinable()) End().IgnoreError();
  }

  absl::Status End() {
    kill(getpid(), SIGTERM);
    thread_.join();
    return status_;
  }

  // Waits for the end that comes by itself.
  absl::Status Join() {
    thread_.join();
    return status_;
  }

  // Waits for a line that contains `part`. False: it did not come in a minute, or the service
  // ended.
  bool Said(const std::string& part) {
    const absl::Time until = absl::Now() + absl::Minutes(1);
    MutexLock lock(mutex_);
    while (true) {
      for (const std::string& line : lines_) {
        if (line.find(part) != std::string::npos) return true;
      }
      if (!lines_.empty() && lines_.back() == "ended") return false;
      if (!said_.WaitFor(mutex_, until - absl::Now()) && absl::Now() > until) return false;
    }
  }

 private:
  void Add(const std::string& line) {
    MutexLock lock(mutex_);
    lines_.push_back(line);
    said_.NotifyAll();
  }

  const UpOptions options_;
  absl::Status status_;
  Mutex mutex_;
  CondVar said_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

class UpTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    // The supervisor's thread receives these.
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  }

  void SetUp() override {
    root_ = absl::StrCat(testing::TempDir(), "up-test-", getpid());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ + "/bin");
    chmod(root_.c_str(), 0755);
    WriteProgram("nascentd", "[ \"$1\" = migrate ] && exit 0\nexec sleep 1000\n");
    WriteProgram("nascent-worker", "exec sleep 1000\n");
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&coordinator_);
    server_ = builder.BuildAndStart();
    options_ = {.data_dir = root_ + "/data",
                .database_url = "",
                .listen = absl::StrCat("127.0.0.1:", port_),
                .workers = 0,
                .slots = 0,
                .programs = root_ + "/bin"};
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void WriteProgram(const std::string& name, const std::string& script) {
    const std::string path = root_ + "/bin/" + name;
    std::ofstream(path) << "#!/bin/sh\n" << script;
    chmod(path.c_str(), 0755);
  }

  Directories directories() const { return LayOut(options_.data_dir); }

  static absl::StatusOr<std::string> Ask(const std::string& url, const std::string& query) {
    ProgramSpec spec;
    spec.command = {"/usr/bin/psql", "-X", "-A", "-t", "-d", url, "-c", query};
    return RunProgram(spec);
  }

  std::string root_;
  int port_ = 0;
  FakeCoordinator coordinator_;
  std::unique_ptr<grpc::Server> server_;
  UpOptions options_;
};

TEST_F(UpTest, RunsARealDatabaseAndStartsItAgainWhenItIsKilled) {
  Running service(options_);
  ASSERT_TRUE(service.Said("ready"));
  const auto state = ReadState(directories().state);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_TRUE(state->ready);
  EXPECT_EQ(Ask(state->database_url, "select current_user").value_or(""), "nascent\n");

  // Nobody else gets in, and nothing listens on the network.
  std::ifstream access(directories().cluster + "/pg_hba.conf");
  std::stringstream rules;
  rules << access.rdbuf();
  EXPECT_EQ(rules.str().find("trust"), std::string::npos);
  EXPECT_FALSE(Ask("postgresql:///nascent?host=127.0.0.1&user=nascent", "select 1").ok());

  ASSERT_TRUE(Ask(state->database_url, "create table kept as select 42 as answer").ok());
  kill(state->processes.at("postgres").pid, SIGKILL);
  ASSERT_TRUE(service.Said("postgres runs again"));
  absl::StatusOr<std::string> answer = absl::UnavailableError("");
  const absl::Time until = absl::Now() + absl::Minutes(1);
  while (!answer.ok() && absl::Now() < until) answer = Ask(state->database_url, "table kept");
  EXPECT_EQ(answer.value_or(""), "42\n");

  // A second service on the folder is refused while this one runs.
  const absl::Status second = RunService(
      options_, [](const std::string&) {}, [](const ServiceState&) {});
  EXPECT_TRUE(absl::IsAlreadyExists(second)) << second;
  EXPECT_THAT(std::string(second.message()), HasSubstr("nascent down"));

  const ProcessId database = ReadState(directories().state)->processes.at("postgres");
  EXPECT_TRUE(service.End().ok());
  EXPECT_FALSE(IsAlive(database));
  EXPECT_TRUE(absl::IsNotFound(ReadState(directories().state).status()));

  // What was stored is there after the next start.
  Running again(options_);
  ASSERT_TRUE(again.Said("ready"));
  EXPECT_EQ(Ask(state->database_url, "table kept").value_or(""), "42\n");
  EXPECT_TRUE(again.End().ok());
}

TEST_F(UpTest, LeavesAloneWhatItDidNotMake) {
  std::filesystem::create_directories(directories().cluster);
  std::ofstream(directories().cluster + "/init.sql") << "create table t();";
  std::ofstream(directories().cluster + "/schema.sql") << "create table u();";
  struct stat before {};
  ASSERT_EQ(stat(directories().cluster.c_str(), &before), 0);
  const absl::Status refused = Running(options_).Join();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("/postgres holds init.sql and 1 more"));
  EXPECT_TRUE(std::filesystem::exists(directories().cluster + "/init.sql"));
  struct stat after {};
  ASSERT_EQ(stat(directories().cluster.c_str(), &after), 0);
  EXPECT_EQ(after.st_uid, before.st_uid);
  EXPECT_EQ(after.st_mode, before.st_mode);
}

TEST_F(UpTest, NeitherServesNorEndsADatabaseOfSomebodyElse) {
  const std::string& cluster = directories().cluster;
  std::filesystem::create_directories(cluster);
  std::ofstream(cluster + "/PG_VERSION") << "15\n";
  std::filesystem::copy_file("/bin/sleep", root_ + "/bin/postgres");
  ProgramSpec spec;
  spec.command = {root_ + "/bin/postgres", "1000"};
  const auto server = Spawn(spec);
  ASSERT_TRUE(server.ok()) << server.status();
  std::ofstream(cluster + "/postmaster.pid") << server->pid << "\n";
  const absl::Status refused = Running(options_).Join();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("no database that `nascent up` made"));
  EXPECT_TRUE(IsAlive(*server));

  // A number in a cluster of ours that was given to the server of another one.
  ASSERT_TRUE(StopService(directories(), [](const std::string&) {}).ok());
  std::ofstream(cluster + "/.nascent") << "ours";
  ASSERT_TRUE(StopService(directories(), [](const std::string&) {}).ok());
  EXPECT_TRUE(IsAlive(*server));
  EndProcess(*server, SIGKILL, absl::Seconds(5));
}

TEST_F(UpTest, BeginsAnewAfterAFirstStartThatWasInterrupted) {
  ASSERT_TRUE(MakeDirectories(directories()).ok());
  std::filesystem::create_directories(directories().making + "/data/base");
  std::ofstream(directories().making + "/.nascent") << "ours";
  std::ofstream(directories().making + "/data/PG_VERSION") << "15";
  Running service(options_);
  EXPECT_TRUE(service.Said("ready"));
  EXPECT_FALSE(std::filesystem::exists(directories().making));
  EXPECT_TRUE(service.End().ok());
}

TEST_F(UpTest, KeepsAFileThatHasTheNameOfItsState) {
  std::filesystem::create_directories(directories().root);
  std::ofstream(directories().state) << "{\"mine\": 1}";
  options_.database_url = "postgresql://elsewhere";
  const absl::Status refused = Running(options_).Join();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("state.json"));
  EXPECT_TRUE(std::filesystem::exists(directories().state));
}

TEST_F(UpTest, TakesNoSettingsForOtherDatabasesFromTheEnvironment) {
  WriteProgram("nascentd",
               "[ -z \"$PGSERVICE$PGHOSTADDR$PGOPTIONS\" ] || exit 1\n"
               "[ \"$1\" = migrate ] && exit 0\nexec sleep 1000\n");
  setenv("PGSERVICE", "nosuch", 1);
  setenv("PGHOSTADDR", "192.0.2.1", 1);
  setenv("PGOPTIONS", "-c nosuch=1", 1);
  setenv("PGDATA", "/nosuch", 1);
  Running service(options_);
  EXPECT_TRUE(service.Said("ready"));
  EXPECT_TRUE(service.End().ok());
  for (const char* name : {"PGSERVICE", "PGHOSTADDR", "PGOPTIONS", "PGDATA"}) unsetenv(name);
}

TEST_F(UpTest, LetsNobodyElseReadWhatItMakes) {
  WriteProgram("nascentd", "[ \"$1\" = migrate ] && exit 0\n> " + root_ +
                               "/data/artifacts/new\nexec sleep 1000\n");
  const mode_t before = umask(0);
  Running service(options_);
  EXPECT_TRUE(service.Said("ready"));
  umask(before);
  const auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directories().root)) {
    // PostgreSQL's own choice, within a folder that nobody else enters.
    if (entry.path().parent_path() == directories().socket) continue;
    EXPECT_EQ(entry.symlink_status().permissions() & others, std::filesystem::perms::none)
        << entry.path();
  }
  EXPECT_TRUE(service.End().ok());
}

TEST_F(UpTest, EndsWhatAnEarlierServiceLeft) {
  std::filesystem::create_directories(directories().root);
  ProgramSpec spec;
  spec.command = {"/bin/sleep", "1000"};
  const auto worker = Spawn(spec);
  const auto innocent = Spawn(spec);
  ASSERT_TRUE(worker.ok() && innocent.ok());
  ServiceState left;
  left.supervisor = {999999999, 1};
  left.processes = {{"worker-1", *worker},
                    // Its number went to another process since.
                    {"nascentd", {innocent->pid, innocent->start_time + 1}}};
  ASSERT_TRUE(WriteState(directories().state, left).ok());

  options_.database_url = "postgresql://elsewhere";
  Running service(options_);
  ASSERT_TRUE(service.Said("ready"));
  EXPECT_FALSE(IsAlive(*worker));
  EXPECT_TRUE(IsAlive(*innocent));
  EXPECT_TRUE(service.End().ok());
  EndProcess(*innocent, SIGKILL, absl::Seconds(5));
}

TEST_F(UpTest, SaysWhyTheCoordinatorDoesNotStart) {
  WriteProgram("nascentd",
               "[ \"$1\" = migrate ] && exit 0\necho 127.0.0.1:1: address in use; exit 1\n");
  server_->Shutdown();
  options_.database_url = "postgresql://elsewhere";
  Running service(options_);
  const absl::Status status = service.Join();
  EXPECT_TRUE(absl::IsAborted(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("address in use"));
}

TEST_F(UpTest, SaysWhyTheMigrationFailed) {
  WriteProgram("nascentd", "echo no such database >&2; exit 1\n");
  options_.database_url = "postgresql://elsewhere";
  Running service(options_);
  EXPECT_THAT(std::string(service.Join().message()), HasSubstr("no such database"));
}

TEST_F(UpTest, FindsNothingToEndWhereNothingRuns) {
  const auto stopped = StopService(directories(), [](const std::string&) {});
  ASSERT_TRUE(stopped.ok()) << stopped.status();
  EXPECT_FALSE(*stopped);
}

TEST_F(UpTest, RefusesAnAddressThatIsNotThisMachines) {
  options_.database_url = "postgresql://elsewhere";
  options_.listen = "192.0.2.1:7301";
  Running service(options_);
  const absl::Status status = service.Join();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot listen on 192.0.2.1:7301"));
}

}  // namespace
}  // namespace nascent::local
