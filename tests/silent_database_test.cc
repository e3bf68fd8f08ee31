// A real coordinator whose way to the database goes silent.

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "nascent/v1/search_service.grpc.pb.h"
#include "tests/support/raw_call.h"
#include "tests/support/service.h"
#include "tests/support/silent_proxy.h"

namespace nascent::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kPatience = 60;

TEST(SilentDatabase, IsSaidByHealthAndHealsByItself) {
  Service service;
  const std::string& directory = service.postgres().directory();
  SilentProxy proxy(directory + "/.s.PGSQL.5432");
  const std::string url =
      absl::StrReplaceAll(service.postgres().url(),
                          {{absl::StrCat("host=", directory),
                            absl::StrCat("host=127.0.0.1&port=", proxy.port(), "&connect_timeout=2",
                                         "&options=-c%20statement_timeout%3D1000")}});
  const std::string address = absl::StrCat("127.0.0.1:", FreePort());
  Process coordinator({ProgramFolder() + "/nascentd", "--database", url, "--listen", address,
                       "--artifacts", service.folder() + "/artifacts", "--term-seconds", "2"},
                      service.folder() + "/coordinator.log");
  const auto channel = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  ASSERT_TRUE(WaitFor([&] { return SaysServing(channel); }, kPatience)) << service.Logs();

  proxy.GoSilent();
  ASSERT_TRUE(WaitFor([&] { return !SaysServing(channel); }, kPatience)) << service.Logs();
  // It is refused, not left waiting.
  const auto stub = v1::SearchService::NewStub(channel);
  grpc::ClientContext context;
  v1::ListWorkersResponse response;
  EXPECT_EQ(stub->ListWorkers(&context, {}, &response).error_code(), grpc::StatusCode::UNAVAILABLE);

  proxy.Recover();
  ASSERT_TRUE(WaitFor([&] { return SaysServing(channel); }, kPatience)) << service.Logs();
  // On a slow machine the term of two seconds may be lost once more, and is taken again.
  EXPECT_TRUE(WaitFor(
      [&] {
        grpc::ClientContext again;
        return stub->ListWorkers(&again, {}, &response).ok();
      },
      kPatience))
      << service.Logs();

  // The log has told all this without the password.
  const std::string password = url.substr(url.find("nascent:") + 8, 32);
  EXPECT_THAT(service.Logs(), Not(HasSubstr(password)));
  EXPECT_TRUE(coordinator.Running());
}

TEST(SilentDatabase, AUrlThatCannotBeReadIsNotRepeated) {
  const std::string programs = ProgramFolder();
  for (std::vector<std::string> command : {std::vector<std::string>{programs + "/nascentd"},
                                           {programs + "/nascentd", "migrate"},
                                           {programs + "/nascent", "sql"}}) {
    command.insert(command.end(), {"--database", "postgresql://u:S3cret%zzPw@h/d"});
    const Finished finished = RunToEnd(command);
    EXPECT_NE(finished.exit_code, 0);
    EXPECT_THAT(finished.err, HasSubstr("database URL"));
    EXPECT_THAT(finished.out + finished.err, Not(HasSubstr("S3cret")));
    EXPECT_THAT(finished.out + finished.err, Not(HasSubstr("zzPw")));
  }
}

}  // namespace
}  // namespace nascent::testing
