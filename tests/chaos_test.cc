// Real processes are killed, stopped and restarted under a running search, which must end as if
// nothing had happened. Trainings are those of the fake evaluator, so that only the service is
// tested.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

#include "tests/support/service.h"

namespace nascent::testing {
namespace {

constexpr int kTrials = 30;
constexpr int kEpochs = 5;
constexpr char kEpochMilliseconds[] = "400";

struct Attempt {
  std::string trial, task, attempt;
  bool operator<(const Attempt& other) const { return trial < other.trial; }
};

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

class Chaos : public ::testing::Test {
 protected:
  Chaos() {
    service_.StartCoordinator(0);
    service_.WaitUntilServing();
    service_.AddTinyDataset("tiny", 100);
    service_.StartCoordinator(1);
    setenv("NASCENT_FAKE_EPOCH_MS", kEpochMilliseconds, 1);
  }

  void StartWorker(const std::string& name) {
    service_.StartWorker(name, {"--evaluator", NASCENT_FAKE_EVALUATOR});
  }

  void Submit(const std::string& more, const std::string& name = "chaos") {
    const std::string file = service_.WriteFile(
        "search.yaml", "name: " + name +
                           "\n"
                           "space: {preset: nas-bench-201, set: {channels: 4, cells: 1}}\n"
                           "data: {dataset: tiny, train: 50, validation: 20}\n"
                           "objectives: [{metric: validation_accuracy, goal: maximize}]\n"
                           "strategy: {random: {}}\n"
                           "sharing: \"off\"\n" +
                           more);
    const Finished submitted = service_.Run({"submit", file});
    ASSERT_EQ(submitted.exit_code, 0) << submitted.err << service_.Logs();
  }

  bool AwaitState(const std::string& state, double seconds) {
    return WaitFor([&] { return service_.Sql("SELECT state FROM nascent_v1.searches") == state; },
                   seconds);
  }

  // What the worker is training now: an attempt that has just begun, of a trial that no fault has
  // hit so far.
  Attempt AwaitFreshAttempt(const std::string& worker) {
    Attempt found;
    const bool ok = WaitFor(
        [&] {
          const std::string row = service_.Sql(
              "SELECT trial_id, task_id, attempt FROM nascent_v1.attempts WHERE worker = '" +
              worker + "' AND state = 'RUNNING' AND kind = 'TRAIN' AND seconds < 1");
          const std::vector<std::string> parts = Split(row, '|');
          if (parts.size() != 3 || hit_.count(parts[0]) != 0) return false;
          found = {parts[0], parts[1], parts[2]};
          return true;
        },
        30);
    if (!ok) {
      throw std::runtime_error(
          worker + " trains nothing\n" + service_.Logs() +
          service_.Sql("SELECT number, state, attempt, worker, error FROM nascent_v1.trials") +
          "\n" +
          service_.Sql("SELECT trial_number, attempt, state, worker, seconds FROM "
                       "nascent_v1.attempts"));
    }
    hit_.insert(found.trial);
    return found;
  }

  std::string StateOf(const Attempt& attempt) {
    return service_.Sql("SELECT state FROM nascent_v1.attempts WHERE task_id = " + attempt.task +
                        " AND attempt = " + attempt.attempt);
  }

  void KillChild(const std::string& worker) {
    std::string state;
    // On a busy machine a trial may have ended just before the kill; then the next one is hit.
    for (int i = 0; i < 5 && state != "CRASHED"; ++i) {
      const Attempt attempt = AwaitFreshAttempt(worker);
      const std::vector<pid_t> children = service_.worker(worker).Children();
      ASSERT_EQ(children.size(), 1u);
      kill(children[0], SIGKILL);
      EXPECT_TRUE(WaitFor([&] { return StateOf(attempt) != "RUNNING"; }, 5));
      state = StateOf(attempt);
      EXPECT_TRUE(state == "CRASHED" || state == "SUCCEEDED") << state;
    }
    EXPECT_EQ(state, "CRASHED");
    EXPECT_TRUE(service_.worker(worker).Running());
  }

  // Started again at once, or only when its lease has run out.
  void KillWorker(const std::string& worker, bool at_once) {
    const Attempt attempt = AwaitFreshAttempt(worker);
    const std::vector<pid_t> children = service_.worker(worker).Children();
    service_.worker(worker).Kill();
    EXPECT_TRUE(WaitFor([&] { return kill(children.at(0), 0) != 0; }, 5)) << "its child lives on";
    if (!at_once) {
      EXPECT_TRUE(WaitFor([&] { return StateOf(attempt) == "EXPIRED"; }, 15)) << StateOf(attempt);
    }
    StartWorker(worker);
    EXPECT_TRUE(WaitFor([&] { return StateOf(attempt) != "RUNNING"; }, 15));
  }

  // The place of the coordinator that holds the term; -1: none does. A standby answers reads, too.
  int ActiveCoordinator() {
    const std::string pid = service_.Sql(
        "SELECT split_part(holder, '/', 2) FROM nascent_v1.coordinators WHERE ended_at IS NULL AND "
        "deadline > clock_timestamp()");
    for (const int place : {0, 1}) {
      if (std::to_string(service_.coordinator(place).pid()) == pid) return place;
    }
    return -1;
  }

