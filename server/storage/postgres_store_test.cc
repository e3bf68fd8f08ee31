#include "server/storage/postgres_store.h"

#include <pqxx/pqxx>

#include "absl/strings/str_cat.h"
#include "server/storage/migrations.h"
#include "server/storage/trial_store_conformance.h"
#include "tests/support/postgres_cluster.h"

namespace nascent::storage {
namespace {

using testing::PostgresCluster;

// One server for all tests of this program; each has a database of its own, copied from a template.
class Databases : public ::testing::Environment {
 public:
  void SetUp() override {
    auto cluster = PostgresCluster::Create();
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
    const auto migrated = Migrate(cluster_->url());
    ASSERT_TRUE(migrated.ok()) << migrated.status();
    // The suite's clock: stands still until it is moved.
    pqxx::connection connection(cluster_->url());
    pqxx::work work(connection);
    work.exec(R"sql(
CREATE TABLE public.clock AS SELECT '2026-01-02 03:04:05.678901Z'::timestamptz AS now;
CREATE OR REPLACE FUNCTION nascent.now() RETURNS timestamptz
  LANGUAGE sql VOLATILE AS 'SELECT now FROM public.clock')sql");
    work.commit();
  }
  void TearDown() override { cluster_.reset(); }

  // The URL of a new database.
  std::string Copy() {
    const std::string name = absl::StrCat("copy", ++copies_);
    std::string url = cluster_->url();
    url.replace(url.find("/postgres?"), 10, "/template1?");
    pqxx::connection connection(url);
    pqxx::nontransaction work(connection);
    work.exec(absl::StrCat("CREATE DATABASE ", name, " TEMPLATE postgres"));
    url.replace(url.find("/template1?"), 11, absl::StrCat("/", name, "?"));
    return url;
  }

 private:
  std::unique_ptr<PostgresCluster> cluster_;
  int copies_ = 0;
};

Databases* const databases =
    static_cast<Databases*>(::testing::AddGlobalTestEnvironment(new Databases));

class PostgresFixture : public StoreFixture {
 public:
  PostgresFixture() : url_(databases->Copy()), store_(url_), connection_(url_) {}
  TrialStore& store() override { return store_; }
  void Advance(absl::Duration by) override {
    pqxx::work work(connection_);
    work.exec_params("UPDATE public.clock SET now = now + $1 * interval '1 microsecond'",
                     absl::ToInt64Microseconds(by));
    work.commit();
  }

 private:
  const std::string url_;
  PostgresStore store_;
  pqxx::connection connection_;
};

std::unique_ptr<StoreFixture> MakePostgresFixture() { return std::make_unique<PostgresFixture>(); }

INSTANTIATE_TEST_SUITE_P(Postgres, TrialStoreConformance, ::testing::Values(&MakePostgresFixture));

}  // namespace
}  // namespace nascent::storage
