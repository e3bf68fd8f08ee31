// docs/space-language.md against the code: every example is read and built, every word is there.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "common/space/language/elaborator.h"
#include "common/space/sampler.h"
#include "common/space/space.h"

namespace nascent::space {
namespace {

struct Example {
  std::string fence;  // "yaml", "yaml error", "text"
  std::string text;
  int line = 0;
};

std::string Page(const std::string& name) {
  std::ifstream file(std::string(NASCENT_SOURCE_DIR) + "/docs/" + name);
  EXPECT_TRUE(file.good()) << name;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<Example> Examples(const std::string& page) {
  std::vector<Example> examples;
  std::stringstream lines(page);
  std::string line;
  bool inside = false;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.rfind("```", 0) == 0) {
      inside = !inside;
      if (inside) examples.push_back({line.substr(3), "", number});
    } else if (inside) {
      examples.back().text += line + "\n";
    }
  }
  return examples;
}

class Manual : public testing::TestWithParam<const char*> {};

TEST_P(Manual, EveryExampleIsReadSampledBuiltAndWritten) {
  int count = 0;
  for (const Example& example : Examples(Page(GetParam()))) {
    if (example.fence != "yaml") continue;
    ++count;
    SCOPED_TRACE(std::string(GetParam()) + ":" + std::to_string(example.line));
    const absl::StatusOr<std::shared_ptr<const Space>> space =
        Space::Parse(example.text, "example", {.input = {3, 16, 16}, .training_parts = true});
    ASSERT_TRUE(space.ok()) << space.status();
    RandomStream random(1, 1);
    for (int i = 0; i < 20; ++i) {
      const absl::StatusOr<Genotype> genotype = Sample(**space, random);
      ASSERT_TRUE(genotype.ok()) << genotype.status();
      for (const std::string& text : {(*space)->Print(*genotype), (*space)->PrintJson(*genotype)}) {
        const absl::StatusOr<Genotype> back = (*space)->Read(text);
        ASSERT_TRUE(back.ok()) << text << "\n" << back.status();
        EXPECT_EQ(*back, *genotype) << text;
      }
    }
  }
  EXPECT_GE(count, 1);
}

TEST_P(Manual, EveryErrorExampleGivesTheMessageBelowIt) {
  const std::vector<Example> examples = Examples(Page(GetParam()));
  for (size_t i = 0; i < examples.size(); ++i) {
    if (examples[i].fence != "yaml error") continue;
    ASSERT_LT(i + 1, examples.size());
    const absl::Status status = Space::Parse(examples[i].text, "example", {}).status();
    std::string expected = examples[i + 1].text;
    while (!expected.empty() && expected.back() == '\n') expected.pop_back();
    EXPECT_EQ(std::string(status.message()).substr(0, expected.size()), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Pages, Manual, testing::Values("space-language.md", "own-space.md"));

TEST(LanguageManual, HasEveryWordOfTheLanguage) {
  const std::string page = Page("space-language.md");
  for (const std::string& word : LanguageWords()) {
    const bool found =
        page.find("`" + word) != std::string::npos || page.find(word + ":") != std::string::npos;
    EXPECT_TRUE(found) << word;
  }
}

}  // namespace
}  // namespace nascent::space
