#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "common/picture/draw.h"
#include "common/picture/filter.h"
#include "common/picture/gnuplot.h"

namespace nascent::picture {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Script(Format format) { return StyleScript(format, "a title") + "plot x\n"; }

TEST(Filter, GivesWhatTheProgramWroteAndNothingElse) {
  EXPECT_EQ(*RunFilter({"sh", "-c", "cat; echo remark >&2"}, "text"), "text");
  const auto failed = RunFilter({"sh", "-c", "echo why >&2; exit 3"}, "");
  EXPECT_EQ(failed.status(), absl::InternalError("sh ended with status 3: why"));
  EXPECT_TRUE(absl::IsNotFound(RunFilter({"no-such-program"}, "").status()));
}

TEST(Draw, WritesEveryFormat) {
  const std::pair<const char*, const char*> formats[] = {
      {".png", "\x89PNG"}, {".svg", "<?xml"}, {".pdf", "%PDF"}};
  for (const auto& [ending, start] : formats) {
    const std::string path = ::testing::TempDir() + "picture-test" + ending;
    for (int program = 0; program < 2; ++program) {
      const absl::Status drawn = program == 0 ? DrawWithGnuplot(Script(*FormatOf(path)), path)
                                              : DrawWithGraphviz("digraph { a -> b }", path);
      ASSERT_TRUE(drawn.ok()) << drawn;
      EXPECT_THAT(Read(path), StartsWith(start));
      std::remove(path.c_str());
    }
  }
  EXPECT_TRUE(absl::IsInvalidArgument(FormatOf("a.gif").status()));
}

TEST(Draw, AFullDiskAnUnknownFolderAndABrokenScriptAreErrors) {
  const std::string path = ::testing::TempDir() + "full.png";
  std::remove(path.c_str());
  ASSERT_EQ(symlink("/dev/full", path.c_str()), 0);
  EXPECT_TRUE(absl::IsResourceExhausted(DrawWithGnuplot(Script(Format::kPng), path)));
  EXPECT_TRUE(absl::IsResourceExhausted(DrawWithGraphviz("digraph {}", path)));
  std::remove(path.c_str());
  EXPECT_TRUE(absl::IsNotFound(DrawWithGnuplot(Script(Format::kPng), "/none/a.png")));
  EXPECT_THAT(DrawWithGnuplot("plot nonsense(", path).ToString(), HasSubstr("gnuplot"));
  EXPECT_FALSE(std::ifstream(path).is_open());
}

TEST(Gnuplot, GetsItsTextsQuoted) {
  EXPECT_EQ(Quoted("a\"; system('x') #\\\n"), "\"a\\\"; system('x') #\\\\ \"");
  EXPECT_EQ(AxisTitle("validation_accuracy"), "validation accuracy (%)");
  EXPECT_EQ(AxisTitle("published_parameters"), "published parameters");
}

}  // namespace
}  // namespace nascent::picture
