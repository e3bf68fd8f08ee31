// A program of its own: what is allowed is set once for a whole process.

#include "server/strategy/external/reach.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nascent::strategy {
namespace {

using ::testing::HasSubstr;

TEST(Reach, OnlyHostAndPortIsAnAddress) {
  for (const char* address :
       {"unix:/tmp/x:1", "unix-abstract:x:1", "dns:///evil:1", "ipv4:127.0.0.1:1", "h:0", "h", ":1",
        "2130706433:1", "127.1:1", "0x7f.1:1", "[::1:1", "a b:1", "/x:1"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(CheckExternalAddress(address))) << address;
  }
  for (const char* address :
       {"h:1", "a.example.org:443", "127.0.0.1:1", "[::1]:1", "10.0.0.1:22"}) {
    EXPECT_TRUE(CheckExternalAddress(address).ok()) << address;
  }
}

TEST(Reach, ACoordinatorCallsItsOwnMachineAndWhatItsOperatorNamed) {
  EXPECT_FALSE(LimitExternalStrategies({"169.254.169.254"}).ok());
  EXPECT_FALSE(LimitExternalStrategies({"[fe80::1]:80"}).ok());
  EXPECT_FALSE(LimitExternalStrategies({"unix:/x"}).ok());
  ASSERT_TRUE(LimitExternalStrategies({"strategies.example.org", "10.0.0.1:7310"}).ok());
  for (const char* address :
       {"127.0.0.1:1", "127.8.8.8:1", "localhost:1", "[::1]:1", "[::ffff:127.0.0.1]:1",
        "strategies.example.org:1", "10.0.0.1:7310"}) {
    EXPECT_TRUE(CheckExternalAddress(address).ok()) << address;
  }
  for (const char* address : {"169.254.169.254:80", "10.0.0.1:22", "10.0.0.2:7310", "0.0.0.0:1",
                              "[::ffff:169.254.169.254]:80", "evil.example.org:1"}) {
    const absl::Status refused = CheckExternalAddress(address);
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << address;
    EXPECT_THAT(std::string(refused.message()), HasSubstr("10.0.0.1:7310")) << address;
  }
}

}  // namespace
}  // namespace nascent::strategy
