#include "common/text/testing/page_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace nascent::text::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(PageCheck, AFailureShowsTheCommandAndOnlyWhatDiffers) {
  const std::string path = ::testing::TempDir() + "/page_check.md";
  std::ofstream(path) << "title\nold\nend\n";
  EXPECT_TRUE(PageHolds(path, "title\nold\nend\n", "some_test"));
  EXPECT_THAT(PageHolds(path, "title\nnew\nmore\nend\n", "some_test").message(),
              AllOf(HasSubstr("NASCENT_WRITE_DOCS=1 build/release/bin/some_test\n"),
                    HasSubstr("from line 2 on:\n-old\n+new\n+more\n"), Not(HasSubstr("title")),
                    Not(HasSubstr("end\n"))));
  std::remove(path.c_str());
  EXPECT_FALSE(PageHolds(path, "", "some_test"));
}

TEST(PageCheck, ADifferenceOfManyLinesIsCutShort) {
  EXPECT_EQ(Difference("a\n1\n2\n3\nz\n", "a\nz\n", 2),
            "from line 2 on:\n-1\n-2\n-... 1 lines more\n");
}

}  // namespace
}  // namespace nascent::text::testing
