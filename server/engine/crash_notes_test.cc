#include "server/engine/crash_notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "server/engine/testing/harness.h"

namespace nascent::engine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::Harness;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ToySpec;

volatile int bottom = 0;
int Recurse(int depth) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(depth);
  if (depth == bottom) return 1;
  return Recurse(depth + 1) + frame[0];
}

class CrashNotesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = ::testing::TempDir() + "/crash_notes_" +
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove(path_);
  }

  void Write(const std::string& text) { std::ofstream(path_, std::ios::app) << text; }
  static std::string Line(const SearchName& search, int signal) {
    return "search " + std::to_string(search.id) + " created " +
           std::to_string(absl::ToUnixMicros(search.created_at)) + " signal " +
           std::to_string(signal) + " at 1700000000\n";
  }

  const SearchName search_ = {7, absl::FromUnixMicros(1764300000123456)};
  std::string path_;
};

bool Ended(int status) { return status != 0; }

TEST_F(CrashNotesTest, ADeathIsNotedForTheSearchThatItsThreadWorkedFor) {
  EXPECT_EXIT(
      {
        CrashNotes::Open(path_)->NoteCrashes();
        const InCare outer({3, absl::UnixEpoch()});
        const InCare care(search_);
        std::abort();
      },
      Ended, "");
  const auto notes = CrashNotes::Open(path_);
  ASSERT_TRUE(notes.ok()) << notes.status();
  EXPECT_THAT(SignalsOf(notes->Read(), search_), ElementsAre(SIGABRT));
  EXPECT_THAT(SignalsOf(notes->Read(), {3, absl::UnixEpoch()}), IsEmpty());
  EXPECT_THAT(SignalsOf(notes->Read(), {7, search_.created_at + absl::Milliseconds(20)}),
              ElementsAre(SIGABRT));
  // Of another database.
  EXPECT_THAT(SignalsOf(notes->Read(), {7, absl::UnixEpoch()}), IsEmpty());
}

TEST_F(CrashNotesTest, AFullStackIsNotedToo) {
  EXPECT_EXIT(
      {
        CrashNotes::Open(path_)->NoteCrashes();
        const InCare care(search_);
        bottom = -1;
        Recurse(0);
      },
      Ended, "");
  EXPECT_THAT(SignalsOf(CrashNotes::Open(path_)->Read(), search_), ElementsAre(SIGSEGV));
}

TEST_F(CrashNotesTest, WorkForNoSearchIsNotNoted) {
  EXPECT_EXIT(
      {
        CrashNotes::Open(path_)->NoteCrashes();
        { const InCare care(search_); }
        std::abort();
      },
      Ended, "");
  EXPECT_EQ(std::filesystem::file_size(path_), 0u);
}

TEST_F(CrashNotesTest, LinesThatCantBeReadArePassedOver) {
  Write("a word\n" + Line(search_, SIGFPE) + "search 7 created x signal 11 at 1\n\n");
  Write(Line(search_, SIGSEGV) + "search 7");
  EXPECT_THAT(SignalsOf(CrashNotes::Open(path_)->Read(), search_), ElementsAre(SIGFPE, SIGSEGV));
  EXPECT_FALSE(CrashNotes::Open("/proc/none/crashes").ok());
}

TEST_F(CrashNotesTest, ASearchOfWhichTwoCoordinatorsDiedIsSetAsideAndOthersGoOn) {
  const auto notes = CrashNotes::Open(path_);
  ASSERT_TRUE(notes.ok()) << notes.status();
  EngineOptions options;
  options.crashes = &*notes;
  Harness harness(options);
  const int64_t worker = harness.Register("w", 2);
  v1::SearchSpec wide = ToySpec(5);
  wide.mutable_budget()->set_parallel(2);
  const int64_t deadly = *harness.Submit(wide);
  ASSERT_NE((*harness.Lease(worker)).work, nullptr);
  v1::SearchSpec small = ToySpec(2);
  small.mutable_final()->set_test(false);
  const int64_t other = *harness.Submit(small);
  const SearchName name = {deadly, harness.store().GetSearch(deadly)->created_at};

  Write(Line(name, SIGSEGV));
  harness.Restart();
  EXPECT_EQ(harness.State(deadly), v1::SEARCH_STATE_RUNNING);

  Write(Line(name, SIGABRT));
  harness.Restart();
  EXPECT_EQ(harness.State(deadly), v1::SEARCH_STATE_FAILED);
  EXPECT_THAT(harness.store().GetSearch(deadly)->state_reason,
              AllOf(HasSubstr("set aside"), HasSubstr("died 2 times"), HasSubstr("Aborted")));
  for (const storage::TrialRecord& trial : harness.Trials(deadly)) {
    EXPECT_EQ(trial.state, v1::TRIAL_STATE_CANCELLED) << trial.number;
  }
  harness.Work(worker);
  EXPECT_EQ(harness.State(other), v1::SEARCH_STATE_COMPLETED);
  harness.Restart();
  EXPECT_EQ(harness.State(deadly), v1::SEARCH_STATE_FAILED);
}

}  // namespace
}  // namespace nascent::engine
