// The public face of the database: the views of nascent_v1, the role that reads them, the queries
// of docs/sql.md.

#include <fstream>
#include <pqxx/pqxx>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "common/rank_agreement.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/storage/migrations.h"
#include "server/storage/postgres_store.h"
#include "tests/support/postgres_cluster.h"

namespace nascent::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::PostgresCluster;
using ::testing::SizeIs;

v1::Measurement Measured(const std::string& metric, int epoch, double value) {
  v1::Measurement measurement;
  measurement.set_metric(metric);
  measurement.set_epoch(epoch);
  measurement.set_step(epoch * 100);
  measurement.set_value(value);
  return measurement;
}

// Score and negative loss of those that went up in the funnel.
const std::vector<JudgedTwice> kFunnel = {{12, -0.5}, {11, -0.7}, {10, -0.4},      {9, -0.8},
                                          {8, -0.7},  {7, -0.9},  {5, -1.5, true}, {2, -1.2, true}};

// A database with three searches: 7 trials by evolution, of which one failed, one was refused by a
// constraint and one crashed before it succeeded; then a funnel, and one with a trial shared with
// the first.
class Views : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto cluster = PostgresCluster::Create();
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = cluster->release();
    const auto migrated = Migrate(cluster_->url());
    ASSERT_TRUE(migrated.ok()) << migrated.status();
    pqxx::connection connection(cluster_->url());
    pqxx::nontransaction(connection).exec("ALTER ROLE nascent_reader PASSWORD 'reader'");
    Fill();
  }
  static void TearDownTestSuite() {
    delete cluster_;
    cluster_ = nullptr;
  }

  static std::vector<Outcome> Apply(PostgresStore& store, std::vector<Transition> batch) {
    const auto outcomes = store.Apply(1, batch);
    EXPECT_TRUE(outcomes.ok()) << outcomes.status();
    if (!outcomes.ok()) return std::vector<Outcome>(batch.size());
    for (const Outcome& outcome : *outcomes) EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    return *outcomes;
  }

  static v1::Domain& SearchDecision(SearchRecord& search, const std::string& label) {
    v1::SearchDecision& decision = search.decisions.emplace_back();
    decision.set_label(label);
    return *decision.mutable_domain();
  }

  // Twelve that were scored 1 to 12; the best six were trained, then two of the others.
  static void FillFunnel(PostgresStore& store, SearchRecord search, int64_t worker) {
    search.spec.set_name("funnel");
    search.spec.clear_objectives();
    search.spec.clear_constraints();
    for (const char* metric : {"parameters", "validation_loss"}) {
      auto* objective = search.spec.add_objectives();
      objective->set_metric(metric);
      objective->set_goal(v1::GOAL_MINIMIZE);
    }
    auto& ladder = *search.spec.mutable_fidelities();
    ladder.add_rungs()->mutable_zero_cost()->set_metric("synflow");
    ladder.add_rungs()->set_epochs(1);
    ladder.add_rungs();
    funnel_ = Apply(store, {CreateSearch{"", search}})[0].id;
    int64_t number = 0;
    const auto end = [&](int64_t continues, const char* reason, double value) {
      AddTrial add;
      add.trial.search_id = funnel_;
      add.trial.number = ++number;
      add.trial.reason = reason;
      add.trial.continues = continues;
      add.trial.fidelity.set_rung(continues > 0 ? 1 : 0);
      if (continues == 0) add.trial.fidelity.set_zero_cost("synflow");
      GrantLease grant;
      grant.task_id = Apply(store, {add})[0].task_id;
      grant.attempt = 1;
      grant.worker_id = worker;
      grant.duration = absl::Seconds(30);
      FinishAttempt finish;
      finish.attempt = {grant.task_id, 1};
      finish.measurements = {Measured(continues > 0 ? "validation_loss" : "synflow", 0, value)};
      EventRecord event;
      event.sequence = number;
      event.kind = EventRecord::Kind::kFinished;
      event.trial_number = number;
      event.state = v1::TRIAL_STATE_SUCCEEDED;
      finish.events = {event};
      Apply(store, {grant, finish});
    };
    for (int i = 1; i <= 12; ++i) end(0, "random", i);
    for (const JudgedTwice& each : kFunnel) {
      end(static_cast<int64_t>(each.first), each.sampled ? "calibration of rung 0" : "promoted",
          -each.second);
    }
  }

  static void Fill() {
    PostgresStore store(cluster_->url());
    ASSERT_EQ(store.AcquireTerm("test", absl::Hours(1))->term, 1);
    SearchRecord search;
    search.spec.set_name("cells");
    search.spec.set_project("default");
    search.spec.mutable_data()->set_dataset("fashion-mnist");
    (*search.spec.mutable_strategy()->mutable_struct_value()->mutable_fields())["evolution"]
        .mutable_struct_value();
    auto* objective = search.spec.add_objectives();
    objective->set_metric("validation_accuracy");
    objective->set_goal(v1::GOAL_MAXIMIZE);
    objective = search.spec.add_objectives();
    objective->set_metric("parameters");
    objective->set_goal(v1::GOAL_MINIMIZE);
    auto* constraint = search.spec.add_constraints();
    constraint->set_metric("multiply_accumulates");
    constraint->set_at_most(1000);
    // Held before anything ran; no trial has it as a metric.
    constraint = search.spec.add_constraints();
    constraint->set_metric("parameters / 1e6 + depth");
    constraint->set_at_most(9);
    SearchDecision(search, "node1").mutable_choice()->add_values()->set_string_value("zero");
    auto& options = *search.decisions[0].mutable_domain()->mutable_choice();
    options.add_values()->set_number_value(3);
    options.add_values()->set_bool_value(true);
    SearchDecision(search, "recipe.optimizer.sgd.learning_rate").mutable_log_uniform();
    SearchDecision(search, "recipe.batch").mutable_integer();
    RegisterWorker worker;
    worker.registration.set_name("w1");
    worker.registration.add_slots()->set_kind("cpu");
    const auto made = Apply(store, {CreateSearch{"", search}, worker});
    // Number → accuracy, parameters, multiply-accumulates.
    const double accuracy[] = {0.5, 0.7, 0.6, 0.9, 0.8, 0.8, 0.99};
    const int64_t parameters[] = {10, 20, 30, 40, 50, 60, 70};
    for (int i = 0; i < 7; ++i) {
      AddTrial add;
      add.trial.search_id = made[0].id;
      add.trial.number = i + 1;
      add.trial.notation = absl::StrCat("|op", i, "~0|");
      add.trial.evaluation_identity = absl::StrCat("identity", i);
      if (i > 1) add.trial.parents = {i - 1};
      add.trial.reason = i > 1 ? "mutation" : "random";
      add.trial.costs.set_parameters(parameters[i]);
      add.trial.costs.set_multiply_accumulates(i == 6 ? 5000 : 100);
      auto* value = add.trial.genotype.add_values();
      value->set_label("node1");
      value->set_option(i % 3);
      value = add.trial.genotype.add_values();
      value->set_label("recipe.optimizer.sgd.learning_rate");
      value->set_real(0.25);
      value = add.trial.genotype.add_values();
      value->set_label("recipe.batch");
      value->set_integer(64 + i);
      const Outcome trial = Apply(store, {add})[0];
      int attempt = 1;
      GrantLease grant;
      grant.task_id = trial.task_id;
      grant.attempt = attempt;
      grant.worker_id = made[1].id;
      grant.duration = absl::Seconds(30);
      Apply(store, {grant});
      if (i == 4) {
        ReturnAttempt crash;
        crash.attempt = {trial.task_id, attempt};
        crash.how = ReturnAttempt::How::kCrashed;
        crash.charged = true;
        crash.measurements = {Measured("training_loss", 1, 99)};
        grant.attempt = ++attempt;
        Apply(store, {crash, grant});
      }
      FinishAttempt finish;
      finish.attempt = {trial.task_id, attempt};
      finish.measurements = {Measured("training_loss", 1, 2.0), Measured("training_loss", 2, 1.0),
                             Measured("validation_accuracy", 1, accuracy[i] / 2),
                             Measured("validation_accuracy", 2, accuracy[i])};
      EventRecord event;
      event.sequence = i + 1;
      event.kind = EventRecord::Kind::kFinished;
      event.trial_number = i + 1;
      event.state = v1::TRIAL_STATE_SUCCEEDED;
      if (i == 2) {
        finish.measurements.clear();
        finish.state = event.state = v1::TRIAL_STATE_FAILED;
        finish.failure = v1::FAILURE_KIND_OUT_OF_MEMORY;
        finish.error = "12 GiB wanted";
      }
      finish.events = {event};
      Apply(store, {finish});
      if (i == 3) {
        const Outcome test = Apply(store, {AddFinalTask{trial.id, 0}})[0];
        grant.task_id = test.task_id;
        grant.attempt = 1;
        FinishAttempt tested;
        tested.attempt = {test.task_id, 1};
        tested.measurements = {Measured("test_accuracy", 2, 0.88)};
        Apply(store, {grant, tested});
        winner_ = trial.id;
      }
    }
    FinishAttempt late;
    late.attempt = {1, 7};
    late.measurements = {Measured("validation_accuracy", 1, 1)};
    ASSERT_FALSE((*store.Apply(1, {late}))[0].status.ok());
    v1::Dataset dataset;
    dataset.set_name("fashion-mnist");
    Apply(store, {PutDataset{"", dataset}, PutArtifact{std::string(64, 'a'), 5}});
    FillFunnel(store, search, made[1].id);
    search.spec.set_name("shares");
    const int64_t shares = Apply(store, {CreateSearch{"", search}})[0].id;
    AddTrial shared;
    shared.trial.search_id = shares;
    shared.trial.number = 1;
    shared.trial.shared_from = winner_;
    Apply(store, {shared});
    cells_ = made[0].id;
    shares_ = shares;
  }

  // As nascent_reader.
  static pqxx::result Read(const std::string& sql) {
    pqxx::connection connection(cluster_->UrlOf("nascent_reader", "reader"));
    return pqxx::nontransaction(connection).exec(sql);
  }
  static std::vector<std::string> Column(const std::string& sql) {
    std::vector<std::string> values;
    for (const pqxx::row& row : Read(sql)) values.push_back(row[0].c_str());
    return values;
  }
  static std::string OfCells(const std::string& sql) {
    return absl::StrCat(sql, " WHERE search_id = ", cells_);
  }

  static PostgresCluster* cluster_;
  static int64_t cells_;
  static int64_t shares_;
  static int64_t winner_;
  static int64_t funnel_;
};

