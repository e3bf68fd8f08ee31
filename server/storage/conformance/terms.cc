// What every store does with terms.

#include "gmock/gmock.h"
#include "server/storage/conformance/transitions.h"
#include "server/storage/trial_store_conformance.h"

namespace nascent::storage {
namespace {

using conformance::Proposal;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_P(TrialStoreConformance, TheTermRisesWithEachNewHolderAndStaysWithTheSameOne) {
  const auto again = store().AcquireTerm("coordinator-a", absl::Seconds(10));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->term, term_);
  const auto other = store().AcquireTerm("coordinator-b", absl::Seconds(10));
  EXPECT_EQ(other.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(other.status().message()), HasSubstr("coordinator-a"));
  Advance(absl::Seconds(11));
  const auto later = store().AcquireTerm("coordinator-b", absl::Seconds(10));
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_GT(later->term, term_);
  EXPECT_EQ(later->deadline, *store().Now() + absl::Seconds(10));
}

TEST_P(TrialStoreConformance, WritesUnderALostTermAreAbortedAndChangeNothing) {
  const int64_t search = NewSearch();
  Advance(absl::Seconds(11));
  const auto taken = store().AcquireTerm("coordinator-b", absl::Seconds(10));
  ASSERT_TRUE(taken.ok()) << taken.status();
  const auto outcomes = store().Apply(term_, {Proposal(search, 1)});
  EXPECT_EQ(outcomes.status().code(), absl::StatusCode::kAborted) << outcomes.status();
  EXPECT_THAT(*store().LoadTrials(search, 0, 10), IsEmpty());
}

TEST_P(TrialStoreConformance, ATermThatRanOutIsGoodUntilAnotherHolderTakesOver) {
  Advance(absl::Seconds(60));
  EXPECT_GT(NewSearch(), 0);
}

TEST_P(TrialStoreConformance, AReleasedTermIsFreeAtOnce) {
  ASSERT_TRUE(store().ReleaseTerm(term_).ok());
  EXPECT_EQ(store().Apply(term_, {}).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(store().ReleaseTerm(term_).code(), absl::StatusCode::kAborted);
  const auto other = store().AcquireTerm("coordinator-b", absl::Seconds(10));
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_GT(other->term, term_);
}

}  // namespace
}  // namespace nascent::storage
