#include "client/local/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace nascent::local {
namespace {

using ::testing::HasSubstr;

TEST(Process, IsRecognisedByItsStartTime) {
  const auto self = FindProcess(getpid());
  ASSERT_TRUE(self.has_value());
  EXPECT_TRUE(IsAlive(*self));
  EXPECT_FALSE(IsAlive({self->pid, self->start_time + 1}));
  EXPECT_FALSE(FindProcess(-1).has_value());
}

TEST(Process, GivesOutputAndTakesInput) {
  ProgramSpec spec;
  spec.command = {"/bin/cat"};
  spec.input = "hello\n";
  const auto output = RunProgram(spec);
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(*output, "hello\n");
}

TEST(Process, TellsHowAProgramFailed) {
  ProgramSpec spec;
  spec.command = {"/bin/sh", "-c", "echo why >&2; exit 3"};
  const auto output = RunProgram(spec);
  EXPECT_THAT(std::string(output.status().message()), HasSubstr("exit status 3:\nwhy"));
  spec.command = {"/nonexistent/program"};
  EXPECT_TRUE(absl::IsNotFound(RunProgram(spec).status()));
  EXPECT_TRUE(absl::IsNotFound(Spawn(spec).status()));
}

TEST(Process, SeesTheEnvironmentThatItIsGiven) {
  ProgramSpec spec;
  spec.command = {"/bin/sh", "-c", "echo $NASCENT_TEST_WORD"};
  spec.environment = {"NASCENT_TEST_WORD=yes"};
  EXPECT_EQ(RunProgram(spec).value_or(""), "yes\n");
}

TEST(Process, EndsOnASignal) {
  ProgramSpec spec;
  spec.command = {"/bin/sleep", "100"};
  const auto process = Spawn(spec);
  ASSERT_TRUE(process.ok()) << process.status();
  EXPECT_TRUE(IsAlive(*process));
  EXPECT_FALSE(WaitForEnd(*process, absl::Milliseconds(1)));
  EndProcess(*process, SIGTERM, absl::Seconds(10));
  EXPECT_FALSE(IsAlive(*process));
}

TEST(Process, IsKilledWithItsGroupWhenItDoesNotListen) {
  ProgramSpec spec;
  spec.command = {"/bin/sh", "-c", "trap '' TERM; sleep 100"};
  const auto process = Spawn(spec);
  ASSERT_TRUE(process.ok()) << process.status();
  EndProcess(*process, SIGTERM, absl::Milliseconds(200));
  EXPECT_FALSE(IsAlive(*process));
}

TEST(Process, GivesTheLastLinesOfALog) {
  const std::string path = testing::TempDir() + "process-log";
  std::FILE* file = std::fopen(path.c_str(), "w");
  std::fputs("one\ntwo\n\nthree\n", file);
  std::fclose(file);
  EXPECT_EQ(LastLines(path, 2), "two\nthree");
  EXPECT_EQ(LastLines(path + ".none", 2), "");
  std::remove(path.c_str());
}

}  // namespace
}  // namespace nascent::local
