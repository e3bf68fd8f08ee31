// The example of every preset, and that of a space of one's own, is submitted to a real service and
// trained, on tiny data.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "tests/support/service.h"

namespace nascent::testing {
namespace {

using ::testing::HasSubstr;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The line that starts with `field` is replaced by `line`.
std::string WithLine(const std::string& text, const std::string& field, const std::string& line) {
  const size_t start = text.find("\n" + field);
  EXPECT_NE(start, std::string::npos) << field;
  std::string changed = text;
  return changed.replace(start + 1, text.find('\n', start + 1) - start - 1, line);
}

// Registers the images of the tiny data with the masks of the example: bright pixels.
void AddMasks(Service& service, const std::string& name) {
  for (const std::string split : {"train", "test"}) {
    std::string masks = ReadFile(service.folder() + "/" + split + "-images");
    std::for_each(masks.begin() + 16, masks.end(), [](char& pixel) {
      pixel = static_cast<unsigned char>(pixel) > 63 ? '\1' : '\0';
    });
    service.WriteFile(split + "-masks", masks);
  }
  const Finished added = service.Run({"data", "add", name, "--kind", "image-segmentation",
                                      "--train-examples", service.folder() + "/train-images",
                                      "--train-labels", service.folder() + "/train-masks",
                                      "--test-examples", service.folder() + "/test-images",
                                      "--test-labels", service.folder() + "/test-masks"});
  ASSERT_EQ(added.exit_code, 0) << added.err;
}

TEST(PresetExamples, AreSearchedEndToEnd) {
  Service service;
  service.StartCoordinator();
  service.WaitUntilServing();
  service.AddTinyDataset("tiny", 100);
  ASSERT_NO_FATAL_FAILURE(AddMasks(service, "tiny-masks"));
  const Finished added =
      service.Run({"data", "add", "penguins", "--format", "csv",
                   std::string(NASCENT_EXAMPLES) + "/penguins.csv", "--target", "species"});
  ASSERT_EQ(added.exit_code, 0) << added.err;
  service.StartWorker("first");
  service.StartWorker("second");
  service.WaitForWorkers(2);

  std::vector<std::filesystem::path> files = {NASCENT_EXAMPLES "/own-space/search.yaml",
                                              NASCENT_EXAMPLES "/penguins.yaml"};
  service.WriteFile("two-streams.yaml", ReadFile(NASCENT_EXAMPLES "/own-space/two-streams.yaml"));
  for (const auto& entry : std::filesystem::directory_iterator(NASCENT_EXAMPLES "/presets")) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  ASSERT_EQ(files.size(), 2 + 12);
  for (const auto& path : files) {
    const std::string name = path.filename();
    std::string text = ReadFile(path);
    const bool masks = text.find("fashion-mnist-masks") != std::string::npos;
    if (text.find("penguins") == std::string::npos) {
      text = WithLine(text, "data:",
                      "data: {dataset: tiny" + std::string(masks ? "-masks" : "") +
                          ", train: 64, validation: 32}");
    }
    text = WithLine(text, "budget:", "budget: {trials: 1}\nfinal: {test: false}");
    const Finished finished = service.Run({"submit", service.WriteFile(name, text)});
    ASSERT_EQ(finished.exit_code, 0) << name << ": " << finished.err;
  }

  const std::string all = std::to_string(files.size());
  EXPECT_TRUE(WaitFor(
      [&] {
        return service.Sql("SELECT count(*) FROM nascent_v1.searches WHERE state = 'COMPLETED'") ==
               all;
      },
      240))
      << service.Sql("SELECT name, state FROM nascent_v1.searches ORDER BY 1");
  EXPECT_EQ(service.Sql("SELECT s.name, t.number, t.state, t.error FROM nascent_v1.trials AS t "
                        "JOIN nascent_v1.searches AS s ON s.id = t.search_id "
                        "WHERE t.state NOT IN ('SUCCEEDED', 'SHARED')"),
            "");
  // What an example is about was measured.
  EXPECT_EQ(service.Sql("SELECT count(*) FROM nascent_v1.trials AS t JOIN nascent_v1.searches AS s "
                        "ON s.id = t.search_id WHERE s.name = 'unet' AND "
                        "(t.metrics ->> 'validation_mean_iou')::float8 BETWEEN 0 AND 1"),
            "1");

  // Of three cells that are scored one is trained for an epoch, of three of these one for all
  // three. One slot, so that it is known which they are.
  std::string funnel = ReadFile(NASCENT_EXAMPLES "/zero-cost-funnel.yaml");
  funnel = WithLine(funnel, "data:", "data: {dataset: tiny, train: 64, validation: 32}");
  funnel = WithLine(funnel, "strategy:", "strategy: {asha: {reduction_factor: 3}}");
  funnel = WithLine(funnel, "budget:", "budget: {trials: 4, parallel: 1}");
  const Finished searched = service.Run({"submit", service.WriteFile("funnel.yaml", funnel)});
  ASSERT_EQ(searched.exit_code, 0) << searched.err;
  EXPECT_TRUE(WaitFor(
      [&] {
        return service.Sql(
                   "SELECT state FROM nascent_v1.searches WHERE name = "
                   "'zero-cost-funnel'") == "COMPLETED";
      },
      120));
  EXPECT_EQ(service.Sql("SELECT string_agg(concat_ws(' ', rung, scored, trained), ', ' ORDER BY "
                        "rung) FROM (SELECT t.rung, count(t.metrics -> 'synflow') AS scored, "
                        "count(t.metrics -> 'validation_accuracy') AS trained FROM "
                        "nascent_v1.trials AS t JOIN nascent_v1.searches AS s ON s.id = "
                        "t.search_id WHERE s.name = 'zero-cost-funnel' GROUP BY 1) AS rungs"),
            "0 9 0, 1 0 3, 2 0 1");
}

}  // namespace
}  // namespace nascent::testing
