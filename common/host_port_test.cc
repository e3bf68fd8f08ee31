#include "common/host_port.h"

#include <gtest/gtest.h>

namespace nascent {
namespace {

TEST(HostPort, TakesNamesAddressesAndNoHost) {
  EXPECT_EQ(ParseHostPort("host:7301")->host, "host");
  EXPECT_EQ(ParseHostPort("host:7301")->port, 7301);
  EXPECT_EQ(ParseHostPort("[::1]:0")->host, "[::1]");
  EXPECT_EQ(ParseHostPort(":65535")->host, "");
}

TEST(HostPort, RefusesWhatHasNoPort) {
  for (const char* wrong : {"", "host", "host:", "host:x", "host:-1", "host:65536"}) {
    EXPECT_FALSE(ParseHostPort(wrong).has_value()) << wrong;
  }
}

}  // namespace
}  // namespace nascent
