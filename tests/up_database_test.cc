// `nascent up` on a PostgreSQL that runs elsewhere, and on its own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "tests/support/postgres_cluster.h"
#include "tests/support/process.h"

namespace nascent::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The command lines of all processes of this machine.
std::string CommandLines() {
  std::string lines;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    lines.append(std::istreambuf_iterator<char>(file), {});
  }
  return lines;
}

class UpOnADatabaseElsewhere : public ::testing::Test {
 protected:
  Finished Nascent(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(),
                     {ProgramFolder() + "/nascent", "--data-dir", folder_.path() + "/data"});
    return RunToEnd(arguments);
  }
  Finished Up(const std::string& url) const {
    return Nascent({"up", "--detach", "--workers", "0", "--listen",
                    absl::StrCat("127.0.0.1:", FreePort()), "--database", url});
  }
  void TearDown() override { Nascent({"down"}); }

  const TemporaryFolder folder_;
};

TEST_F(UpOnADatabaseElsewhere, KeepsTheHistoryThereAndThePasswordOffCommandLines) {
  auto cluster = PostgresCluster::Create();
  ASSERT_TRUE(cluster.ok()) << cluster.status();
  const std::string url = (*cluster)->url();
  const Finished up = Up(url);
  ASSERT_EQ(up.exit_code, 0) << up.err;
  EXPECT_THAT(CommandLines(), HasSubstr("nascentd"));
  EXPECT_THAT(CommandLines(), Not(HasSubstr(url)));
  const Finished list = Nascent({"list", "--output", "json"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  const Finished asked = Nascent({"sql", "select current_user, count(*) from searches"});
  EXPECT_EQ(asked.exit_code, 0) << asked.err;
  EXPECT_THAT(asked.out, HasSubstr("nascent_reader"));
  const Finished refused = Nascent({"sql", "create table nascent_v1.mine ()"});
  EXPECT_NE(refused.exit_code, 0);

  const Finished down = Nascent({"down"});
  EXPECT_EQ(down.exit_code, 0) << down.err;
  EXPECT_GT((*cluster)->pid(), 0);  // not ours to end
  const Finished again = Up(url);
  EXPECT_EQ(again.exit_code, 0) << again.err;
}

TEST_F(UpOnADatabaseElsewhere, SaysWhenThereIsNone) {
  const Finished up = Up("postgresql://127.0.0.1:1/nascent?connect_timeout=2");
  EXPECT_NE(up.exit_code, 0);
  EXPECT_THAT(up.err, HasSubstr("127.0.0.1"));
}

class UpOnAPrivateDatabase : public UpOnADatabaseElsewhere {
 protected:
  // As root, PostgreSQL runs as another user, who has to pass through.
  void SetUp() override {
    std::filesystem::permissions(folder_.path(), std::filesystem::perms::others_exec,
                                 std::filesystem::perm_options::add);
  }
};

TEST_F(UpOnAPrivateDatabase, NeverAsksAnotherOneThatTheEnvironmentNames) {
  setenv("PGSERVICE", "nosuch", 1);
  setenv("PGHOSTADDR", "192.0.2.1", 1);
  setenv("PGCLIENTENCODING", "LATIN1", 1);
  const Finished up = Nascent({"up", "--detach", "--workers", "0", "--listen",
                               absl::StrCat("127.0.0.1:", FreePort()), "--term-seconds", "2"});
  EXPECT_EQ(up.exit_code, 0) << up.err;
  const Finished asked = Nascent({"sql", "select current_user, '日本'"});
  EXPECT_EQ(asked.exit_code, 0) << asked.err;
  EXPECT_THAT(asked.out, HasSubstr("日本"));
  for (const char* name : {"PGSERVICE", "PGHOSTADDR", "PGCLIENTENCODING"}) unsetenv(name);
  EXPECT_THAT(CommandLines(), HasSubstr(std::string("--term-seconds\0002", 16)));
}

TEST_F(UpOnAPrivateDatabase, SaysOnceWhyItDidNotStart) {
  const Finished up = Nascent({"up", "--detach", "--workers", "0", "--listen", "192.0.2.1:7301"});
  EXPECT_EQ(up.exit_code, 4) << up.err;
  EXPECT_THAT(up.err, HasSubstr("[FAILED_PRECONDITION]"));
  EXPECT_THAT(up.err, Not(HasSubstr("INTERNAL")));
}

}  // namespace
}  // namespace nascent::testing
