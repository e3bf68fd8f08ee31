// What PostgresStore promises when its database dies, hangs up, fills up or belongs to another.

#include <atomic>
#include <pqxx/pqxx>
#include <set>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/storage/migrations.h"
#include "server/storage/postgres_store.h"
#include "tests/support/postgres_cluster.h"

namespace nascent::storage {
namespace {

using testing::PostgresCluster;

class PostgresFaults : public ::testing::Test {
 protected:
  void SetUp() override { Start({}); }

  void Start(const PostgresCluster::Options& options) {
    store_.reset();
    cluster_.reset();
    auto cluster = PostgresCluster::Create(options);
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
    const auto migrated = Migrate(cluster_->url());
    ASSERT_TRUE(migrated.ok()) << migrated.status();
    store_ = std::make_unique<PostgresStore>(
        PostgresStore::Options{.url = cluster_->url(), .patience = absl::Seconds(5)});
    const auto term = store_->AcquireTerm("a", absl::Hours(1));
    ASSERT_TRUE(term.ok()) << term.status();
    term_ = term->term;
    search_ = NewSearch(*store_, term_);
  }

  static int64_t NewSearch(PostgresStore& store, int64_t term) {
    SearchRecord search;
    search.spec.set_name("s");
    const auto outcomes = store.Apply(term, {CreateSearch{"", search}});
    EXPECT_TRUE(outcomes.ok()) << outcomes.status();
    return outcomes.ok() ? outcomes->front().id : 0;
  }

  AddTrial Trial(int64_t number) const {
    AddTrial add;
    add.trial.search_id = search_;
    add.trial.number = number;
    return add;
  }

  int64_t CountTrials() {
    const auto trials = store_->LoadTrials(search_, 0, 1'000'000);
    EXPECT_TRUE(trials.ok()) << trials.status();
    return trials.ok() ? static_cast<int64_t>(trials->size()) : -1;
  }

  void Execute(const std::string& sql) {
    pqxx::connection connection(cluster_->url());
    pqxx::nontransaction work(connection);
    work.exec(sql);
  }

