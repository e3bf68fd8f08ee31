// Everything that a user can get wrong on the way into the service: a clear answer, nothing stored,
// every process alive.

#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "nascent/v1/search_service.grpc.pb.h"
#include "nascent/v1/worker_service.grpc.pb.h"
#include "tests/support/service.h"

namespace nascent::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// One service for all tests of this file: none of them may harm it.
class BadInput : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    service_ = new Service();
    service_->StartCoordinator();
    service_->WaitUntilServing();
    service_->AddTinyDataset("tiny");
  }
  static void TearDownTestSuite() {
    delete service_;
    service_ = nullptr;
  }

  void TearDown() override {
    EXPECT_TRUE(service_->coordinator().Running()) << service_->Logs();
    EXPECT_EQ(service_->Sql("SELECT count(*) FROM nascent_v1.searches"), "0");
  }

  // A search file that is right but for `line`, which replaces the line that starts alike.
  static std::string SearchFile(const std::string& line) {
    std::vector<std::string> lines = {
        "name: tried",
        "space: {preset: nas-bench-201, set: {channels: 4, cells: 1}}",
        "data: {dataset: tiny, train: 500, validation: 200}",
        "recipe: {epochs: 1, batch: 50}",
        "objectives: [{metric: validation_accuracy, goal: maximize}]",
        "strategy: random",
        "budget: {trials: 2}",
    };
    const std::string field = line.substr(0, line.find(':') + 1);
    bool replaced = false;
    std::string text;
    for (const std::string& known : lines) {
      const bool same = known.rfind(field, 0) == 0;
      replaced = replaced || same;
      text += (same ? line : known) + "\n";
    }
    return replaced ? text : text + line + "\n";
  }

  static Finished Submit(const std::string& text) {
    return service_->Run({"submit", service_->WriteFile("tried.yaml", text)});
  }

  static Service* service_;
};

Service* BadInput::service_ = nullptr;

struct WrongLine {
  std::string line;
  int number;  // of the line in the file
  std::vector<std::string> said;
};

TEST_F(BadInput, WrongSearchFilesAreRefusedWithFileLineFieldFoundAndAllowed) {
  const std::vector<WrongLine> wrong_lines = {
      {"budgets: {trials: 2}", 8, {"budgets", "budget"}},
      {"budget: {trials: 0}", 7, {"budget.trials", "0"}},
      {"budget: {trials: many}", 7, {"budget.trials", "many"}},
      {"budget: {trials: -3}", 7, {"budget.trials", "-3"}},
      {"recipe: {epochs: 1.5, batch: 50}", 4, {"recipe.epochs", "1.5"}},
      {"recipe: {epochs: 1, batch: 0.5}", 4, {"recipe.batch", "0.5"}},
      {"recipe: {epochs: 1, batch: 70000}", 4, {"recipe.batch", "70000", "65536"}},
      {"recipe: {optimizer: {sgd: {learning_rate: -1}}}",
       4,
       {"recipe.optimizer.sgd.learning_rate", "-1"}},
      {"recipe: {optimizer: {sgd: {learning_rate: .nan}}}",
       4,
       {"recipe.optimizer.sgd.learning_rate"}},
      {"space: {preset: nas-bench-202}", 2, {"space.preset", "nas-bench-202", "nas-bench-201"}},
      {"space: {preset: nas-bench-201, set: {channels: -4}}", 2, {"channels", "-4"}},
      {"space: {preset: nas-bench-201, set: {chanels: 4}}", 2, {"chanels", "channels"}},
      {"data: {dataset: nobody}", 3, {"data.dataset", "nobody", "tiny"}},
      {"data: {dataset: tiny, train: 5000}", 3, {"data.train", "5000", "1000"}},
      {"objectives: [{metric: beauty, goal: maximize}]", 5, {"objectives[0].metric", "beauty"}},
      {"objectives: [{metric: validation_accuracy, goal: up}]",
       5,
       {"objectives[0].goal", "up", "maximize"}},
      {"objectives: [{metric: validation_accuracy}]", 5, {"objectives[0].goal"}},
      {"strategy: magic", 6, {"strategy", "magic", "random"}},
      {"strategy: {regularized_evolution: {population: 5, sample: 9}}",
       6,
       {"strategy.regularized_evolution.sample", "9"}},
      {"priority: 100000", 8, {"priority", "100000"}},
      {"name: \"12345\"", 1, {"name", "12345"}},
      {"decisions: {recipe.batch: {integer: [64, 32]}}", 8, {"decisions.recipe.batch"}},
      {"decisions: {recipe.beauty: {integer: [1, 2]}}", 8, {"recipe.beauty"}},
      {"constraints: [{metric: parameters}]", 8, {"constraints[0]"}},
      {"final: {top: -1}", 8, {"final.top", "-1"}},
  };
  for (const WrongLine& wrong : wrong_lines) {
    SCOPED_TRACE(wrong.line);
    const Finished refused = Submit(SearchFile(wrong.line));
    EXPECT_NE(refused.exit_code, 0);
    EXPECT_EQ(refused.out, "");
    EXPECT_THAT(refused.err, HasSubstr("tried.yaml:" + std::to_string(wrong.number)));
    for (const std::string& part : wrong.said) EXPECT_THAT(refused.err, HasSubstr(part));
  }
}