  void KillCoordinator() {
    ASSERT_TRUE(WaitFor([&] { return ActiveCoordinator() >= 0; }, 15));
    const int active = ActiveCoordinator();
    service_.coordinator(active).Kill();
    EXPECT_TRUE(WaitFor([&] { return ActiveCoordinator() == 1 - active; }, 15)) << service_.Logs();
    service_.StartCoordinator(active);
    // The next fault finds a standby.
    EXPECT_TRUE(WaitFor([&] { return service_.Answers(active); }, 15)) << service_.Logs();
  }

  void CrashDatabase() {
    Remember();
    const absl::Status status = service_.postgres().CrashAndRestart();
    ASSERT_TRUE(status.ok()) << status;
  }

  // Measurements that are visible now were acknowledged, or may have been.
  void Remember() {
    const std::string rows = service_.Sql(kMeasurements);
    for (const std::string& row : Split(rows, '\n')) acknowledged_.insert(row);
  }

  // A worker is stopped past its lease and continued: its next report is fenced.
  Attempt Freeze(const std::string& worker) {
    const Attempt attempt = AwaitFreshAttempt(worker);
    service_.worker(worker).Signal(SIGSTOP);
    EXPECT_TRUE(WaitFor([&] { return StateOf(attempt) == "EXPIRED"; }, 20)) << StateOf(attempt);
    service_.worker(worker).Signal(SIGCONT);
    const std::string fenced =
        "SELECT count(*) > 0 FROM nascent_v1.fenced_reports WHERE task_id = " + attempt.task +
        " AND attempt = " + attempt.attempt;
    EXPECT_TRUE(WaitFor([&] { return service_.Sql(fenced) == "t"; }, 15)) << service_.Logs();
    EXPECT_EQ(StateOf(attempt), "EXPIRED");
    return attempt;
  }

  static constexpr char kMeasurements[] =
      "SELECT task_id, attempt, metric, step, value FROM nascent_v1.measurements";