PostgresCluster* Views::cluster_ = nullptr;
int64_t Views::cells_ = 0;
int64_t Views::shares_ = 0;
int64_t Views::winner_ = 0;
int64_t Views::funnel_ = 0;

constexpr char kViewNames[] =
    "SELECT table_name::text FROM information_schema.views WHERE table_schema = 'nascent_v1'";

TEST_F(Views, EveryPromisedViewCanBeReadAndHasRows) {
  for (const char* view :
       {"searches", "trials", "attempts", "evaluations", "measurements", "leaderboard",
        "pareto_front", "lineage", "workers", "events", "fenced_reports", "coordinators",
        "datasets", "artifacts", "rung_trust"}) {
    EXPECT_GT(Read(absl::StrCat("SELECT * FROM nascent_v1.", view)).size(), 0u) << view;
  }
}

TEST_F(Views, EveryViewAndEveryColumnIsDocumented) {
  EXPECT_THAT(Column(R"sql(
SELECT c.relname || coalesce('.' || a.attname, '')
FROM pg_class AS c
JOIN (SELECT attrelid, attname, attnum FROM pg_attribute WHERE attnum > 0
      UNION ALL SELECT oid, NULL, 0 FROM pg_class) AS a ON a.attrelid = c.oid
WHERE c.relnamespace = 'nascent_v1'::regnamespace AND col_description(c.oid, a.attnum) IS NULL
  AND (a.attnum > 0 OR obj_description(c.oid, 'pg_class') IS NULL))sql"),
              SizeIs(0));
}

