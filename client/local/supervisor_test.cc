#include "client/local/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

namespace nascent::local {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class SupervisorTest : public ::testing::Test {
 protected:
  SupervisorTest() : supervisor_([this](const std::string& line) { events_.push_back(line); }) {
    supervisor_.OnChange([this](const std::map<std::string, ProcessId>& now) { processes_ = now; });
  }

  static SupervisedProgram Shell(const std::string& name, const std::string& script) {
    SupervisedProgram program;
    program.name = name;
    program.program.command = {"/bin/sh", "-c", script};
    program.grace = absl::Seconds(5);
    return program;
  }

  std::vector<std::string> events_;
  std::map<std::string, ProcessId> processes_;
  Supervisor supervisor_;
};

TEST_F(SupervisorTest, StartsAgainWhatWasKilled) {
  ASSERT_TRUE(supervisor_.Start(Shell("a", "exec sleep 100")).ok());
  ASSERT_TRUE(supervisor_.Start(Shell("b", "exec sleep 100")).ok());
  const ProcessId first = processes_.at("a");
  kill(first.pid, SIGKILL);
  const absl::Status status = supervisor_.RunUntil("b", absl::Seconds(20), [&]() -> absl::Status {
    if (processes_.contains("a") && !(processes_["a"] == first)) return absl::OkStatus();
    return absl::UnavailableError("not yet");
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(events_, Contains(HasSubstr("was ended by signal 9, starts again in 200ms")));
  supervisor_.Stop();
  EXPECT_TRUE(processes_.empty());
}

TEST_F(SupervisorTest, TellsWhyAProgramDiedWhileItWasWaitedFor) {
  SupervisedProgram program = Shell("a", "echo port in use; exit 1");
  program.program.log = testing::TempDir() + "supervisor-log";
  ASSERT_TRUE(supervisor_.Start(program).ok());
  const absl::Status status = supervisor_.RunUntil(
      "a", absl::Seconds(20), [] { return absl::UnavailableError("not yet"); });
  EXPECT_TRUE(absl::IsAborted(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("port in use"));
  supervisor_.Stop();
  unlink(program.program.log.c_str());
}

TEST_F(SupervisorTest, GivesUpWaitingAfterTheTimeout) {
  ASSERT_TRUE(supervisor_.Start(Shell("a", "exec sleep 100")).ok());
  EXPECT_TRUE(absl::IsDeadlineExceeded(supervisor_.RunUntil(
      "a", absl::Milliseconds(10), [] { return absl::UnavailableError("not yet"); })));
  EXPECT_TRUE(absl::IsInternal(
      supervisor_.RunUntil("a", absl::Seconds(20), [] { return absl::InternalError("broken"); })));
  supervisor_.Stop();
}

TEST_F(SupervisorTest, EndsWhenASignalAsks) {
  ASSERT_TRUE(supervisor_.Start(Shell("a", "exec sleep 100")).ok());
  kill(getpid(), SIGTERM);
  EXPECT_EQ(supervisor_.Run(), SIGTERM);
  supervisor_.Stop();
}

TEST_F(SupervisorTest, EndsProgramsInReverseOrderAndFamiliesTogether) {
  const std::string log = testing::TempDir() + "supervisor-order";
  unlink(log.c_str());
  for (const std::string name : {"base", "worker-1", "worker-2"}) {
    SupervisedProgram program = Shell(name, "trap 'echo " + name + "; exit 0' TERM; echo up-" +
                                                name + "; while :; do sleep 0.05; done");
    program.program.log = log;
    ASSERT_TRUE(supervisor_.Start(program).ok());
  }
  ASSERT_TRUE(supervisor_
                  .RunUntil("base", absl::Seconds(20),
                            [&]() -> absl::Status {
                              const std::string said = LastLines(log, 10);
                              for (const char* name : {"up-base", "up-worker-1", "up-worker-2"}) {
                                if (said.find(name) == std::string::npos) {
                                  return absl::UnavailableError("not yet");
                                }
                              }
                              return absl::OkStatus();
                            })
                  .ok());
  supervisor_.Stop();
  EXPECT_EQ(LastLines(log, 1), "base");
  EXPECT_TRUE(processes_.empty());
  unlink(log.c_str());
}

}  // namespace
}  // namespace nascent::local
