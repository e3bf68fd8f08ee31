// A file of the coordinator's artifact store that the disk has changed, on a real service.

#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "nascent/v1/artifact_service.grpc.pb.h"
#include "tests/support/service.h"

namespace nascent::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class DamagedArtifact : public ::testing::Test {
 protected:
  void SetUp() override {
    service_.StartCoordinator();
    service_.WaitUntilServing();
    service_.AddTinyDataset("tiny");
    artifacts_ = v1::ArtifactService::NewStub(service_.Channel());
    sha256_ = service_.Sql("SELECT dataset -> 'splits' -> 0 ->> 'examples' FROM nascent.datasets");
    path_ = service_.folder() + "/artifacts/" + sha256_.substr(0, 2) + "/" + sha256_;
  }

  static std::string Content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // The bytes that come, and how the stream ends.
  std::pair<std::string, grpc::Status> Get() {
    grpc::ClientContext context;
    v1::GetRequest request;
    request.set_sha256(sha256_);
    const auto stream = artifacts_->Get(&context, request);
    std::string bytes;
    v1::GetResponse response;
    while (stream->Read(&response)) bytes += response.chunk();
    return {bytes, stream->Finish()};
  }

  bool IsComplete() {
    grpc::ClientContext context;
    v1::StatRequest request;
    request.set_sha256(sha256_);
    v1::StatResponse response;
    EXPECT_TRUE(artifacts_->Stat(&context, request, &response).ok());
    return response.complete();
  }

  Service service_;
  std::unique_ptr<v1::ArtifactService::Stub> artifacts_;
  std::string sha256_;
  std::string path_;
};

TEST_F(DamagedArtifact, IsSeenNamedSetAsideAndRepairedByAddingItAgain) {
  const std::string right = Content(path_);
  ASSERT_FALSE(right.empty()) << path_;
  std::string wrong = right;
  wrong[wrong.size() / 2] = static_cast<char>(wrong[wrong.size() / 2] ^ 1);
  std::ofstream(path_, std::ios::binary) << wrong;

  const auto [bytes, status] = Get();
  EXPECT_LT(bytes.size(), right.size());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_THAT(status.error_message(), AllOf(HasSubstr(sha256_), HasSubstr("data set tiny")));
  EXPECT_THAT(service_.Logs(), HasSubstr("artifact " + sha256_ + " is damaged"));
  EXPECT_EQ(Content(path_ + ".damaged"), wrong);
  EXPECT_FALSE(IsComplete());

  service_.AddTinyDataset("tiny");
  EXPECT_TRUE(IsComplete());
  EXPECT_EQ(Content(path_), right);
  EXPECT_EQ(Get().first, right);
}

TEST_F(DamagedArtifact, OneThatIsShortIsNoticedByAddingItAgain) {
  const std::string right = Content(path_);
  std::filesystem::resize_file(path_, right.size() / 2);
  service_.AddTinyDataset("tiny");
  EXPECT_EQ(Content(path_), right);
}

TEST_F(DamagedArtifact, HoldsUpTheSearchesThatNeedItAndNoOthers) {
  service_.AddTinyDataset("whole", 600);
  std::ofstream(path_, std::ios::binary) << "damaged";
  const auto submit = [&](const std::string& dataset) {
    const Finished submitted = service_.Run(
        {"submit", service_.WriteFile(dataset + ".yaml",
                                      "name: on-" + dataset +
                                          "\n"
                                          "space: {preset: nas-bench-201, set: {channels: 4}}\n"
                                          "data: {dataset: " +
                                          dataset +
                                          ", train: 300, validation: 200}\n"
                                          "recipe: {epochs: 1, batch: 50}\n"
                                          "final: {test: false}\n"
                                          "objectives: [{metric: validation_accuracy, goal: "
                                          "maximize}]\n"
                                          "strategy: random\n"
                                          "budget: {trials: 4}\n")});
    ASSERT_EQ(submitted.exit_code, 0) << submitted.err;
  };
  const auto trials = [&](const std::string& search) {
    return service_.Sql(
        "SELECT count(*) FROM nascent_v1.trials t JOIN nascent_v1.searches s ON s.id = t.search_id "
        "WHERE t.state = 'SUCCEEDED' AND s.name = 'on-" +
        search + "'");
  };
  submit("tiny");
  submit("whole");
  service_.StartWorker("w", {"--evaluator", NASCENT_FAKE_EVALUATOR});
  ASSERT_TRUE(WaitFor([&] { return trials("whole") == "4"; }, 60)) << service_.Logs();
  EXPECT_EQ(trials("tiny"), "0");
  EXPECT_TRUE(service_.coordinator().Running());
  EXPECT_TRUE(service_.worker("w").Running());
  // Nobody has to be told that it is whole again.
  service_.AddTinyDataset("tiny");
  EXPECT_TRUE(WaitFor([&] { return trials("tiny") == "4"; }, 60)) << service_.Logs();
}

TEST_F(DamagedArtifact, ACheckpointThatIsDamagedCostsTimeOnly) {
  setenv("NASCENT_FAKE_EPOCH_MS", "300", 1);
  service_.StartWorker("first", {"--evaluator", NASCENT_FAKE_EVALUATOR});
  service_.WaitForWorkers(1);
  const Finished submitted = service_.Run(
      {"submit", service_.WriteFile("search.yaml",
                                    "name: resumed\n"
                                    "space: {preset: nas-bench-201, set: {channels: 4}}\n"
                                    "data: {dataset: tiny, train: 500, validation: 200}\n"
                                    "recipe: {epochs: 200, batch: 50}\n"
                                    "objectives: [{metric: validation_accuracy, goal: maximize}]\n"
                                    "strategy: random\n"
                                    "budget: {trials: 1}\n")});
  ASSERT_EQ(submitted.exit_code, 0) << submitted.err;
  const auto count = [&](const std::string& of) {
    return service_.Sql("SELECT count(*) FROM " + of);
  };
  ASSERT_TRUE(WaitFor([&] { return count("nascent_v1.measurements") != "0"; }, 60))
      << service_.Logs();
  service_.worker("first").Signal(SIGTERM);
  EXPECT_EQ(service_.worker("first").Wait(), 0) << service_.Logs();
  const std::string checkpoint = service_.Sql("SELECT checkpoint FROM nascent.tasks");
  ASSERT_EQ(checkpoint.size(), 64u) << service_.Logs();
  std::ofstream(service_.folder() + "/artifacts/" + checkpoint.substr(0, 2) + "/" + checkpoint)
      << "999999";

  setenv("NASCENT_FAKE_EPOCH_MS", "1", 1);
  service_.StartWorker("second", {"--evaluator", NASCENT_FAKE_EVALUATOR});
  ASSERT_TRUE(
      WaitFor([&] { return count("nascent_v1.trials WHERE state = 'SUCCEEDED'") == "1"; }, 60))
      << service_.Logs();
  unsetenv("NASCENT_FAKE_EPOCH_MS");
  EXPECT_THAT(service_.Logs(), HasSubstr("starting over"));
  EXPECT_EQ(count("nascent_v1.attempts WHERE state NOT IN ('RELEASED', 'SUCCEEDED')"), "0");
}

}  // namespace
}  // namespace nascent::testing
