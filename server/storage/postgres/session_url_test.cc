#include "server/storage/postgres/session_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nascent::storage::postgres {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(SessionUrl, SetsLimitsWhereTheUrlNamesNone) {
  const auto session = SessionUrl("postgresql://u:p%27w@h:1234/d?connect_timeout=9");
  ASSERT_TRUE(session.ok()) << session.status();
  EXPECT_THAT(*session,
              AllOf(HasSubstr("connect_timeout='9'"), HasSubstr("tcp_user_timeout='5000'"),
                    HasSubstr("keepalives_idle='5'"), HasSubstr("password='p\\'w'"),
                    HasSubstr("port='1234'"), Not(HasSubstr("target_session_attrs"))));
  EXPECT_THAT(*SessionUrl("host=h user=u keepalives_idle=60"), HasSubstr("keepalives_idle='60'"));
}

TEST(SessionUrl, AsksAListOfHostsForTheOneThatTakesWrites) {
  EXPECT_THAT(*SessionUrl("postgresql://u@a,b/d"), HasSubstr("target_session_attrs='read-write'"));
  EXPECT_THAT(*SessionUrl("postgresql://u@a,b/d?target_session_attrs=any"),
              HasSubstr("target_session_attrs='any'"));
}

TEST(SessionUrl, SaysWhatIsWrongWithoutAPartOfThePassword) {
  for (const char* wrong : {"postgresql://u:S3cret%zzPw@h/d", "postgresql://u:S3cret@h/d?S3cret=1",
                            "host=h S3cret", "password='S3cret"}) {
    const auto session = SessionUrl(wrong);
    EXPECT_TRUE(absl::IsInvalidArgument(session.status())) << wrong;
    EXPECT_THAT(std::string(session.status().message()),
                AllOf(HasSubstr("database URL"), Not(HasSubstr("S3cret")), Not(HasSubstr("zzPw"))));
  }
}

}  // namespace
}  // namespace nascent::storage::postgres