TEST_F(BadInput, FilesThatAreNoSearchAreRefused) {
  EXPECT_THAT(Submit("").err, HasSubstr("tried.yaml"));
  EXPECT_THAT(Submit("[1, 2]").err, HasSubstr("tried.yaml:1"));
  EXPECT_THAT(Submit("name: [unclosed").err, HasSubstr("tried.yaml:"));
  EXPECT_THAT(Submit(std::string("name: a\0b", 9)).err, HasSubstr("tried.yaml"));
  const Finished missing = service_->Run({"submit", service_->folder() + "/absent.yaml"});
  EXPECT_NE(missing.exit_code, 0);
  EXPECT_THAT(missing.err, HasSubstr("absent.yaml"));
}

TEST_F(BadInput, SpacesWithoutANetworkAreRefused) {
  service_->WriteFile("empty.yaml",
                      "name: empty\nnetwork:\n  sequence:\n    - choice: {label: op, of: []}\n");
  const Finished refused = Submit(SearchFile("space: {file: empty.yaml}"));
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.err, HasSubstr("empty.yaml:"));
}

TEST_F(BadInput, SpacesWithoutAnEndAreRefused) {
  for (const char* blocks : {
           "blocks: {a: {sequence: [{use: a}]}}\nnetwork: {use: a}\n",  // contains itself
           "blocks: {a: {repeat: {repeat: {repeat: relu, times: 10000}, times: 10000}, times: "
           "10000}}\nnetwork: {use: a}\n",
       }) {
    service_->WriteFile("endless.yaml", std::string("space: endless\n") + blocks);
    const Finished refused = Submit(SearchFile("space: {file: endless.yaml}"));
    EXPECT_NE(refused.exit_code, 0) << blocks;
    EXPECT_THAT(refused.err, HasSubstr("endless.yaml:2")) << blocks;
  }
}

TEST_F(BadInput, ConstraintsThatNothingMeetsAreRefused) {
  const Finished refused = Submit(SearchFile("constraints: [{metric: parameters, at_most: 1}]"));
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.err, HasSubstr("constraints"));
}

