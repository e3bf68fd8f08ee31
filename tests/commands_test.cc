// What people and programs do with searches that run and that have run, through the command line on
// a real service. The evaluator is a quick one.

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/support/service.h"

namespace nascent::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

google::protobuf::Value Json(const std::string& text) {
  google::protobuf::Value value;
  const auto status = google::protobuf::util::JsonStringToMessage(text, &value);
  EXPECT_TRUE(status.ok()) << status.ToString() << ": " << text.substr(0, 500);
  return value;
}

google::protobuf::Value Field(const google::protobuf::Value& object, const std::string& name) {
  const auto& fields = object.struct_value().fields();
  EXPECT_TRUE(fields.contains(name)) << name;
  return fields.contains(name) ? fields.at(name) : google::protobuf::Value();
}

constexpr char kSpace[] = "space: {preset: nas-bench-201, set: {channels: 4, cells: 1}}\n";

// One service and one worker for all tests of this file.
class Commands : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    service_ = new Service();
    service_->StartCoordinator();
    service_->WaitUntilServing();
    service_->AddTinyDataset("tiny", 100);
    setenv("NASCENT_FAKE_EPOCH_MS", "100", 1);
    service_->StartWorker("only", {"--evaluator", NASCENT_FAKE_EVALUATOR});
    service_->WaitForWorkers(1);
  }
  static void TearDownTestSuite() {
    delete service_;
    service_ = nullptr;
  }

  static Finished Run(const std::vector<std::string>& arguments, const std::string& input = "") {
    return service_->Run(arguments, input);
  }
  // Must succeed.
  static google::protobuf::Value RunJson(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--output", "json"});
    const Finished finished = Run(arguments);
    EXPECT_EQ(finished.exit_code, 0) << arguments[0] << ": " << finished.err << service_->Logs();
    return Json(finished.out);
  }

  static std::string File(const std::string& name, int trials) {
    return service_->WriteFile(
        name + ".yaml",
        "name: " + name + "\n" + kSpace +
            "data: {dataset: tiny, train: 50, validation: 20}\n"
            "objectives: [{metric: validation_accuracy, goal: maximize}, {metric: parameters, "
            "goal: minimize}]\n"
            "strategy: {regularized_evolution: {population: 3, sample: 2}}\n"
            "sharing: \"off\"\n"
            "recipe: {epochs: 2}\n"
            "budget: {trials: " +
            std::to_string(trials) + "}\n");
  }
  static void Submit(const std::string& name, int trials) {
    const Finished submitted = Run({"submit", File(name, trials)});
    ASSERT_EQ(submitted.exit_code, 0) << submitted.err;
  }
  static std::string State(const std::string& name) {
    return Field(RunJson({"show", name}), "state").string_value();
  }
  static double FinishedTrials(const std::string& name) {
    return Field(Field(RunJson({"show", name}), "progress"), "finished").number_value();
  }
  // A search of six trials that has ended; made once.
  static void AwaitDone() {
    if (Run({"show", "done"}).exit_code == 0) return;
    const Finished watched = Run({"submit", File("done", 6), "--watch"});
    ASSERT_EQ(watched.exit_code, 0) << watched.err << service_->Logs();
    EXPECT_THAT(watched.out, AllOf(HasSubstr("#6 SUCCEEDED"), HasSubstr("COMPLETED")));
  }

  static Service* service_;
};

Service* Commands::service_ = nullptr;

