// Bytes that are no requests, on the port of a real coordinator.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "absl/strings/numbers.h"
#include "common/random.h"
#include "tests/support/raw_call.h"
#include "tests/support/service.h"

namespace nascent::testing {
namespace {

using ::testing::HasSubstr;

class Malformed : public ::testing::Test {
 protected:
  void SetUp() override {
    service_.StartCoordinator();
    service_.WaitUntilServing();
  }
  void TearDown() override {
    EXPECT_TRUE(service_.coordinator().Running()) << service_.Logs();
    EXPECT_EQ(service_.Run({"list"}).exit_code, 0);
  }

  Service service_;
};

TEST_F(Malformed, BytesThatAreNoMessageAreTheCallersFault) {
  for (const char* method :
       {"/nascent.v1.SearchService/SubmitSearch", "/nascent.v1.SearchService/WatchSearch",
        "/nascent.v1.WorkerService/Renew", "/nascent.v1.ArtifactService/Get"}) {
    // A field of 100 bytes that ends after two.
    const RawAnswer answer = CallRaw(service_.Channel(), method, "\x0A\x64zz");
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << method;
    EXPECT_THAT(answer.status.error_message(), HasSubstr(method));
  }
}

TEST_F(Malformed, AMethodThatIsNotThereIsUnimplemented) {
  EXPECT_EQ(
      CallRaw(service_.Channel(), "/nascent.v1.SearchService/Nothing", "").status.error_code(),
      grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(Malformed, RandomMessagesAndRandomBytesHarmNobody) {
  const auto channel = service_.Channel();
  RandomStream random(1, 1);
  for (int i = 0; i < 200; ++i) {
    std::string bytes(random.Below(64), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.Below(256));
    CallRaw(channel, "/nascent.v1.SearchService/SubmitSearch", bytes);
    CallRaw(channel, "/nascent.v1.WorkerService/Register", bytes);
  }
  const std::string address = service_.Address(0);
  int port = 0;
  ASSERT_TRUE(absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port));
  for (int i = 0; i < 50; ++i) {
    const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(connect(connection, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
    // Half of them begin as HTTP/2 does.
    std::string bytes = i % 2 == 0 ? "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" : "";
    for (int j = 0; j < 200; ++j) bytes.push_back(static_cast<char>(random.Below(256)));
    (void)!send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    close(connection);
  }
}

}  // namespace
}  // namespace nascent::testing
