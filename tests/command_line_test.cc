// What the command line does before it asks any service: which one it means, and where its output
// goes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/process.h"

namespace nascent::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Nascent() { return ProgramFolder() + "/nascent"; }

Finished RunNascent(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), Nascent());
  return RunToEnd(arguments);
}

// In a shell, for its redirections.
Finished Shell(const std::string& arguments) {
  return RunToEnd({"/bin/sh", "-c", Nascent() + " " + arguments});
}

TEST(CommandLine, AFolderOnWhichNothingRunsIsNeverAnotherService) {
  const TemporaryFolder folder;
  for (const char* command : {"list", "cancel 3", "delete 3", "workers", "data list", "best 1"}) {
    const Finished refused = Shell("--data-dir " + folder.path() + " " + command);
    EXPECT_EQ(refused.exit_code, 5) << command << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("no service runs on " + folder.path())) << command;
    const Finished environment = RunToEnd(
        {"/bin/sh", "-c",
         "NASCENT_DATA_DIR=" + folder.path() + " " + Nascent() + " " + std::string(command)});
    EXPECT_EQ(environment.exit_code, 5) << command << environment.err;
    EXPECT_THAT(environment.err, HasSubstr("no service runs on " + folder.path())) << command;
  }
  // What was named last and nearest counts more than the environment.
  const Finished both = RunToEnd(
      {"/bin/sh", "-c",
       "NASCENT_SERVER=127.0.0.1:1 " + Nascent() + " --data-dir " + folder.path() + " list"});
  EXPECT_THAT(both.err, HasSubstr("no service runs on "));
  std::ofstream(folder.path() + "/file") << "x";
  EXPECT_EQ(RunNascent({"--data-dir", folder.path() + "/file", "list"}).exit_code, 5);
}

TEST(CommandLine, SimulateKeepsTheContractOfAllCommands) {
  const Finished absent =
      RunNascent({"--output", "json", "simulate", "nosuch.yaml", "--table", "nosuch.csv"});
  EXPECT_EQ(absent.exit_code, 3);
  EXPECT_THAT(absent.out + absent.err, HasSubstr("\"code\": \"NOT_FOUND\""));
}

TEST(CommandLine, AddressesThatCannotBeAreRefusedWithAHint) {
  const Finished six = RunNascent({"--server", "::1:7301", "list"});
  EXPECT_EQ(six.exit_code, 2);
  EXPECT_THAT(six.err, HasSubstr("[::1]:7301"));
  const Finished web = RunNascent({"--server", "http://localhost:7301", "list"});
  EXPECT_EQ(web.exit_code, 2);
  EXPECT_THAT(web.err, AllOf(HasSubstr("without http://"), HasSubstr(": localhost:7301")));
  EXPECT_EQ(RunNascent({"--server", "127.0.0.1:1,nowhere", "list"}).exit_code, 2);
  const Finished environment =
      RunToEnd({"/bin/sh", "-c", "NASCENT_SERVER=http://h:1 " + Nascent() + " list"});
  EXPECT_EQ(environment.exit_code, 2);
  EXPECT_THAT(environment.err, HasSubstr("NASCENT_SERVER"));
}

TEST(CommandLine, AnExportOfTwoThingsAtOnceOrOfNoneIsRefused) {
  const std::string to = ::testing::TempDir() + "/nascent_export";
  using Words = std::vector<std::string>;
  for (const auto& [words, reason] : std::vector<std::pair<Words, std::string>>{
           {{}, "SEARCH is required"},
           {{"--code"}, "--code requires --genotype"},
           {{"--code", "--genotype", "@resnet"}, "--space is required"},
           {{"x", "--genotype", "y"}, "--genotype requires --code"},
           {{"x", "--set", "a=1"}, "--set requires --code"},
           {{"x", "--space", "nas-bench-201"}, "--space requires --code"},
           {{"x", "--trial", "0"}, "--trial"},
           {{"x", "--code", "--trial", "3", "--genotype", "@resnet"}, "--trial excludes --code"},
           {{"x", "--code", "--space", "y", "--genotype", "@resnet"}, "--space excludes x"}}) {
    Words all = {"export", "--to", to};
    all.insert(all.end(), words.begin(), words.end());
    const Finished refused = RunNascent(all);
    EXPECT_EQ(refused.exit_code, 2) << reason;
    EXPECT_THAT(refused.err, HasSubstr(reason));
  }
  EXPECT_FALSE(std::filesystem::exists(to));
}

TEST(CommandLine, ADetachedServiceFailsWithItsOwnReasonAndCode) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() + "/file") << "x";
  const Finished nowhere = RunNascent(
      {"--data-dir", folder.path() + "/none", "up", "--detach", "--listen", "256.1.1.1:1"});
  EXPECT_NE(nowhere.exit_code, 0);
  EXPECT_NE(nowhere.exit_code, 1) << nowhere.err;
  EXPECT_EQ(nowhere.err.find("[INTERNAL]"), std::string::npos) << nowhere.err;
}

TEST(CommandLine, OutputThatDoesNotArriveIsAnError) {
  for (const char* command :
       {"space list", "space list --output json", "space show nas-bench-201",
        "space describe darts", "space sample nas-bench-201 -n 3", "space check nas-bench-201",
        "space count nas-bench-201", "space draw nas-bench-201", "--help", "--version", "",
        "down --data-dir /tmp/nascent-none"}) {
    const Finished full = Shell(std::string(command) + " > /dev/full");
    EXPECT_EQ(full.exit_code, 1) << command;
    EXPECT_THAT(full.err, HasSubstr("cannot write to standard output: No space left on device"))
        << command;
  }
  EXPECT_THAT(Shell("space list --output json > /dev/full").err,
              HasSubstr("\"code\": \"RESOURCE_EXHAUSTED\""));
}

}  // namespace
}  // namespace nascent::testing
