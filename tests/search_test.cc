// One real search, end to end: real programs, real training, real PostgreSQL.

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "tests/support/generic_client.h"
#include "tests/support/service.h"

namespace nascent::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

google::protobuf::Value Json(const std::string& text) {
  google::protobuf::Value value;
  const auto status = google::protobuf::util::JsonStringToMessage(text, &value);
  EXPECT_TRUE(status.ok()) << status.ToString() << ": " << text.substr(0, 500);
  return value;
}

const google::protobuf::Value& Field(const google::protobuf::Value& object,
                                     const std::string& name) {
  static const google::protobuf::Value kAbsent;
  const auto& fields = object.struct_value().fields();
  const auto found = fields.find(name);
  EXPECT_NE(found, fields.end()) << name;
  return found == fields.end() ? kAbsent : found->second;
}

std::string SearchFile(const std::string& name, int trials) {
  return "name: " + name +
         "\n"
         "space: {preset: nas-bench-201, set: {channels: 4, cells: 1}}\n"
         "data: {dataset: tiny, train: 300, validation: 100}\n"
         "recipe: {epochs: 1, batch: 50}\n"
         "objectives: [{metric: validation_accuracy, goal: maximize}]\n"
         "strategy: {regularized_evolution: {population: 4, sample: 2}}\n"
         "final: {top: 1, test: true}\n"
         "seed: 7\n"
         "deterministic: true\n"
         "sharing: \"off\"\n"
         "budget: {trials: " +
         std::to_string(trials) + ", parallel: 1}\n";
}

class Search : public ::testing::Test {
 protected:
  Search() {
    service_.StartCoordinator();
    service_.WaitUntilServing();
    service_.AddTinyDataset("tiny");
    service_.StartWorker("alone");
    service_.WaitForWorkers(1);
  }

  // Submits and waits for the end.
  void Run(const std::string& name, int trials) {
    const Finished finished =
        service_.Run({"submit", service_.WriteFile(name + ".yaml", SearchFile(name, trials)),
                      "--watch", "--output", "json"});
    ASSERT_EQ(finished.exit_code, 0) << finished.err << service_.Logs();
    ASSERT_EQ(service_.Sql("SELECT state FROM nascent_v1.searches WHERE name = '" + name + "'"),
              "COMPLETED")
        << service_.Logs();
  }

  std::vector<google::protobuf::Value> Trials(const std::string& name) {
    const Finished listed = service_.Run({"trials", name, "--output", "json"});
    EXPECT_EQ(listed.exit_code, 0) << listed.err;
    const google::protobuf::Value list = Json(listed.out);
    const google::protobuf::Value& trials = list.has_list_value() ? list : Field(list, "trials");
    return {trials.list_value().values().begin(), trials.list_value().values().end()};
  }

  Service service_;
};

TEST_F(Search, TheSameFileAndSeedGiveTheSameGenotypesAndBitIdenticalAccuracies) {
  Run("first", 8);
  Run("second", 8);
  const std::vector<google::protobuf::Value> first = Trials("first"), second = Trials("second");
  ASSERT_EQ(first.size(), 8u);
  ASSERT_EQ(second.size(), 8u);
  std::set<double> accuracies;
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(Field(first[i], "genotype").string_value(),
              Field(second[i], "genotype").string_value());
    EXPECT_THAT(Field(first[i], "genotype").string_value(), HasSubstr("~0|+|"));
    EXPECT_EQ(Field(first[i], "state").string_value(), "SUCCEEDED");
    const double accuracy = Field(Field(first[i], "metrics"), "validation_accuracy").number_value();
    EXPECT_EQ(accuracy, Field(Field(second[i], "metrics"), "validation_accuracy").number_value());
    const double loss = Field(Field(first[i], "metrics"), "validation_loss").number_value();
    EXPECT_EQ(loss, Field(Field(second[i], "metrics"), "validation_loss").number_value());
    accuracies.insert(accuracy);
    for (const char* field :
         {"id", "number", "attempt", "worker", "key", "created_at", "finished_at", "error"}) {
      Field(first[i], field);
    }
  }
  EXPECT_GT(accuracies.size(), 1u);
}

