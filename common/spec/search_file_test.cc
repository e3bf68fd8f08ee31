#include "common/spec/search_file.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace nascent::spec {
namespace {

using ::testing::HasSubstr;

// The example of the documentation.
constexpr std::string_view kSearch = R"(name: fashion-cells
space: {preset: nas-bench-201, set: {channels: 8, cells: 1}}
data: {dataset: fashion-mnist, train: 10000, validation: 5000}
recipe: {epochs: 1, batch: 128, optimizer: {sgd: {learning_rate: 0.1, momentum: 0.9}},
         schedule: cosine}
decisions: {recipe.optimizer.sgd.learning_rate: {log_uniform: [0.01, 0.5]}}
objectives: [{metric: validation_accuracy, goal: maximize}, {metric: parameters, goal: minimize}]
constraints: [{metric: multiply_accumulates, at_most: 20e6}]
final: {top: 1, test: true}
strategy: {regularized_evolution: {population: 20, sample: 5}}
budget: {trials: 60, parallel: 2}
seed: 7
sharing: project
)";

std::string SearchError(std::string_view text, std::string_view name = "s.yaml") {
  const auto file = ParseSearchFile(text, name);
  return file.ok() ? "" : std::string(file.status().message());
}

class SearchFileOnDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_ / "spaces");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, std::string_view content) {
    std::ofstream(folder_ / name) << content;
    return (folder_ / name).string();
  }

  std::filesystem::path folder_;
};

TEST(SearchFile, ReadsTheSameSearchFromYamlJsonAndTextFormat) {
  const auto yaml = ParseSearchFile(kSearch, "s.yaml");
  ASSERT_TRUE(yaml.ok()) << yaml.status();
  EXPECT_EQ(yaml->spec.sharing(), v1::SHARING_PROJECT);

  std::string json;
  ASSERT_TRUE(google::protobuf::util::MessageToJsonString(yaml->spec, &json).ok());
  const auto from_json = ParseSearchFile(json, "s.json");
  ASSERT_TRUE(from_json.ok()) << from_json.status();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(yaml->spec, from_json->spec));

  const auto from_text = ParseSearchFile(yaml->spec.DebugString(), "s.textproto");
  ASSERT_TRUE(from_text.ok()) << from_text.status();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(yaml->spec, from_text->spec));
  EXPECT_EQ(from_text->source.LineOf("space.preset"), 3);
  EXPECT_GT(from_text->source.LineOf("objectives[1].metric"),
            from_text->source.LineOf("objectives[0].metric"));
}

TEST(SearchFile, NamesTheLineOfAnErrorInTheTextFormat) {
  EXPECT_THAT(SearchError("name: \"a\"\nbudgets { }\n", "s.textproto"),
              HasSubstr("s.textproto:2: not the text format: "));
}

TEST(SearchFile, WantsExactlyOneSpace) {
  EXPECT_EQ(SearchError("name: a\nspace: {set: {channels: 8}}\n"),
            "s.yaml:2: space: found none, expected exactly one of preset, file, template");
  EXPECT_THAT(SearchError("name: a\nspace: {preset: a, file: b}\n"),
              HasSubstr("found preset and file"));
  EXPECT_THAT(SearchError("name: a\n"), HasSubstr("s.yaml: space: found none"));
}

TEST(SearchFile, RefusesWhatIsNoSearchAtAll) {
  EXPECT_THAT(SearchError("- a\n- b\n"), HasSubstr("s.yaml:1: found a list of 2"));
  EXPECT_THAT(SearchError("hello\n"), HasSubstr("expected the fields of a search"));
}

TEST_F(SearchFileOnDisk, TakesTheTemplateFromBesideTheSearchFile) {
  Write("spaces/mine.yaml", "name: mine\n");
  const auto file = ReadSearchFile(Write("s.yaml", "name: a\nspace: {file: spaces/mine.yaml}\n"));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->spec.space().template_(), "name: mine\n");
  EXPECT_EQ(file->spec.space().file(), "");
  EXPECT_EQ(file->template_path, (folder_ / "spaces/mine.yaml").string());
}

TEST_F(SearchFileOnDisk, NamesATemplateThatIsNotThere) {
  const auto file = ReadSearchFile(Write("s.yaml", "name: a\nspace:\n  file: none.yaml\n"));
  EXPECT_THAT(std::string(file.status().message()), HasSubstr("s.yaml:3: space.file: cannot open"));
}

TEST_F(SearchFileOnDisk, RefusesAHugeFileWithoutReadingIt) {
  const std::string path = Write("s.yaml", "name: a\n");
  std::filesystem::resize_file(path, 100 << 20);
  const auto file = ReadSearchFile(path);
  EXPECT_THAT(std::string(file.status().message()), HasSubstr("at most that many are allowed"));
}

TEST(SearchFile, BytesThatAreNoTextAreRefusedInEveryForm) {
  EXPECT_EQ(SearchError("name: x\n# Gr\xFC\xDF"
                        "e\n"),
            "s.yaml:2: found the byte 0xFC, which is no UTF-8: save the file as UTF-8");
  EXPECT_EQ(SearchError("name: \"x\"\n# \xFC\n", "s.textproto"),
            "s.textproto:2: found the byte 0xFC, which is no UTF-8: save the file as UTF-8");
  // Escapes of the text format name any byte.
  EXPECT_EQ(SearchError("name: \"x\"\nspace { preset: \"a\" }\nstrategy { struct_value { fields {\n"
                        "key: \"tpe\" value { string_value: \"\\xff\" } } } }\n",
                        "s.textproto"),
            "s.textproto:3: strategy.tpe: found \"\\xff\", which is no UTF-8 text");
}

TEST_F(SearchFileOnDisk, ATemplateInAnotherEncodingIsNamedWithItsLine) {
  const std::string path = Write("s.yaml", "name: x\nspace: {file: t.yaml}\n");
  const std::string space = Write("t.yaml",
                                  "name: t\n# Gr\xFC\xDF"
                                  "e\n");
  EXPECT_EQ(ReadSearchFile(path).status().message(),
            space + ":2: found the byte 0xFC, which is no UTF-8: save the file as UTF-8");
}

}  // namespace
}  // namespace nascent::spec
