#include "client/nascent_client.h"

#include <gmock/gmock.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "common/sha256.h"
#include "common/sync.h"
#include "nascent/v1/artifact_service.grpc.pb.h"
#include "nascent/v1/search_service.grpc.pb.h"

namespace nascent::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Answers from memory and fails as often as it is told to.
class FakeService : public v1::SearchService::Service, public v1::ArtifactService::Service {
 public:
  grpc::Status SubmitSearch(grpc::ServerContext*, const v1::SubmitSearchRequest* request,
                            v1::SubmitSearchResponse* response) override {
    MutexLock lock(mutex_);
    request_ids_.push_back(request->request_id());
    if (unavailable_ > 0) {
      --unavailable_;
      return {grpc::StatusCode::UNAVAILABLE, "no term"};
    }
    if (request->spec().name().empty()) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "name: found nothing"};
    }
    response->mutable_search()->set_id(7);
    return grpc::Status::OK;
  }

  grpc::Status ListTrials(grpc::ServerContext*, const v1::ListTrialsRequest* request,
                          v1::ListTrialsResponse* response) override {
    // Three pages of two.
    const int page = request->page_token().empty() ? 0 : std::stoi(request->page_token());
    for (int i = 1; i <= 2; ++i) response->add_trials()->set_number(page * 2 + i);
    if (page < 2) response->set_next_page_token(std::to_string(page + 1));
    return grpc::Status::OK;
  }

  grpc::Status WatchSearch(grpc::ServerContext*, const v1::WatchSearchRequest* request,
                           grpc::ServerWriter<v1::WatchSearchResponse>* writer) override {
    MutexLock lock(mutex_);
    watched_.push_back(request->search());
    v1::WatchSearchResponse update;
    update.mutable_search()->set_id(7);
    update.mutable_search()->set_state(v1::SEARCH_STATE_RUNNING);
    writer->Write(update);
    // The first connection breaks in the middle.
    if (watched_.size() == 1) return {grpc::StatusCode::UNAVAILABLE, "going down"};
    update.mutable_search()->set_state(v1::SEARCH_STATE_COMPLETED);
    for (int i = 0; i < endings_; ++i) writer->Write(update);
    return grpc::Status::OK;
  }

  grpc::Status Stat(grpc::ServerContext*, const v1::StatRequest* request,
                    v1::StatResponse* response) override {
    MutexLock lock(mutex_);
    response->set_received(static_cast<int64_t>(stored_[request->sha256()].size()));
    response->set_complete(Sha256Hex(stored_[request->sha256()]) == request->sha256());
    return grpc::Status::OK;
  }

  grpc::Status Put(grpc::ServerContext*, grpc::ServerReader<v1::PutRequest>* reader,
                   v1::PutResponse* response) override {
    MutexLock lock(mutex_);
    ++puts_;
    v1::PutRequest request;
    if (!reader->Read(&request) || !request.has_header()) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "no header"};
    }
    const v1::PutHeader header = request.header();
    std::string& content = stored_[header.sha256()];
    if (header.offset() != static_cast<int64_t>(content.size())) {
      return {grpc::StatusCode::ABORTED, "wrong offset"};
    }
    while (reader->Read(&request)) {
      content += request.chunk();
      // The first upload breaks after a chunk.
      if (puts_ == 1) return {grpc::StatusCode::UNAVAILABLE, "broken"};
    }
    response->set_received(static_cast<int64_t>(content.size()));
    response->set_complete(true);
    return grpc::Status::OK;
  }

  grpc::Status Get(grpc::ServerContext*, const v1::GetRequest* request,
                   grpc::ServerWriter<v1::GetResponse>* writer) override {
    MutexLock lock(mutex_);
    if (!stored_.contains(request->sha256())) return {grpc::StatusCode::NOT_FOUND, "no such"};
    const std::string rest =
        stored_[request->sha256()].substr(static_cast<size_t>(request->offset()));
    v1::GetResponse response;
    response.set_chunk(rest.substr(0, rest.size() / 2));
    writer->Write(response);
    if (++gets_ == 1) return {grpc::StatusCode::UNAVAILABLE, "broken"};
    response.set_chunk(rest.substr(rest.size() / 2));
    writer->Write(response);
    return grpc::Status::OK;
  }

  void Store(const std::string& sha256, const std::string& content) {
    MutexLock lock(mutex_);
    stored_[sha256] = content;
  }

  // How often the end of a search is told.
  void TellTheEnd(int times) {
    MutexLock lock(mutex_);
    endings_ = times;
  }
  void FailNext(int times) {
    MutexLock lock(mutex_);
    unavailable_ = times;
  }
  std::vector<std::string> request_ids() {
    MutexLock lock(mutex_);
    return request_ids_;
  }
  std::vector<v1::SearchRef> watched() {
    MutexLock lock(mutex_);
    return watched_;
  }

 private:
  Mutex mutex_;
  int unavailable_ ABSL_GUARDED_BY(mutex_) = 0;
  int endings_ ABSL_GUARDED_BY(mutex_) = 1;
  int puts_ ABSL_GUARDED_BY(mutex_) = 0;
  int gets_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> request_ids_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::SearchRef> watched_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> stored_ ABSL_GUARDED_BY(mutex_);
};