TEST_F(Views, TheTrustInARungIsThatOfTheProgram) {
  const pqxx::result rows = Read(absl::StrCat(
      "SELECT * FROM nascent_v1.rung_trust WHERE search_id = ", funnel_, " ORDER BY 2"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0]["rung"].as<int>(), 0);
  EXPECT_EQ(rows[0]["known"].as<int>(), 12);
  EXPECT_EQ(rows[0]["promoted"].as<int>(), 6);
  EXPECT_EQ(rows[0]["calibrating"].as<int>(), 2);
  const auto top = KendallTau({kFunnel.begin(), kFunnel.begin() + 6});
  const auto all = KendallTau(kFunnel, 6);
  EXPECT_NEAR(rows[0]["tau_top"].as<double>(), top->tau, 1e-12);
  EXPECT_NEAR(rows[0]["tau_top_error"].as<double>(), top->error, 1e-12);
  EXPECT_NEAR(rows[0]["tau"].as<double>(), all->tau, 1e-12);
  EXPECT_NEAR(rows[0]["tau_error"].as<double>(), all->error, 1e-12);
  // Nobody went on from the next rung.
  EXPECT_EQ(rows[1]["rung"].as<int>(), 1);
  EXPECT_EQ(rows[1]["known"].as<int>(), 6);
  EXPECT_TRUE(rows[1]["tau_top"].is_null());
  EXPECT_TRUE(rows[1]["tau_error"].is_null());
  EXPECT_THAT(Column(OfCells("SELECT rung FROM nascent_v1.rung_trust")), SizeIs(0));
  EXPECT_THAT(Column(absl::StrCat("SELECT concat(finished, ' ', scored) FROM nascent_v1.searches "
                                  "WHERE id = ",
                                  funnel_)),
              ElementsAre("8 12"));
}