  Service service_{{.coordinators = 2, .lease_seconds = 3, .term_seconds = 2}};
  std::set<std::string> hit_;
  std::set<std::string> acknowledged_;
};

TEST_F(Chaos, ThirtyTrialsEndSucceededAndCountedOnceWhateverIsKilled) {
  StartWorker("left");
  StartWorker("right");
  Submit("recipe: {epochs: " + std::to_string(kEpochs) +
         "}\nbudget: {trials: " + std::to_string(kTrials) + "}\n");
  const Attempt frozen = Freeze("left");
  for (const bool first : {true, false}) {
    KillChild(first ? "left" : "right");
    KillWorker(first ? "right" : "left", !first);
    KillCoordinator();
    CrashDatabase();
  }
  ASSERT_TRUE(AwaitState("COMPLETED", 120)) << service_.Logs();

  const std::string trials = std::to_string(kTrials);
  EXPECT_EQ(service_.Sql("SELECT count(*), count(DISTINCT number), max(number), "
                         "count(*) FILTER (WHERE state = 'SUCCEEDED') FROM nascent_v1.trials"),
            trials + "|" + trials + "|" + trials + "|" + trials);
  EXPECT_EQ(service_.Sql("SELECT finished FROM nascent_v1.searches"), trials);
  // Each was counted once: one attempt made its result, the strategy was told once.
  EXPECT_EQ(service_.Sql("SELECT count(*), count(DISTINCT trial_id) FROM nascent_v1.attempts "
                         "WHERE kind = 'TRAIN' AND state = 'SUCCEEDED'"),
            trials + "|" + trials);
  EXPECT_EQ(service_.Sql("SELECT count(*), count(DISTINCT trial_number) FROM nascent_v1.events "
                         "WHERE state IS NOT NULL"),
            trials + "|" + trials);
  // Every epoch of every trial was measured; where an attempt went on from a checkpoint of the one
  // before, by that one.
  EXPECT_EQ(service_.Sql("SELECT count(DISTINCT (trial_id, epoch)) FROM nascent_v1.measurements "
                         "WHERE kind = 'TRAIN' AND metric = 'validation_accuracy'"),
            std::to_string(kTrials * kEpochs));
  EXPECT_EQ(service_.Sql("SELECT count(*) FROM nascent_v1.measurements WHERE counts AND kind = "
                         "'TRAIN' AND metric = 'validation_accuracy' AND epoch = " +
                         std::to_string(kEpochs)),
            trials);
  // What was there before the database crashed is there still.
  std::set<std::string> present;
  for (const std::string& row : Split(service_.Sql(kMeasurements), '\n')) present.insert(row);
  EXPECT_TRUE(
      std::includes(present.begin(), present.end(), acknowledged_.begin(), acknowledged_.end()));
  EXPECT_GT(acknowledged_.size(), 0u);
  // The frozen attempt changed nothing: a later one made the result.
  EXPECT_EQ(service_.Sql("SELECT attempt > " + frozen.attempt +
                         " FROM nascent_v1.attempts WHERE "
                         "task_id = " +
                         frozen.task + " AND state = 'SUCCEEDED'"),
            "t");
  EXPECT_EQ(StateOf(frozen), "EXPIRED");
  // Both coordinators served, one after the other.
  EXPECT_GE(std::stoi(service_.Sql("SELECT count(*) FROM nascent_v1.coordinators")), 3);
  EXPECT_EQ(service_.Sql("SELECT count(*) FROM nascent_v1.attempts WHERE kind = 'FINAL_TEST' AND "
                         "state = 'SUCCEEDED'"),
            "1");
}

TEST_F(Chaos, ACandidateThatKillsItsChildFailsAsPoisonAfterThreeAttemptsAndTheRestGoOn) {
  setenv("NASCENT_FAKE_EPOCH_MS", "20", 1);
  StartWorker("left");
  StartWorker("right");
  // The fake evaluator dies of a segmentation fault where cutout is 1.
  Submit(
      "recipe: {epochs: 2}\n"
      "decisions: {recipe.augmentation.cutout: {choice: [0, 1]}}\n"
      "budget: {trials: 12}\n");
  ASSERT_TRUE(AwaitState("COMPLETED", 60)) << service_.Logs();
  const std::string poison = "(recipe #>> '{augmentation,cutout}') IS NOT DISTINCT FROM '1'";
  const int poisoned =
      std::stoi(service_.Sql("SELECT count(*) FROM nascent_v1.trials WHERE " + poison));
  ASSERT_GT(poisoned, 0);
  ASSERT_LT(poisoned, 12);
  EXPECT_EQ(service_.Sql("SELECT count(*) FROM nascent_v1.trials WHERE " + poison +
                         " AND state = 'FAILED' AND failure = 'POISON' AND attempt = 3"),
            std::to_string(poisoned));
  EXPECT_EQ(service_.Sql("SELECT count(*) FROM nascent_v1.trials WHERE NOT " + poison +
                         " AND state = 'SUCCEEDED' AND attempt = 1"),
            std::to_string(12 - poisoned));
  EXPECT_EQ(service_.Sql("SELECT count(*) FROM nascent_v1.attempts WHERE state = 'CRASHED' AND "
                         "error LIKE '%signal 11%'"),
            std::to_string(3 * poisoned));
  EXPECT_TRUE(service_.worker("left").Running());
  EXPECT_TRUE(service_.worker("right").Running());
}

TEST_F(Chaos, AWorkerThatIsAskedToEndGivesItsTaskBackUncharged) {
  StartWorker("left");
  Submit("recipe: {epochs: 100}\nbudget: {trials: 2}\n");
  const Attempt attempt = AwaitFreshAttempt("left");
  service_.worker("left").Signal(SIGTERM);
  EXPECT_EQ(service_.worker("left").Wait(), 0);
  EXPECT_EQ(StateOf(attempt), "RELEASED");
  EXPECT_EQ(service_.Sql("SELECT charged FROM nascent_v1.attempts WHERE attempt = 1"), "f");
  StartWorker("right");
  EXPECT_TRUE(WaitFor(
      [&] {
        return service_.Sql(
                   "SELECT count(*) FROM nascent_v1.attempts WHERE worker = 'right' AND "
                   "attempt = 2 AND state = 'RUNNING'") == "1";
      },
      20))
      << service_.Logs();
}

TEST_F(Chaos, ConnectionsToTheDatabaseThatAreCutCostTwoRunningSearchesNoAttempt) {
  StartWorker("left");
  StartWorker("right");
  const std::string each = "recipe: {epochs: 3}\nbudget: {trials: 4, parallel: 1}\n";
  Submit(each, "one");
  Submit(each, "other");
  int cut = 0;
  for (const char* worker : {"left", "right", "left"}) {
    AwaitFreshAttempt(worker);
    cut += std::stoi(service_.Sql(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = "
        "'client backend' AND pid <> pg_backend_pid()"));
  }
  EXPECT_GE(cut, 4);  // Of two coordinators, more than once.
  const std::string completed =
      "SELECT count(*) FROM nascent_v1.searches WHERE state = 'COMPLETED' AND finished = 4";
  ASSERT_TRUE(WaitFor([&] { return service_.Sql(completed) == "2"; }, 60)) << service_.Logs();
  EXPECT_EQ(service_.Sql("SELECT count(*) FROM nascent_v1.trials WHERE state = 'SUCCEEDED' AND "
                         "attempt = 1"),
            "8");
  EXPECT_EQ(service_.Sql("SELECT count(*) FROM nascent_v1.attempts WHERE state <> 'SUCCEEDED'"),
            "0");
  EXPECT_EQ(service_.Sql("SELECT count(DISTINCT (trial_id, epoch)) FROM nascent_v1.measurements "
                         "WHERE counts AND kind = 'TRAIN' AND metric = 'validation_accuracy'"),
            "24");
  for (const char* worker : {"left", "right"}) EXPECT_TRUE(service_.worker(worker).Running());
}

}  // namespace
}  // namespace nascent::testing