TEST_F(BadInput, CorruptAndTruncatedDataFilesAreRefused) {
  const std::string images = service_->folder() + "/train-images";
  std::ifstream file(images, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), {});
  const auto add = [&](const std::string& path) {
    return service_->Run({"data", "add", "broken", "--kind", "image-classification",
                          "--train-examples", path, "--train-labels",
                          service_->folder() + "/train-labels", "--test-examples",
                          service_->folder() + "/test-images", "--test-labels",
                          service_->folder() + "/test-labels"});
  };
  const Finished truncated =
      add(service_->WriteFile("truncated", bytes.substr(0, bytes.size() - 10)));
  EXPECT_NE(truncated.exit_code, 0);
  EXPECT_THAT(truncated.err, HasSubstr("truncated"));
  std::string corrupt = bytes;
  corrupt[2] = 0x0D;  // floats
  EXPECT_NE(add(service_->WriteFile("corrupt", corrupt)).exit_code, 0);
  // As many labels as images?
  const Finished mismatch = add(service_->folder() + "/test-images");
  EXPECT_NE(mismatch.exit_code, 0);
  EXPECT_THAT(mismatch.err, AllOf(HasSubstr("200"), HasSubstr("1000")));
  EXPECT_THAT(service_->Run({"data", "list", "--output", "json"}).out,
              ::testing::Not(HasSubstr("broken")));
}

TEST_F(BadInput, UnknownSearchesAreNotFound) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"show", "nothing"},
                                             {"trials", "999"},
                                             {"best", "nothing"},
                                             {"watch", "nothing"},
                                             {"pause", "nothing"},
                                             {"cancel", "999"},
                                             {"delete", "nothing"},
                                             {"plot", "nothing"}}) {
    const Finished refused = service_->Run(command);
    EXPECT_NE(refused.exit_code, 0) << command[0];
    EXPECT_THAT(refused.err, HasSubstr(command[1])) << command[0];
  }
}

TEST_F(BadInput, WorkersOfAnotherVersionAreRefused) {
  auto stub = v1::WorkerService::NewStub(service_->Channel());
  v1::RegisterRequest request;
  request.set_request_id("version");
  request.set_name("from-the-future");
  request.set_protocol_version(99);
  request.add_slots()->set_kind("cpu");
  request.add_task_kinds(v1::TASK_KIND_TRAIN);
  v1::RegisterResponse response;
  grpc::ClientContext context;
  const grpc::Status status = stub->Register(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), AllOf(HasSubstr("99"), HasSubstr("1")));
}

// The id of a new worker.
int64_t Register(v1::WorkerService::Stub& stub, const std::string& name) {
  v1::RegisterRequest request;
  request.set_request_id(name);
  request.set_name(name);
  request.set_protocol_version(1);
  request.add_slots()->set_kind("cpu");
  request.add_task_kinds(v1::TASK_KIND_TRAIN);
  v1::RegisterResponse response;
  grpc::ClientContext context;
  EXPECT_TRUE(stub.Register(&context, request, &response).ok());
  return response.worker_id();
}

TEST_F(BadInput, UnknownWorkersAndLeasesGetTheirCodes) {
  auto stub = v1::WorkerService::NewStub(service_->Channel());
  {
    v1::LeaseRequest request;
    request.set_request_id("lease");
    request.set_worker_id(12345);
    v1::LeaseResponse response;
    grpc::ClientContext context;
    EXPECT_EQ(stub->Lease(&context, request, &response).error_code(), grpc::StatusCode::NOT_FOUND);
  }
  const int64_t worker = Register(*stub, "known");
  v1::CompleteRequest complete;
  complete.set_request_id("complete");
  complete.set_worker_id(worker);
  complete.mutable_attempt()->set_task_id(777);
  complete.mutable_attempt()->set_trial_id(777);
  complete.mutable_attempt()->set_attempt(1);
  v1::CompleteResponse completed;
  grpc::ClientContext completing;
  const grpc::Status unknown = stub->Complete(&completing, complete, &completed);
  // NOT_FOUND would tell the worker to register again.
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::FAILED_PRECONDITION) << unknown.error_message();
  EXPECT_THAT(unknown.error_message(), AllOf(HasSubstr("FENCED"), HasSubstr("777")));
}