class NascentClientTest : public ::testing::Test {
 protected:
  NascentClientTest() {
    grpc::ServerBuilder builder;
    builder.RegisterService(static_cast<v1::SearchService::Service*>(&service_));
    builder.RegisterService(static_cast<v1::ArtifactService::Service*>(&service_));
    server_ = builder.BuildAndStart();
  }

  NascentClient Client(absl::Duration patience = absl::Seconds(30)) {
    return NascentClient(server_->InProcessChannel({}),
                         {.call_timeout = absl::Seconds(30),
                          .patience = patience,
                          .on_wait = [this](const absl::Status&) { ++waits_; }});
  }

  static v1::SearchSpec Spec() {
    v1::SearchSpec spec;
    spec.set_name("a");
    return spec;
  }

  FakeService service_;
  std::unique_ptr<grpc::Server> server_;
  int waits_ = 0;
};

TEST_F(NascentClientTest, KeepsOneRequestIdThroughAllRetries) {
  service_.FailNext(3);
  const auto search = Client().Submit(Spec());
  ASSERT_TRUE(search.ok()) << search.status();
  EXPECT_EQ(search->id(), 7);
  const auto ids = service_.request_ids();
  ASSERT_THAT(ids, SizeIs(4));
  EXPECT_EQ(std::count(ids.begin(), ids.end(), ids[0]), 4);
  EXPECT_THAT(ids[0], SizeIs(32));
  EXPECT_EQ(waits_, 1);
  // Another submission is another request.
  ASSERT_TRUE(Client().Submit(Spec()).ok());
  EXPECT_NE(service_.request_ids().back(), ids[0]);
}

TEST_F(NascentClientTest, DoesNotRetryWhatCannotGetBetter) {
  EXPECT_EQ(Client().Submit(v1::SearchSpec()).status(),
            absl::InvalidArgumentError("name: found nothing"));
  EXPECT_THAT(service_.request_ids(), SizeIs(1));
}

// libprotobuf would complain to standard error, send it all the same, and the service would refuse
// it without a word of where.
TEST_F(NascentClientTest, TextThatCannotBeSentIsNamedBeforeItIs) {
  v1::SearchSpec spec = Spec();
  (*spec.mutable_strategy()->mutable_struct_value()->mutable_fields())["tpe"].set_string_value(
      "\xFF");
  EXPECT_EQ(Client().Submit(spec).status().message(),
            "strategy.tpe: found \"\\xff\", which is no UTF-8 text");
  EXPECT_EQ(Client().ListTrials(ParseSearchRef("caf\xE9")).status().message(),
            "search.name: found \"caf\\xe9\", which is no UTF-8 text");
  EXPECT_TRUE(absl::IsInvalidArgument(Client().Watch(ParseSearchRef("caf\xE9"), absl::Seconds(30),
                                                     [](const auto&) { return true; })));
  EXPECT_THAT(service_.request_ids(), SizeIs(0));
  EXPECT_THAT(service_.watched(), SizeIs(0));
}

TEST_F(NascentClientTest, AnErrorIsNeverWithoutWords) {
  const absl::Status unknown = Client().ListWorkers().status();
  EXPECT_TRUE(absl::IsUnimplemented(unknown));
  EXPECT_THAT(std::string(unknown.message()), HasSubstr("another version"));
}

TEST_F(NascentClientTest, GivesUpWhenPatienceEnds) {
  service_.FailNext(1000000);
  EXPECT_TRUE(absl::IsUnavailable(Client(absl::Milliseconds(200)).Submit(Spec()).status()));
  EXPECT_GE(service_.request_ids().size(), 2u);
}

