// What PostgresStore does when its database says nothing any more, with a real one behind a way
// that goes silent.

#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/storage/migrations.h"
#include "server/storage/postgres_store.h"
#include "tests/support/postgres_cluster.h"
#include "tests/support/silent_proxy.h"

namespace nascent::storage {
namespace {

using testing::PostgresCluster;
using testing::SilentProxy;

class PostgresSilence : public ::testing::Test {
 protected:
  void SetUp() override {
    auto cluster = PostgresCluster::Create();
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
    ASSERT_TRUE(Migrate(cluster_->url()).ok());
    proxy_ = std::make_unique<SilentProxy>(cluster_->directory() + "/.s.PGSQL.5432");
    store_ = std::make_unique<PostgresStore>(
        PostgresStore::Options{.url = ProxyUrl(), .patience = absl::Seconds(1)});
    const auto term = store_->AcquireTerm("a", absl::Hours(1));
    ASSERT_TRUE(term.ok()) << term.status();
    term_ = term->term;
    SearchRecord search;
    search.spec.set_name("s");
    const auto outcomes = store_->Apply(term_, {CreateSearch{"", search}});
    ASSERT_TRUE(outcomes.ok()) << outcomes.status();
    search_ = outcomes->front().id;
  }

  std::string ProxyUrl() const {
    return absl::StrReplaceAll(
        cluster_->url(),
        {{absl::StrCat("host=", cluster_->directory()),
          absl::StrCat("host=127.0.0.1&port=", proxy_->port(), "&connect_timeout=2")}});
  }

  AddTrial Trial(int64_t number) const {
    AddTrial add;
    add.trial.search_id = search_;
    add.trial.number = number;
    return add;
  }

  std::unique_ptr<PostgresCluster> cluster_;
  std::unique_ptr<SilentProxy> proxy_;
  std::unique_ptr<PostgresStore> store_;
  int64_t term_ = 0;
  int64_t search_ = 0;
};

TEST_F(PostgresSilence, ConnectionsThatDiedWithoutAWordAreReplaced) {
  ASSERT_TRUE(store_->GetSearch(search_).ok());
  proxy_->GoSilent();
  proxy_->Recover();
  // Each is run again on a new connection, as nothing of it was done.
  const auto read = store_->GetSearch(search_);
  EXPECT_TRUE(read.ok()) << read.status();
  const auto outcomes = store_->Apply(term_, {Trial(1)});
  EXPECT_TRUE(outcomes.ok()) << outcomes.status();
  EXPECT_TRUE(store_->AcquireTerm("a", absl::Hours(1)).ok());
}

TEST_F(PostgresSilence, ADatabaseThatNeverAnswersIsUnavailableUntilItDoes) {
  proxy_->GoSilent();
  const auto refused = store_->Apply(term_, {Trial(1)}).status();
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_TRUE(absl::IsUnavailable(store_->GetSearch(search_).status()));
  EXPECT_TRUE(absl::IsUnavailable(store_->AcquireTerm("a", absl::Hours(1)).status()));
  proxy_->Recover();
  const auto outcomes = store_->Apply(term_, {Trial(1)});
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  EXPECT_FALSE(outcomes->front().replayed);
}

TEST_F(PostgresSilence, TheUrlsOwnLimitsStand) {
  PostgresStore patient(PostgresStore::Options{
      .url = absl::StrCat(ProxyUrl(),
                          "&options=-c%20statement_timeout%3D60000%20-c%20lock_timeout%3D60000"),
      .patience = absl::Seconds(1)});
  pqxx::connection other(cluster_->url());
  pqxx::work lock(other);
  lock.exec("SELECT * FROM nascent.terms FOR UPDATE");
  absl::Status status;
  std::thread writer([&] { status = patient.Apply(term_, {Trial(1)}).status(); });
  // Until it has waited for longer than our own limits would let it.
  pqxx::connection looking(cluster_->url());
  int waiting = 0;
  while (waiting == 0) {
    pqxx::nontransaction look(looking);
    waiting = look.exec1(
                      "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                      " AND clock_timestamp() - query_start > interval '2.5 s'")[0]
                  .as<int>();
  }
  lock.abort();
  writer.join();
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace nascent::storage