TEST_F(Commands, ASearchIsPausedResumedCancelledAndDeleted) {
  Submit("steered", 500);
  ASSERT_TRUE(WaitFor([] { return FinishedTrials("steered") >= 1; }, 20)) << service_->Logs();
  EXPECT_EQ(Run({"resume", "steered"}).exit_code, 0);  // it runs: nothing to do
  const Finished too_early = Run({"delete", "steered"});
  EXPECT_EQ(too_early.exit_code, 4);
  EXPECT_THAT(too_early.err, AllOf(HasSubstr("FAILED_PRECONDITION"), HasSubstr("cancel")));

  EXPECT_EQ(Field(RunJson({"pause", "steered"}), "state").string_value(), "PAUSED");
  // What ran goes on to its end, nothing new starts.
  ASSERT_TRUE(WaitFor(
      [] {
        return Field(Field(RunJson({"show", "steered"}), "progress"), "running").number_value() ==
               0;
      },
      20));
  const double finished = FinishedTrials("steered");
  EXPECT_EQ(service_->Sql("SELECT count(*) FROM nascent_v1.attempts WHERE state = 'RUNNING'"), "0");
  EXPECT_EQ(Field(RunJson({"resume", "steered"}), "state").string_value(), "RUNNING");
  ASSERT_TRUE(WaitFor([&] { return FinishedTrials("steered") > finished; }, 20));

  EXPECT_EQ(Field(RunJson({"cancel", "steered"}), "state").string_value(), "CANCELLED");
  for (const char* command : {"pause", "resume"}) {
    const Finished refused = Run({command, "steered"});
    EXPECT_EQ(refused.exit_code, 4) << command;
    EXPECT_THAT(refused.err, HasSubstr("CANCELLED")) << command;
  }
  // Its results stay until it is deleted.
  EXPECT_EQ(Run({"best", "steered"}).exit_code, 0);
  EXPECT_EQ(Run({"watch", "steered"}).exit_code, 6);
  EXPECT_EQ(Run({"delete", "steered"}).exit_code, 0);
  EXPECT_EQ(Run({"show", "steered"}).exit_code, 3);
  EXPECT_EQ(service_->Sql("SELECT count(*) FROM nascent_v1.trials AS t LEFT JOIN "
                          "nascent_v1.searches AS s ON s.id = t.search_id WHERE s.id IS NULL"),
            "0");
}

TEST_F(Commands, ListsShowHowFarEachSearchIsAndItsBest) {
  AwaitDone();
  Submit("listed", 500);
  ASSERT_TRUE(WaitFor([] { return FinishedTrials("listed") >= 2; }, 20));
  const google::protobuf::Value list = RunJson({"list"});
  for (const auto& search : list.list_value().values()) {
    const std::string name = Field(search, "name").string_value();
    if (name != "done" && name != "listed") continue;
    EXPECT_GT(Field(search, "leaders").list_value().values_size(), 0) << name;
    EXPECT_EQ(Field(Field(search, "progress"), "remaining_seconds").has_number_value(), true);
  }
  EXPECT_THAT(Run({"list"}).out, AllOf(HasSubstr("6/6"), HasSubstr("/500"), HasSubstr(" %")));
  const google::protobuf::Value one = RunJson({"list", "--limit", "1"});
  ASSERT_EQ(one.list_value().values_size(), 1);
  EXPECT_EQ(Field(one.list_value().values(0), "name").string_value(), "listed");
  EXPECT_EQ(Run({"cancel", "listed"}).exit_code, 0);
}

TEST_F(Commands, ShownSearchFilesCanBeSubmittedAgain) {
  AwaitDone();
  const std::string shown = Run({"show", "done"}).out;
  const std::string title = "Search file\n";
  const size_t file = shown.find(title);
  ASSERT_NE(file, std::string::npos) << shown;
  const Finished checked = Run({"submit", "-", "--check"}, shown.substr(file + title.size()));
  EXPECT_EQ(checked.exit_code, 0) << checked.err << shown;
}

TEST_F(Commands, TheTimeLeftIsRightWithinAFactorOfTwoOnceAThirdIsDone) {
  Submit("timed", 18);
  struct Estimate {
    double wall, left;
  };
  std::vector<Estimate> estimates;
  double end = 0;
  ASSERT_TRUE(WaitFor(
      [&] {
        const google::protobuf::Value search = RunJson({"show", "timed"});
        const google::protobuf::Value progress = Field(search, "progress");
        const double finished = Field(progress, "finished").number_value();
        if (Field(search, "state").string_value() != "RUNNING") {
          // When the last trial ended; the final test comes after it.
          end = std::stod(
              service_->Sql("SELECT extract(epoch FROM max(t.finished_at) - min(s.created_at)) "
                            "FROM nascent_v1.trials AS t JOIN nascent_v1.searches AS s ON s.id = "
                            "t.search_id WHERE s.name = 'timed'"));
          return true;
        }
        if (finished >= 6 && finished <= 12) {
          estimates.push_back({Field(progress, "wall_seconds").number_value(),
                               Field(progress, "remaining_seconds").number_value()});
        }
        return false;
      },
      60));
  ASSERT_GT(estimates.size(), 3u);
  for (const Estimate& estimate : estimates) {
    const double left = end - estimate.wall;
    EXPECT_LE(estimate.left, 2 * left) << "after " << estimate.wall << " s";
    EXPECT_GE(estimate.left, left / 2) << "after " << estimate.wall << " s";
  }
}