TEST_F(Views, TheReaderCanWriteNothing) {
  const std::vector<std::string> views = Column(kViewNames);
  ASSERT_FALSE(views.empty());
  std::vector<std::string> writes = {"CREATE TABLE public.mine (x int)",
                                     "CREATE TABLE nascent_v1.mine (x int)",
                                     "CREATE TABLE nascent.mine (x int)",
                                     "CREATE SCHEMA mine",
                                     "INSERT INTO nascent.requests VALUES ('a', 'b', 1, now())",
                                     "DELETE FROM nascent.trials",
                                     "SELECT * FROM nascent.trials FOR UPDATE"};
  for (const std::string& view : views) {
    writes.push_back(absl::StrCat("DELETE FROM nascent_v1.", view));
    writes.push_back(absl::StrCat("TRUNCATE nascent_v1.", view));
    writes.push_back(absl::StrCat("DROP VIEW nascent_v1.", view));
  }
  for (const std::string& write : writes) {
    pqxx::connection connection(cluster_->UrlOf("nascent_reader", "reader"));
    pqxx::nontransaction work(connection);
    // The role's own default only guards against mistakes; privileges must do.
    work.exec("SET default_transaction_read_only = off");
    EXPECT_THROW(work.exec(write), pqxx::sql_error) << write;
  }
}

TEST_F(Views, TheLeaderboardIsFeasibleAndSorted) {
  EXPECT_THAT(
      Column(OfCells("SELECT trial_number FROM nascent_v1.leaderboard") + " ORDER BY rank, 1"),
      ElementsAre("4", "5", "6", "2", "1"));
  EXPECT_THAT(Column(OfCells("SELECT rank FROM nascent_v1.leaderboard") + " ORDER BY rank"),
              ElementsAre("1", "2", "2", "4", "5"));
}

TEST_F(Views, TheParetoFrontHoldsWhatNothingBeats) {
  EXPECT_THAT(Column(OfCells("SELECT trial_number FROM nascent_v1.pareto_front") + " ORDER BY 1"),
              ElementsAre("1", "2", "4"));
  EXPECT_THAT(Column(OfCells("SELECT objectives ->> 'parameters' FROM nascent_v1.pareto_front") +
                     " ORDER BY trial_number"),
              ElementsAre("10", "20", "40"));
}