  std::unique_ptr<PostgresCluster> cluster_;
  std::unique_ptr<PostgresStore> store_;
  int64_t term_ = 0;
  int64_t search_ = 0;
};

TEST_F(PostgresFaults, NothingAcknowledgedIsLostWhenTheServerCrashesUnderLoad) {
  std::set<int64_t> acknowledged;
  std::atomic<bool> stop = false;
  std::atomic<int64_t> count = 0;
  std::thread load([&] {
    for (int64_t number = 1; !stop; ++number) {
      // As the engine does: the same transition again until there is an answer.
      while (!stop) {
        const auto outcomes = store_->Apply(term_, {Trial(number)});
        if (!outcomes.ok()) {
          EXPECT_TRUE(absl::IsUnavailable(outcomes.status()) || absl::IsUnknown(outcomes.status()))
              << outcomes.status();
          continue;
        }
        EXPECT_TRUE(outcomes->front().status.ok()) << outcomes->front().status;
        acknowledged.insert(number);
        ++count;
        break;
      }
    }
  });
  for (int crash = 1; crash <= 3; ++crash) {
    const int64_t before = count;
    while (count < before + 50) std::this_thread::yield();
    const absl::Status status = cluster_->CrashAndRestart();
    ASSERT_TRUE(status.ok()) << status;
  }
  const int64_t before = count;
  while (count < before + 10) std::this_thread::yield();
  stop = true;
  load.join();
  const auto trials = store_->LoadTrials(search_, 0, 1'000'000);
  ASSERT_TRUE(trials.ok()) << trials.status();
  std::set<int64_t> stored;
  for (const TrialRecord& trial : *trials) {
    EXPECT_TRUE(stored.insert(trial.number).second) << trial.number;
  }
  for (const int64_t number : acknowledged) EXPECT_TRUE(stored.contains(number)) << number;
}

TEST_F(PostgresFaults, AStoppedServerIsUnavailableAndComesBackByItself) {
  cluster_->Stop(PostgresCluster::Shutdown::kFast);
  EXPECT_TRUE(absl::IsUnavailable(store_->Apply(term_, {Trial(1)}).status()));
  EXPECT_TRUE(absl::IsUnavailable(store_->GetSearch(search_).status()));
  EXPECT_TRUE(absl::IsUnavailable(store_->AcquireTerm("a", absl::Seconds(1)).status()));
  ASSERT_TRUE(cluster_->Start().ok());
  const auto outcomes = store_->Apply(term_, {Trial(1)});
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  EXPECT_TRUE(store_->GetSearch(search_).ok());
}

TEST_F(PostgresFaults, KilledSessionsAreReplacedWithTheirSettings) {
  for (int i = 1; i <= 3; ++i) {
    Execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'");
    const auto outcomes = store_->Apply(term_, {Trial(i)});
    ASSERT_TRUE(outcomes.ok()) << outcomes.status();
    EXPECT_TRUE(outcomes->front().status.ok()) << outcomes->front().status;
    EXPECT_EQ(CountTrials(), i);
  }
}

// Kills the session of a batch at COMMIT: a deferred trigger runs there.
class CommitFaults : public PostgresFaults {
 protected:
  void CutAtCommit(const std::string& once) {
    Execute(absl::StrCat(R"sql(
CREATE TABLE public.cut (left_over int);
INSERT INTO public.cut VALUES (1);
CREATE FUNCTION public.cut() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  )sql",
                         once, R"sql(
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON nascent.trials
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.cut();)sql"));
  }
};

TEST_F(CommitFaults, ACommitThatWasCutBeforeItTookPlaceIsDoneAgainOnce) {
  // A sequence keeps its value when the transaction is rolled back: only the first commit is cut.
  Execute("CREATE SEQUENCE public.commits");
  CutAtCommit(
      "IF nextval('public.commits') = 1 THEN"
      " PERFORM pg_terminate_backend(pg_backend_pid()); END IF;");
  const auto outcomes = store_->Apply(term_, {Trial(1)});
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  EXPECT_TRUE(outcomes->front().status.ok()) << outcomes->front().status;
  EXPECT_FALSE(outcomes->front().replayed);
  EXPECT_EQ(CountTrials(), 1);
}

TEST_F(CommitFaults, ACommitThatIsCutEachTimeIsUnavailableAndLeavesNothing) {
  CutAtCommit("PERFORM pg_terminate_backend(pg_backend_pid());");
  const auto outcomes = store_->Apply(term_, {Trial(1)});
  EXPECT_TRUE(absl::IsUnavailable(outcomes.status())) << outcomes.status();
  EXPECT_EQ(CountTrials(), 0);
}

TEST_F(PostgresFaults, TheFenceHoldsAgainstAnotherCoordinator) {
  PostgresStore other(cluster_->url());
  EXPECT_TRUE(absl::IsFailedPrecondition(other.AcquireTerm("b", absl::Seconds(10)).status()));
  Execute("UPDATE nascent.terms SET deadline = now() - interval '1 second'");
  // Both write as fast as they can; the first one's writes end with the second one's term.
  std::atomic<bool> aborted = false;
  std::thread first([&] {
    for (int64_t number = 1; !aborted; ++number) {
      const auto outcomes = store_->Apply(term_, {Trial(number)});
      if (!outcomes.ok()) {
        EXPECT_TRUE(absl::IsAborted(outcomes.status())) << outcomes.status();
        aborted = true;
      }
    }
  });
  const auto term = other.AcquireTerm("b", absl::Seconds(10));
  ASSERT_TRUE(term.ok()) << term.status();
  const auto at_takeover = other.LoadTrials(search_, 0, 1'000'000);
  first.join();
  EXPECT_EQ(CountTrials(), static_cast<int64_t>(at_takeover->size()));
  EXPECT_GT(NewSearch(other, term->term), 0);
}

TEST_F(PostgresFaults, TheTermOfOneThatDiedIsFreeBeforeItRunsOut) {
  PostgresStore other(cluster_->url());
  ASSERT_TRUE(absl::IsFailedPrecondition(other.AcquireTerm("b", absl::Hours(1)).status()));
  store_.reset();  // as a killed process, whose sessions the server ends in its own time
  // Waits until the session has ended.
  Execute(
      "SELECT pg_terminate_backend(session_process, 60000) FROM nascent.terms"
      " WHERE ended_at IS NULL");
  const absl::StatusOr<Term> term = other.AcquireTerm("b", absl::Hours(1));
  ASSERT_TRUE(term.ok()) << term.status();
  EXPECT_GT(term->term, term_);
}

TEST_F(PostgresFaults, AHolderThatLostItsSessionStaysTheHolder) {
  Execute("SELECT pg_terminate_backend(session_process) FROM nascent.terms WHERE ended_at IS NULL");
  const auto again = store_->AcquireTerm("a", absl::Hours(1));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->term, term_);
  // Its new session counts.
  PostgresStore other(cluster_->url());
  EXPECT_TRUE(absl::IsFailedPrecondition(other.AcquireTerm("b", absl::Hours(1)).status()));
}

TEST_F(PostgresFaults, ADeadlockedReaderOrALockedRowDoesNotHangABatchForEver) {
  pqxx::connection connection(cluster_->url());
  pqxx::work work(connection);
  work.exec("SELECT * FROM nascent.terms FOR UPDATE");
  PostgresStore impatient(
      PostgresStore::Options{.url = cluster_->url(), .patience = absl::Seconds(1)});
  const auto outcomes = impatient.Apply(term_, {Trial(1)});
  EXPECT_TRUE(absl::IsUnavailable(outcomes.status())) << outcomes.status();
  work.abort();
  EXPECT_TRUE(impatient.Apply(term_, {Trial(1)}).ok());
}

TEST_F(PostgresFaults, ManyThreadsShareFewSessions) {
  PostgresStore small(PostgresStore::Options{.url = cluster_->url(), .read_sessions = 2});
  std::vector<std::thread> threads;
  for (int i = 0; i < 32; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 20; ++j) {
        const auto search = small.GetSearch(search_);
        EXPECT_TRUE(search.ok()) << search.status();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(PostgresFaults, ALateReportIsKeptAsEvidenceOnly) {
  RegisterWorker worker;
  worker.registration.set_name("w");
  const auto made = store_->Apply(term_, {worker, Trial(1)});
  ASSERT_TRUE(made.ok()) << made.status();
  GrantLease grant;
  grant.task_id = (*made)[1].task_id;
  grant.attempt = 1;
  grant.worker_id = (*made)[0].id;
  grant.duration = absl::Seconds(1);
  ReturnAttempt expire;
  expire.attempt = {grant.task_id, 1};
  expire.how = ReturnAttempt::How::kExpired;
  FinishAttempt late;
  late.request_id = "late";
  late.attempt = {grant.task_id, 1};
  late.measurements.emplace_back();
  late.measurements[0].set_metric("accuracy");
  late.measurements[0].set_value(0.5);
  const auto outcomes = store_->Apply(term_, {grant, expire, late});
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  EXPECT_TRUE(absl::IsFailedPrecondition((*outcomes)[2].status));
  pqxx::connection connection(cluster_->url());
  pqxx::nontransaction work(connection);
  const pqxx::row report =
      work.exec1("SELECT kind, request_id, report ->> 'accuracy' FROM nascent.fenced_reports");
  EXPECT_STREQ(report[0].c_str(), "FINISH");
  EXPECT_STREQ(report[1].c_str(), "late");
  EXPECT_STREQ(report[2].c_str(), "0.5");
  EXPECT_EQ(work.exec1("SELECT count(*) FROM nascent.measurements")[0].as<int>(), 0);
}

TEST_F(PostgresFaults, WithoutTheSchemaEveryCallSaysSo) {
  Execute("DROP SCHEMA nascent_v1 CASCADE; DROP SCHEMA nascent CASCADE");
  PostgresStore store(cluster_->url());
  EXPECT_FALSE(store.GetSearch(1).ok());
  EXPECT_FALSE(store.Apply(1, {}).ok());
}

// --- migrations ---

TEST_F(PostgresFaults, MigrationsAreDoneOnceAlsoByTwoAtATime) {
  EXPECT_EQ(*Migrate(cluster_->url()), 0);
  EXPECT_TRUE(CheckSchema(cluster_->url()).ok());
  Execute(
      "DROP SCHEMA nascent_v1 CASCADE; DROP SCHEMA nascent CASCADE;"
      " DROP TABLE public.nascent_migrations");
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckSchema(cluster_->url())));
  std::atomic<int> steps = 0;
  const auto migrate = [&] {
    const auto done = Migrate(cluster_->url());
    EXPECT_TRUE(done.ok()) << done.status();
    if (done.ok()) steps += *done;
  };
  std::thread one(migrate);
  std::thread two(migrate);
  one.join();
  two.join();
  EXPECT_EQ(steps, static_cast<int>(AllMigrations().size()));
}

TEST_F(PostgresFaults, AForeignOrNewerSchemaIsLeftAlone) {
  Execute("UPDATE public.nascent_migrations SET checksum = 'other' WHERE number = 1");
  EXPECT_TRUE(absl::IsFailedPrecondition(Migrate(cluster_->url()).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckSchema(cluster_->url())));
  Execute(
      "DELETE FROM public.nascent_migrations;"
      " INSERT INTO public.nascent_migrations VALUES (99, 'future', 'x')");
  EXPECT_TRUE(absl::IsFailedPrecondition(Migrate(cluster_->url()).status()));
}

TEST(Migrations, AreNumberedFromOneWithoutGaps) {
  int expected = 0;
  for (const Migration& migration : AllMigrations()) EXPECT_EQ(migration.number, ++expected);
  EXPECT_GT(expected, 0);
}

TEST(Migrations, AnAddressWhereNothingListensIsUnavailable) {
  EXPECT_TRUE(absl::IsUnavailable(Migrate("postgresql://x@/x?host=/nonexistent").status()));
}

}  // namespace
}  // namespace nascent::storage
