#include "client/local/address.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace nascent::local {
namespace {

using ::testing::HasSubstr;

TEST(ReachableAddress, IsOnThisMachine) {
  EXPECT_EQ(ReachableAddress("0.0.0.0:7301"), "127.0.0.1:7301");
  EXPECT_EQ(ReachableAddress("[::]:7301"), "127.0.0.1:7301");
  EXPECT_EQ(ReachableAddress("10.0.0.5:7301"), "10.0.0.5:7301");
}

TEST(CheckFree, SeesAPortInUse) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(fd, 1), 0);
  socklen_t size = sizeof(address);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string used = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  const absl::Status status = CheckFree(used);
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("another program listens on " + used));
  close(fd);
  EXPECT_TRUE(CheckFree(used).ok()) << CheckFree(used);
}

TEST(CheckFree, RefusesWhatIsNoAddress) {
  for (const char* listen : {"", "7301", "host:", "127.0.0.1:http", "127.0.0.1:99999999"}) {
    EXPECT_FALSE(CheckFree(listen).ok()) << listen;
  }
  // An address of another machine (RFC 5737 keeps it for documentation).
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckFree("192.0.2.1:7301")));
}

}  // namespace
}  // namespace nascent::local