TEST_F(NascentClientTest, ReadsAllPages) {
  const auto trials = Client().ListTrials(ParseSearchRef("a"));
  ASSERT_TRUE(trials.ok()) << trials.status();
  std::vector<int64_t> numbers;
  for (const v1::Trial& trial : *trials) numbers.push_back(trial.number());
  EXPECT_THAT(numbers, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(NascentClientTest, WatchesOnAfterABreakAndKeepsToTheSameSearch) {
  int updates = 0;
  const absl::Status status =
      Client().Watch(ParseSearchRef("a"), absl::Seconds(30), [&](const auto&) {
        ++updates;
        return true;
      });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(updates, 3);
  const auto watched = service_.watched();
  ASSERT_THAT(watched, SizeIs(2));
  EXPECT_EQ(watched[0].name(), "a");
  EXPECT_EQ(watched[1].id(), 7);
}

// A call with messages that nobody read can't be finished: it would wait for ever.
TEST_F(NascentClientTest, AWatchEndsThoughMoreComesAfterTheEnd) {
  service_.TellTheEnd(100);
  for (int i = 0; i < 3; ++i) {
    int ends = 0;
    const absl::Status status =
        Client().Watch(ParseSearchRef("a"), absl::Seconds(30), [&](const auto& update) {
          ends += HasEnded(update.search().state()) ? 1 : 0;
          return true;
        });
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(ends, 1);
  }
}

TEST_F(NascentClientTest, StopsWatchingWhenToldTo) {
  EXPECT_TRUE(absl::IsCancelled(
      Client().Watch(ParseSearchRef("a"), absl::Seconds(30), [](const auto&) { return false; })));
}

TEST_F(NascentClientTest, GoesOnWithAnUploadThatBroke) {
  std::string content(5 << 20, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7919 >> 5);
  auto client = Client();
  const auto sha256 = client.PutArtifact(content);
  ASSERT_TRUE(sha256.ok()) << sha256.status();
  EXPECT_EQ(*sha256, Sha256Hex(content));

  // And reads it back through a connection that breaks too.
  const std::string path = testing::TempDir() + "client-test-artifact";
  const absl::Status got = client.GetArtifact(*sha256, path);
  ASSERT_TRUE(got.ok()) << got;
  std::ifstream file(path, std::ios::binary);
  std::stringstream read;
  read << file.rdbuf();
  EXPECT_TRUE(read.str() == content);
  std::remove(path.c_str());
}

TEST_F(NascentClientTest, RefusesAnArtifactWithTheWrongContent) {
  const std::string sha256 = Sha256Hex("what was meant");
  service_.Store(sha256, "what came");
  const std::string path = testing::TempDir() + "client-test-wrong";
  EXPECT_TRUE(absl::IsDataLoss(Client().GetArtifact(sha256, path)));
  EXPECT_FALSE(std::ifstream(path).is_open());
  EXPECT_TRUE(absl::IsNotFound(Client().GetArtifact(Sha256Hex("none"), path)));
}

// Without a look at its sockets between two attempts gRPC would find it 20 s later.
TEST(NascentClient, FindsAServiceThatStartsAfterTheFirstAttempt) {
  int port = 0;
  {
    FakeService other;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(static_cast<v1::SearchService::Service*>(&other));
    const auto server = builder.BuildAndStart();
  }
  const std::string address = "127.0.0.1:" + std::to_string(port);
  FakeService service;
  std::unique_ptr<grpc::Server> server;
  NascentClient client(
      address,
      ClientOptions{.call_timeout = absl::Seconds(2),
                    .patience = absl::Seconds(5),
                    .on_wait = [&](const absl::Status&) {
                      grpc::ServerBuilder builder;
                      builder.AddListeningPort(address, grpc::InsecureServerCredentials());
                      builder.RegisterService(static_cast<v1::SearchService::Service*>(&service));
                      server = builder.BuildAndStart();
                    }});
  v1::SearchSpec spec;
  spec.set_name("late");
  const auto search = client.Submit(spec, /*validate_only=*/false);
  EXPECT_TRUE(search.ok()) << search.status();
}

TEST(NascentClient, TurnsToTheServerThatAnswers) {
  FakeService standby;
  FakeService active;
  standby.FailNext(1000000);
  std::string addresses;
  std::vector<std::unique_ptr<grpc::Server>> servers;
  for (FakeService* service : {&standby, &active}) {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(static_cast<v1::SearchService::Service*>(service));
    servers.push_back(builder.BuildAndStart());
    addresses += (addresses.empty() ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(port);
  }
  int waits = 0;
  NascentClient client(addresses, {.call_timeout = absl::Seconds(30),
                                   .patience = absl::Seconds(30),
                                   .on_wait = [&](const absl::Status&) { ++waits; }});
  v1::SearchSpec spec;
  spec.set_name("a");
  for (int i = 0; i < 2; ++i) {
    const auto search = client.Submit(spec);
    ASSERT_TRUE(search.ok()) << search.status();
  }
  EXPECT_EQ(waits, 0);
  // The one that answered is asked at once the next time.
  EXPECT_THAT(standby.request_ids(), SizeIs(1));
  EXPECT_THAT(active.request_ids(), SizeIs(2));
}

TEST(SearchRef, IsAnIdWhenItHasOnlyDigits) {
  EXPECT_EQ(ParseSearchRef("12").id(), 12);
  EXPECT_EQ(ParseSearchRef("12a").name(), "12a");
  EXPECT_EQ(ParseSearchRef("99999999999999999999").name(), "99999999999999999999");
}

}  // namespace
}  // namespace nascent::client
