#include "tests/support/process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

namespace nascent::testing {
namespace {

TEST(RunToEnd, PassesInputAndGivesBothOutputsAndTheExitCode) {
  const std::string big(300000, 'x');  // more than a pipe holds
  const Finished finished = RunToEnd({"/bin/sh", "-c", "cat; echo oops >&2; exit 3"}, big);
  EXPECT_EQ(finished.out, big);
  EXPECT_EQ(finished.err, "oops\n");
  EXPECT_EQ(finished.exit_code, 3);
}

TEST(Process, KilledProgramsAreReportedWithTheirSignal) {
  TemporaryFolder folder;
  Process process({"/bin/sh", "-c", "echo started; exec sleep 100"}, folder.path() + "/log");
  EXPECT_TRUE(process.Running());
  process.Kill();
  EXPECT_FALSE(process.Running());
  EXPECT_EQ(process.Wait(), 128 + SIGKILL);
}

}  // namespace
}  // namespace nascent::testing