TEST_F(Commands, TrialsAreSelectedAndSortedAndTellTheirLineage) {
  AwaitDone();
  const google::protobuf::Value sorted =
      RunJson({"trials", "done", "--sort", "parameters", "--limit", "3", "--state", "succeeded"});
  ASSERT_EQ(sorted.list_value().values_size(), 3);
  double last = 0;
  for (const auto& trial : sorted.list_value().values()) {
    const double parameters = Field(Field(trial, "metrics"), "parameters").number_value();
    EXPECT_GE(parameters, last);
    last = parameters;
  }
  EXPECT_EQ(RunJson({"trials", "done", "--state", "failed"}).list_value().values_size(), 0);
  const Finished unknown = Run({"trials", "done", "--sort", "beauty"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, AllOf(HasSubstr("beauty"), HasSubstr("validation_accuracy")));
  const google::protobuf::Value ancestors = RunJson({"lineage", "done", "6"});
  EXPECT_GT(ancestors.list_value().values_size(), 1);
  EXPECT_EQ(Run({"lineage", "done", "7"}).exit_code, 3);
}

TEST_F(Commands, TheFrontHoldsWhatNothingBeats) {
  AwaitDone();
  const google::protobuf::Value front = RunJson({"pareto", "done"});
  ASSERT_GT(front.list_value().values_size(), 0);
  const auto value = [](const google::protobuf::Value& trial, const char* metric) {
    return Field(Field(trial, "metrics"), metric).number_value();
  };
  const google::protobuf::Value trials = RunJson({"trials", "done"});
  for (const auto& trial : trials.list_value().values()) {
    for (const auto& best : front.list_value().values()) {
      EXPECT_FALSE(value(trial, "validation_accuracy") > value(best, "validation_accuracy") &&
                   value(trial, "parameters") < value(best, "parameters"));
    }
  }
  EXPECT_EQ(service_->Sql("SELECT count(*) FROM nascent_v1.pareto_front AS f JOIN "
                          "nascent_v1.searches AS s ON s.id = f.search_id WHERE s.name = 'done'"),
            std::to_string(front.list_value().values_size()));
}

TEST_F(Commands, PicturesAreDrawnToFilesAndOnTheTerminal) {
  AwaitDone();
  const std::string png = service_->folder() + "/picture.png";
  const std::string svg = service_->folder() + "/picture.svg";
  const Finished drawn = Run({"plot", "done", "--to", png, "--to", svg, "--x", "number"});
  ASSERT_EQ(drawn.exit_code, 0) << drawn.err;
  EXPECT_THAT(drawn.out, AllOf(HasSubstr("validation accuracy"), HasSubstr("★"), HasSubstr(png)));
  EXPECT_THAT(RunToEnd({"/usr/bin/head", "-c", "4", png}).out, StartsWith("\x89PNG"));
  EXPECT_THAT(RunToEnd({"/usr/bin/head", "-c", "600", svg}).out, HasSubstr("<svg"));
  EXPECT_EQ(Run({"plot", "done", "--x", "beauty", "--terminal"}).exit_code, 2);
  EXPECT_EQ(Run({"plot", "done", "--to", "picture.gif"}).exit_code, 2);
  EXPECT_EQ(Run({"plot", "done", "--terminal", "--to", png}).exit_code, 2);
  const std::string pdf = service_->folder() + "/picture.pdf";
  EXPECT_EQ(Run({"plot", "--to", pdf, "done", "--curves"}).exit_code, 0);
  EXPECT_THAT(RunToEnd({"/usr/bin/head", "-c", "4", pdf}).out, StartsWith("%PDF"));
  EXPECT_EQ(Run({"plot", "done", "--to", pdf, "--x", "node1"}).exit_code, 2);
  EXPECT_EQ(Run({"plot", "done", "done", "--to", pdf}).exit_code, 0);
  const Finished nowhere = Run({"plot", "done", "--to", service_->folder() + "/none/picture.png"});
  EXPECT_NE(nowhere.exit_code, 0);
  EXPECT_THAT(nowhere.err, AllOf(HasSubstr("cannot write"), HasSubstr("No such file")));
}

TEST_F(Commands, OneTrialIsShownWholeAndItsGenotypeCanBeGivenBack) {
  const std::string file = service_->WriteFile(
      "joint.yaml", std::string("name: joint\n") + kSpace +
                        "data: {dataset: tiny, train: 50, validation: 20}\n"
                        "recipe: {epochs: 3}\n"
                        "decisions: {recipe.batch: {choice: [16, 32]}, "
                        "recipe.optimizer.sgd.learning_rate: {log_uniform: [0.01, 0.5]}}\n"
                        "strategy: random\nbudget: {trials: 50000}\n");
  ASSERT_EQ(Run({"submit", file}).exit_code, 0);
  ASSERT_TRUE(WaitFor([] { return FinishedTrials("joint") >= 2; }, 20)) << service_->Logs();
  const google::protobuf::Value shown = RunJson({"show", "joint", "2"});
  const google::protobuf::Value decisions = Field(shown, "decisions");
  const double batch = Field(decisions, "recipe.batch").number_value();
  EXPECT_TRUE(batch == 16 || batch == 32) << batch;
  EXPECT_GT(Field(decisions, "recipe.optimizer.sgd.learning_rate").number_value(), 0.0);
  // Six edges of a cell beside the two of the recipe.
  EXPECT_EQ(decisions.struct_value().fields_size(), 8);
  EXPECT_GE(Field(shown, "measurements").list_value().values_size(), 3);
  // Each output that names a genotype names what was searched of the recipe.
  EXPECT_THAT(Run({"trials", "joint"}).out,
              AllOf(HasSubstr("batch="), HasSubstr("learning_rate=")));
  EXPECT_THAT(Run({"best", "joint"}).out, AllOf(HasSubstr("batch"), HasSubstr("learning rate")));
  const std::string text = Run({"show", "joint", "2"}).out;
  EXPECT_THAT(text, AllOf(HasSubstr("Decisions"), HasSubstr("How it learned")));
  const std::string genotype = text.substr(text.rfind('{'));
  const std::string svg = service_->folder() + "/trial.svg";
  const Finished drawn =
      Run({"space", "draw", "nas-bench-201", "--genotype", genotype, "--to", svg});
  EXPECT_EQ(drawn.exit_code, 0) << drawn.err;
  EXPECT_EQ(Run({"draw", "joint", "2", "--to", svg, "--overview"}).exit_code, 0);
  EXPECT_EQ(Run({"draw", "joint", "4000", "--to", svg}).exit_code, 3);
  const Finished added = Run({"enqueue", "joint", genotype});
  EXPECT_EQ(added.exit_code, 0) << added.err;
  EXPECT_THAT(added.out, HasSubstr("1 trial added"));
  EXPECT_EQ(Run({"enqueue", "joint", "nonsense"}).exit_code, 2);
  // More than a request takes: the first thousand are trials when the next one is refused.
  std::string many;
  for (int i = 0; i < 1000; ++i) many += genotype.substr(0, genotype.find('\n')) + "\n";
  const Finished parts =
      Run({"enqueue", "joint", "--from", service_->WriteFile("many.txt", many + "nonsense\n")});
  EXPECT_EQ(parts.exit_code, 2);
  EXPECT_THAT(parts.err, HasSubstr("the first 1000 genotypes were added before, as #"));
  EXPECT_EQ(Run({"cancel", "joint"}).exit_code, 0);
  EXPECT_EQ(Run({"enqueue", "joint", genotype}).exit_code, 4);
}

TEST_F(Commands, ADataSetIsRemovedWhenNothingNeedsIt) {
  service_->AddTinyDataset("passing", 60);
  const std::string file =
      service_->WriteFile("needs.yaml", std::string("name: needs\n") + kSpace +
                                            "data: {dataset: passing, train: 30, validation: 20}\n"
                                            "budget: {trials: 500}\n");
  ASSERT_EQ(Run({"submit", file}).exit_code, 0);
  const Finished refused = Run({"data", "remove", "passing"});
  EXPECT_EQ(refused.exit_code, 4);
  EXPECT_THAT(refused.err, HasSubstr("(needs)"));
  ASSERT_EQ(Run({"cancel", "needs"}).exit_code, 0);
  const Finished removed = Run({"data", "remove", "passing"});
  EXPECT_EQ(removed.exit_code, 0) << removed.err;
  EXPECT_EQ(Run({"data", "remove", "passing"}).exit_code, 3);
  EXPECT_EQ(Run({"data", "list"}).out.find("passing"), std::string::npos);
}

TEST_F(Commands, AWatchEndsWithACancelledSearch) {
  for (int i = 0; i < 5; ++i) {
    const std::string name = "watched" + std::to_string(i);
    Submit(name, 500);
    Process watch({ProgramFolder() + "/nascent", "--server", service_->Address(0), "watch", name},
                  service_->folder() + "/watch.log");
    ASSERT_TRUE(WaitFor([&] { return FinishedTrials(name) >= 1; }, 20));
    EXPECT_EQ(Run({"cancel", name}).exit_code, 0);
    EXPECT_TRUE(WaitFor([&] { return !watch.Running(); }, 20)) << name;
  }
}

TEST_F(Commands, WeightsAreFetchedOfEveryWinnerAndIntoWhatTheyAreGiven) {
  AwaitDone();
  const std::string file = service_->folder() + "/weights";
  const Finished best = Run({"best", "done", "--weights", file});
  ASSERT_EQ(best.exit_code, 0) << best.err;
  const int64_t winner =
      static_cast<int64_t>(Field(RunJson({"best", "done"}), "number").number_value());
  EXPECT_EQ(Run({"best", "done", "--trial", std::to_string(winner), "--weights", file}).exit_code,
            0);
  const Finished other =
      Run({"best", "done", "--trial", std::to_string(winner == 1 ? 2 : 1), "--weights", file});
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_THAT(other.err, HasSubstr("there are those of #" + std::to_string(winner)));
  EXPECT_EQ(Run({"best", "done", "--weights", "/dev/full"}).exit_code, 1);
  EXPECT_EQ(Run({"best", "done", "--weights", "/dev/null"}).exit_code, 0);
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST_F(Commands, SqlAnswersAsJsonWhateverTheStatementIs) {
  AwaitDone();
  const std::string url = service_->postgres().url();
  const auto ask = [&](const std::string& query) {
    return Run({"sql", "--database", url, "--output", "json", query});
  };
  const Finished plan = ask("explain select * from trials");
  EXPECT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_GT(Json(plan.out).list_value().values_size(), 1);
  EXPECT_THAT(ask("show search_path").out, HasSubstr("nascent_v1"));
  EXPECT_THAT(ask("select 1 as a;").out, HasSubstr("\"a\":1"));
  EXPECT_EQ(ask("select 1 as a; -- the end").exit_code, 0);
  // Errors are those of the text that was written.
  const Finished two = ask("select 1; select 2");
  EXPECT_EQ(two.exit_code, 2);
  EXPECT_THAT(two.err, HasSubstr("multiple commands"));
  const Finished wrong = ask("select nothing from trials");
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, AllOf(HasSubstr("nothing"), Not(HasSubstr("json_agg"))));
}

TEST_F(Commands, SqlReadsAndWritesNothing) {
  AwaitDone();
  const std::string url = service_->postgres().url();
  const Finished counted =
      Run({"sql", "--database", url, "--output", "json",
           "SELECT count(*) AS trials FROM trials AS t JOIN searches AS s ON s.id = t.search_id "
           "WHERE s.name = 'done'"});
  ASSERT_EQ(counted.exit_code, 0) << counted.err;
  EXPECT_EQ(Field(Json(counted.out).list_value().values(0), "trials").number_value(), 6);
  const Finished role = Run({"sql", "--database", url, "SELECT current_user"});
  EXPECT_THAT(role.out, HasSubstr("nascent_reader"));
  for (const char* query :
       {"DELETE FROM nascent.trials", "CREATE TABLE mine (a int)",
        "SET default_transaction_read_only = off; DELETE FROM nascent.trials", "SELEKT 1"}) {
    const Finished refused = Run({"sql", "--database", url, query});
    EXPECT_NE(refused.exit_code, 0) << query;
    EXPECT_THAT(refused.err, HasSubstr("ERROR")) << query;
  }
  const Finished nonsense = Run({"sql", "--database", "postgresql://[", "SELECT 1"});
  EXPECT_EQ(nonsense.exit_code, 2);
  EXPECT_THAT(nonsense.err, HasSubstr("--database"));
}

TEST_F(Commands, SqlKeepsThePasswordOffPsqlsCommandLine) {
  const std::string url = service_->postgres().url();
  const std::string user = "//nascent:";
  const size_t begin = url.find(user) + user.size();
  const std::string password = url.substr(begin, url.find('@') - begin);
  ASSERT_FALSE(password.empty());
  const Finished shown = Run({"sql", "--database", url, "\\! tr '\\0' ' ' < /proc/$PPID/cmdline"});
  EXPECT_THAT(shown.out, HasSubstr("psql -X"));
  EXPECT_THAT(shown.out, Not(HasSubstr(password)));
}

}  // namespace
}  // namespace nascent::testing