TEST_F(Search, TheWinnerIsTestedAndItsWeightsCanBeTakenAway) {
  Run("winner", 4);
  const Finished best =
      service_.Run({"best", "winner", "--weights", service_.folder() + "/winner.safetensors",
                    "--output", "json"});
  ASSERT_EQ(best.exit_code, 0) << best.err << service_.Logs();
  EXPECT_THAT(best.out, HasSubstr("test_accuracy"));
  EXPECT_EQ(service_.Run({"best", "winner"}).exit_code, 0);
  const Finished bytes =
      RunToEnd({"/usr/bin/stat", "-c%s", service_.folder() + "/winner.safetensors"});
  EXPECT_GT(std::atoi(bytes.out.c_str()), 1000);
  const Finished plot = service_.Run({"plot", "winner", "--to", service_.folder() + "/winner.png"});
  EXPECT_EQ(plot.exit_code, 0) << plot.err;
}

TEST_F(Search, AnExportedWinnerRunsInPyTorchWithTheAccuracyThatWasMeasured) {
  Run("carried", 3);
  const std::string folder = service_.folder() + "/carried";
  const Finished exported = service_.Run({"export", "carried", "--to", folder});
  ASSERT_EQ(exported.exit_code, 0) << exported.err << service_.Logs();
  EXPECT_THAT(exported.out, HasSubstr("example.py"));
  const Finished checked =
      RunToEnd({NASCENT_PYTHON_WITH_TORCH, NASCENT_SOURCE_DIR "/tests/check_winner.py", folder,
                service_.folder() + "/test-images", service_.folder() + "/test-labels"});
  EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err;
  const Finished example = RunToEnd({NASCENT_PYTHON_WITH_TORCH, folder + "/example.py"});
  EXPECT_EQ(example.exit_code, 0) << example.err;
  EXPECT_THAT(example.out, HasSubstr("class "));
  // What is written can be read again, and nothing is replaced unasked.
  EXPECT_EQ(service_.Run({"submit", "--check", folder + "/search.yaml"}).exit_code, 0);
  const Finished again = service_.Run({"export", "carried", "--to", folder});
  EXPECT_EQ(again.exit_code, 4);
  EXPECT_THAT(again.err, HasSubstr("--force replaces it"));
  EXPECT_EQ(service_.Run({"export", "carried", "--to", folder, "--force"}).exit_code, 0);
  // A trial that is no winner has no weights; then nothing is written.
  const int winner = static_cast<int>(
      Field(Json(service_.Run({"best", "carried", "--output", "json"}).out), "number")
          .number_value());
  const std::string other = winner == 1 ? "2" : "1";
  const Finished none =
      service_.Run({"export", "carried", "--trial", other, "--to", folder + "-none"});
  EXPECT_EQ(none.exit_code, 3) << none.out;
  EXPECT_THAT(none.err, HasSubstr("there are those of #" + std::to_string(winner)));
  EXPECT_FALSE(std::filesystem::exists(folder + "-none"));
}

TEST_F(Search, TheReaderRoleReadsEveryViewAndWritesNothing) {
  Run("read", 2);
  const std::string views = service_.Sql(
      "SELECT string_agg(viewname, ' ') FROM pg_views WHERE schemaname = 'nascent_v1'");
  for (const char* view : {"searches", "trials", "attempts", "evaluations", "measurements",
                           "leaderboard", "pareto_front", "lineage", "workers"}) {
    EXPECT_THAT(views, HasSubstr(view));
    EXPECT_NO_THROW(
        service_.Sql(std::string("SET ROLE nascent_reader; SELECT * FROM nascent_v1.") + view));
    EXPECT_ANY_THROW(
        service_.Sql(std::string("SET ROLE nascent_reader; DELETE FROM nascent_v1.") + view));
  }
  EXPECT_ANY_THROW(service_.Sql("SET ROLE nascent_reader; CREATE TABLE nascent_v1.mine (a int)"));
  EXPECT_ANY_THROW(service_.Sql("SET ROLE nascent_reader; CREATE TABLE public.mine (a int)"));
}

TEST_F(Search, AGenericClientListsAndWatchesSearchesByReflection) {
  Run("generic", 2);
  GenericClient client(service_.Channel());
  EXPECT_THAT(client.Services(), Contains("nascent.v1.SearchService"));
  EXPECT_THAT(client.Services(), Contains("grpc.health.v1.Health"));
  const std::vector<std::string> listed =
      client.Call("nascent.v1.SearchService", "ListSearches", "{}");
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_THAT(listed[0], HasSubstr("generic"));
  const std::vector<std::string> watched =
      client.Call("nascent.v1.SearchService", "WatchSearch", R"({"search": {"name": "generic"}})");
  ASSERT_FALSE(watched.empty());
  EXPECT_THAT(watched.back(), HasSubstr("SEARCH_STATE_COMPLETED"));
}

}  // namespace
}  // namespace nascent::testing