TEST_F(BadInput, MessagesOverTheSizeLimitAreRefused) {
  v1::SubmitSearchRequest request;
  request.set_request_id("big");
  request.mutable_spec()->mutable_space()->set_template_(std::string(8 << 20, ' '));
  v1::SubmitSearchResponse response;
  grpc::ClientContext context;
  const auto stub = v1::SearchService::NewStub(service_->Channel());
  EXPECT_EQ(stub->SubmitSearch(&context, request, &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(BadInput, APortInUseIsSaidClearly) {
  const Finished refused =
      RunToEnd({ProgramFolder() + "/nascentd", "--database", service_->postgres().url(), "--listen",
                service_->Address(0), "--artifacts", service_->folder() + "/other"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.err + refused.out, HasSubstr(service_->Address(0)));
}

TEST_F(BadInput, ADatabaseThatIsAwayIsUnavailableAndComesBack) {
  service_->postgres().Stop(PostgresCluster::Shutdown::kImmediate);
  const Finished refused = service_->Run({"--patience", "1", "list"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.err, HasSubstr("UNAVAILABLE"));
  ASSERT_TRUE(service_->postgres().Start().ok());
  service_->WaitUntilServing();
  EXPECT_EQ(service_->Run({"list"}).exit_code, 0);
}

// A limit on the size of files stands for a disk that is full.
TEST_F(BadInput, AFullDiskIsSaidClearlyAndTheServiceGoesOn) {
  Service small;
  small.StartCoordinator(0, {"/usr/bin/prlimit", "--fsize=200000"});
  small.WaitUntilServing();
  std::string said;
  try {
    small.AddTinyDataset("large", 1000);
  } catch (const std::exception& error) {
    said = error.what();
  }
  EXPECT_THAT(said, AllOf(HasSubstr("RESOURCE_EXHAUSTED"), HasSubstr("File too large")));
  EXPECT_TRUE(small.coordinator().Running());
  EXPECT_EQ(small.Run({"data", "list", "--output", "json"}).out, "[]\n");
  EXPECT_NO_THROW(small.AddTinyDataset("little", 100));
}

TEST_F(BadInput, AReportAfterTheLeaseWasLostIsFencedAndChangesNothing) {
  auto stub = v1::WorkerService::NewStub(service_->Channel());
  const int64_t worker = Register(*stub, "late");
  ASSERT_EQ(Submit(SearchFile("name: lost")).exit_code, 0);
  v1::LeaseRequest request;
  request.set_request_id("first");
  request.set_worker_id(worker);
  request.mutable_wait()->set_seconds(10);
  v1::LeaseResponse lease;
  grpc::ClientContext leasing;
  ASSERT_TRUE(stub->Lease(&leasing, request, &lease).ok());
  ASSERT_TRUE(lease.has_attempt());
  // Nothing is said until the lease has run out.
  EXPECT_TRUE(WaitFor(
      [] {
        return service_->Sql("SELECT count(*) FROM nascent_v1.attempts WHERE state = 'EXPIRED'") ==
               "1";
      },
      15));
  v1::CompleteRequest complete;
  complete.set_request_id("too late");
  complete.set_worker_id(worker);
  *complete.mutable_attempt() = lease.attempt();
  v1::Measurement& measurement = *complete.add_measurements();
  measurement.set_metric("validation_accuracy");
  measurement.set_epoch(1);
  measurement.set_step(1);
  measurement.set_value(0.9);
  v1::CompleteResponse completed;
  grpc::ClientContext completing;
  const grpc::Status fenced = stub->Complete(&completing, complete, &completed);
  EXPECT_EQ(fenced.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(fenced.error_message(), HasSubstr("FENCED"));
  EXPECT_EQ(service_->Sql("SELECT count(*) FROM nascent_v1.measurements"), "0");
  EXPECT_EQ(service_->Sql("SELECT count(*) FROM nascent_v1.fenced_reports"), "1");
  EXPECT_EQ(service_->Sql("SELECT finished FROM nascent_v1.searches"), "0");
  EXPECT_EQ(service_->Run({"cancel", "lost"}).exit_code, 0);
  EXPECT_EQ(service_->Run({"delete", "lost"}).exit_code, 0);
}

TEST_F(BadInput, ACoordinatorThatStartsBeforeItsDatabaseWaitsForIt) {
  Service early;
  early.postgres().Stop(PostgresCluster::Shutdown::kFast);
  early.StartCoordinator();
  EXPECT_TRUE(
      WaitFor([&] { return early.Logs().find("waits for the database") != std::string::npos; }, 15))
      << early.Logs();
  EXPECT_TRUE(early.coordinator().Running());
  // It ends when it is asked to while it waits.
  early.coordinator().Signal(SIGTERM);
  EXPECT_EQ(early.coordinator().Wait(), 0);
  early.StartCoordinator();
  ASSERT_TRUE(early.postgres().Start().ok());
  EXPECT_NO_THROW(early.WaitUntilServing());
}

TEST_F(BadInput, EveryOptionRefusesWrongValues) {
  const std::vector<std::vector<std::string>> wrong = {
      {"--server", "nohost", "list"},
      {"--server", "host:0", "list"},
      {"--output", "xml", "list"},
      {"--color", "purple", "list"},
      {"--patience", "-1", "list"},
      {"--patience", "long", "list"},
      {"list", "--limit", "0"},
      {"list", "--limit", "many"},
      {"list", "surplus"},
      {"show"},
      {"trials", "x", "--state", "lost"},
      {"trials", "x", "--limit", "-1"},
      {"lineage", "x", "first"},
      {"plot", "x", "--to", "picture.gif"},
      {"up", "--listen", "nowhere", "--data-dir", service_->folder() + "/up"},
      {"up", "--workers", "-1"},
      {"up", "--workers", "257"},
      {"up", "--slots", "0"},
      {"data", "add"},
      {"data", "add", "x", "--kind", "sound"},
      {"data", "add", "x", "--classes", "1"},
      {"data", "add", "x", "--classes", "257"},
      {"data", "add", "x"},
      {"data", "add", "X Y", "--train-examples", "/dev/null", "--train-labels", "/dev/null"},
      {"space", "sample", "nas-bench-201", "--count", "0"},
      {"space", "sample", "nas-bench-201", "--seed", "-1"},
      {"space", "sample", "nas-bench-201", "--set", "channels"},
      {"space", "sample", "nas-bench-201", "--set", "channels=x"},
      {"space", "sample", "nas-bench-201", "--set", "chanels=8"},
      {"space", "sample", "nas-bench-201", "--input", "3x32"},
      {"space", "sample", "nas-bench-201", "--input", "3xbig"},
      {"space", "sample", "nas-bench-201", "--classes", "0"},
      {"space", "cost", "nas-bench-201"},
      {"space", "neighbours", "nas-bench-201", "--genotype", "x"},
      {"space", "draw", "nas-bench-201", "--to", "picture.gif"},
      {"simulate", "x.yaml"},
      {"simulate", "x.yaml", "--table", "x.csv", "--seeds", "3..1"},
      {"simulate", "x.yaml", "--table", "x.csv", "--workers", "0"},
      {"simulate", "x.yaml", "--table", "x.csv", "--fail", "2"},
  };
  for (const std::vector<std::string>& words : wrong) {
    std::string line;
    for (const std::string& word : words) line += word + " ";
    const Finished refused = service_->Run(words);
    EXPECT_EQ(refused.exit_code, 2) << line << refused.err;
    EXPECT_NE(refused.err, "") << line;
    EXPECT_EQ(refused.out, "") << line;
  }
}

TEST_F(BadInput, WrongWordsOnTheCommandLineTeachWhatIsThere) {
  const Finished unknown = service_->Run({"sumbit"});
  EXPECT_NE(unknown.exit_code, 0);
  EXPECT_THAT(unknown.err, AllOf(HasSubstr("sumbit"), HasSubstr("did you mean \"submit\"")));
  EXPECT_NE(service_->Run({"submit"}).exit_code, 0);
  EXPECT_NE(service_->Run({"list", "--output", "xml"}).exit_code, 0);
}

}  // namespace
}  // namespace nascent::testing