TEST_F(Views, AGenotypeHasNamesAndValues) {
  EXPECT_THAT(
      Column(OfCells("SELECT genotype FROM nascent_v1.trials") + " ORDER BY number LIMIT 3"),
      ElementsAre("{\"node1\": \"zero\", \"recipe.batch\": 64, "
                  "\"recipe.optimizer.sgd.learning_rate\": 0.25}",
                  "{\"node1\": 3, \"recipe.batch\": 65, "
                  "\"recipe.optimizer.sgd.learning_rate\": 0.25}",
                  "{\"node1\": true, \"recipe.batch\": 66, "
                  "\"recipe.optimizer.sgd.learning_rate\": 0.25}"));
  // Where nothing was decided there is nothing to name.
  EXPECT_THAT(
      Column(absl::StrCat("SELECT genotype FROM nascent_v1.trials WHERE search_id = ", shares_)),
      ElementsAre(""));
}

TEST_F(Views, MeasurementsAreReadAsTheyCount) {
  PostgresStore store(cluster_->url());
  const auto curve = store.LoadMeasurements(cells_, 4, 5, "training_loss");
  ASSERT_TRUE(curve.ok()) << curve.status();
  // Trial 5 crashed once: what it measured before was measured again.
  ASSERT_EQ(curve->size(), 2u);
  EXPECT_EQ((*curve)[0].trial_number, 5);
  EXPECT_EQ((*curve)[0].measurement.value(), 2.0);
  EXPECT_EQ((*curve)[1].measurement.epoch(), 2);
  // A shared trial has those of the one that made its result.
  const auto shared = store.LoadMeasurements(shares_, 0, 1, "");
  ASSERT_TRUE(shared.ok()) << shared.status();
  EXPECT_EQ(shared->size(), 4u);
  EXPECT_EQ(store.LoadMeasurements(cells_, 0, 100, "none")->size(), 0u);
}

TEST_F(Views, ATrialShowsItsFinalTestBesideItsTraining) {
  const pqxx::result rows = Read(
      absl::StrCat("SELECT metrics ->> 'test_accuracy', metrics ->> 'validation_accuracy', state"
                   " FROM nascent_v1.trials WHERE id = ",
                   winner_));
  EXPECT_STREQ(rows[0][0].c_str(), "0.88");
  EXPECT_STREQ(rows[0][1].c_str(), "0.9");
  EXPECT_STREQ(rows[0][2].c_str(), "SUCCEEDED");
}

TEST_F(Views, MeasurementsOfLostAttemptsDoNotCount) {
  EXPECT_THAT(Column(OfCells("SELECT counts FROM nascent_v1.measurements") + " AND value = 99"),
              ElementsAre("f"));
}

TEST_F(Views, ASharedTrialNamesWhereItsResultComesFrom) {
  const pqxx::result rows = Read(absl::StrCat(
      "SELECT l.ancestor_id, t.metrics ->> 'validation_accuracy' FROM nascent_v1.lineage AS l"
      " JOIN nascent_v1.trials AS t ON t.id = l.trial_id WHERE l.relation = 'SHARED'"
      " AND l.search_id = ",
      shares_));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0][0].as<int64_t>(), winner_);
  EXPECT_STREQ(rows[0][1].c_str(), "0.9");
}

// The blocks of docs/sql.md.
std::vector<std::string> DocumentedQueries() {
  std::ifstream file(NASCENT_SOURCE_FOLDER "/docs/sql.md");
  std::vector<std::string> queries;
  std::string line;
  bool inside = false;
  while (std::getline(file, line)) {
    if (line == "```sql") {
      queries.emplace_back();
      inside = true;
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      queries.back() += line + "\n";
    }
  }
  return queries;
}

TEST_F(Views, EveryDocumentedQueryRunsAndShowsSomething) {
  std::vector<std::string> queries = DocumentedQueries();
  ASSERT_GE(queries.size(), 10u);
  for (std::string& query : queries) {
    // The newest search of this database has only a shared trial.
    const std::string newest = "(SELECT max(id) FROM nascent_v1.searches)";
    for (size_t at = query.find(newest); at != std::string::npos; at = query.find(newest)) {
      query.replace(at, newest.size(), std::to_string(cells_));
    }
    EXPECT_GT(Read(query).size(), 0u) << query;
  }
}

TEST_F(Views, TheIdleShareOfASlotIsInTheDocumentation) {
  EXPECT_THAT(DocumentedQueries(), ::testing::Contains(HasSubstr("AS idle_percent")));
}

}  // namespace
}  // namespace nascent::storage
