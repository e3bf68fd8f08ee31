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
  for (const char* wrong : {"", "host", "host:", "host:x", "host:-1", "host:65536", "::1:7301",
                            "http://h:1", "[]:1", "a b:1"}) {
    EXPECT_FALSE(ParseHostPort(wrong).has_value()) << wrong;
  }
}

TEST(HostPort, ExplainsWhatMayHaveBeenMeant) {
  EXPECT_EQ(ExplainServer("h:7301"), "");
  EXPECT_EQ(ExplainServer("[::1]:7301"), "");
  EXPECT_EQ(ExplainServer("h"), "found \"h\", expected HOST:PORT");
  EXPECT_EQ(ExplainServer("h:0"), "found \"h:0\", expected HOST:PORT");
  EXPECT_EQ(ExplainServer("::1:7301"),
            "found \"::1:7301\", expected HOST:PORT; an IPv6 address stands in brackets: "
            "[::1]:7301");
  EXPECT_EQ(ExplainServer("http://h:7301/"),
            "found \"http://h:7301/\", expected HOST:PORT without http://: h:7301");
  EXPECT_EQ(ExplainServer("https://h"), "found \"https://h\", expected HOST:PORT without https://");
}

}  // namespace
}  // namespace nascent
