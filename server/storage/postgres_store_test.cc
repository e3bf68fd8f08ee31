#include "server/storage/postgres_store.h"

#include <pqxx/pqxx>

#include "absl/strings/str_cat.h"
#include "server/storage/migrations.h"
#include "server/storage/trial_store_conformance.h"
#include "tests/support/postgres_cluster.h"

namespace nascent::storage {
namespace {

using testing::PostgresCluster;

// One server for all tests of this program, whose clock stands still until it is moved.
class Server : public ::testing::Environment {
 public:
  void SetUp() override {
    auto cluster = PostgresCluster::Create();
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
    const auto migrated = Migrate(url());
    ASSERT_TRUE(migrated.ok()) << migrated.status();
    pqxx::connection connection(url());
    pqxx::work work(connection);
    work.exec(R"sql(
CREATE TABLE public.clock AS SELECT '2026-01-02 03:04:05.678901Z'::timestamptz AS now;
CREATE OR REPLACE FUNCTION nascent.now() RETURNS timestamptz
  LANGUAGE sql VOLATILE AS 'SELECT now FROM public.clock')sql");
    work.commit();
  }
  void TearDown() override { cluster_.reset(); }

  std::string url() const { return cluster_->url(); }

  // As after the migrations.
  void Empty() {
    pqxx::connection connection(url());
    pqxx::work work(connection);
    work.exec(R"sql(
DO $$ BEGIN
  EXECUTE (SELECT 'TRUNCATE ' || string_agg(format('%I.%I', schemaname, tablename), ', ')
                  || ' RESTART IDENTITY'
           FROM pg_tables WHERE schemaname = 'nascent');
END $$)sql");
    work.commit();
  }

 private:
  std::unique_ptr<PostgresCluster> cluster_;
};

Server* const server = static_cast<Server*>(::testing::AddGlobalTestEnvironment(new Server));

class PostgresFixture : public StoreFixture {
 public:
  PostgresFixture() : store_(server->url()), connection_(server->url()) { server->Empty(); }
  TrialStore& store() override { return store_; }
  void Advance(absl::Duration by) override {
    pqxx::work work(connection_);
    work.exec_params("UPDATE public.clock SET now = now + $1 * interval '1 microsecond'",
                     absl::ToInt64Microseconds(by));
    work.commit();
  }

 private:
  PostgresStore store_;
  pqxx::connection connection_;
};

std::unique_ptr<StoreFixture> MakePostgresFixture() { return std::make_unique<PostgresFixture>(); }

INSTANTIATE_TEST_SUITE_P(Postgres, TrialStoreConformance, ::testing::Values(&MakePostgresFixture));

}  // namespace
}  // namespace nascent::storage
