#include "tests/support/postgres_cluster.h"

#include <signal.h>

#include <filesystem>
#include <pqxx/pqxx>
#include <string>

#include "gtest/gtest.h"

namespace nascent::testing {
namespace {

TEST(PostgresCluster, KeepsWhatWasCommittedBeforeACrash) {
  auto cluster = PostgresCluster::Create();
  ASSERT_TRUE(cluster.ok()) << cluster.status();
  {
    pqxx::connection connection((*cluster)->url());
    pqxx::nontransaction work(connection);
    work.exec("CREATE TABLE t AS SELECT 7 AS x");
  }
  const pid_t before = (*cluster)->pid();
  const absl::Status status = (*cluster)->CrashAndRestart();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_NE(kill(before, 0), 0);
  pqxx::connection connection((*cluster)->url());
  pqxx::nontransaction work(connection);
  EXPECT_EQ(work.exec1("SELECT x FROM t")[0].as<int>(), 7);
}

TEST(PostgresCluster, LetsNobodyInWithoutThePassword) {
  auto cluster = PostgresCluster::Create();
  ASSERT_TRUE(cluster.ok()) << cluster.status();
  EXPECT_THROW(pqxx::connection((*cluster)->UrlOf("nascent", "wrong")), pqxx::broken_connection);
}

TEST(PostgresCluster, LeavesNothingBehind) {
  std::string directory;
  {
    auto cluster = PostgresCluster::Create();
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    directory = (*cluster)->directory();
    EXPECT_TRUE(std::filesystem::exists(directory));
  }
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST(PostgresCluster, SaysWhyItDidNotStart) {
  PostgresCluster::Options options;
  options.settings = {{"no_such_setting", "1"}};
  const auto cluster = PostgresCluster::Create(options);
  ASSERT_FALSE(cluster.ok());
  EXPECT_NE(cluster.status().message().find("no_such_setting"), std::string::npos)
      << cluster.status();
}

}  // namespace
}  // namespace nascent::testing
