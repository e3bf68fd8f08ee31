// What every store does with searches.

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/storage/conformance/transitions.h"
#include "server/storage/trial_store_conformance.h"

namespace nascent::storage {
namespace {

using conformance::Event;
using conformance::Finish;
using conformance::Measured;
using conformance::SearchNamed;
using ::google::protobuf::util::MessageDifferencer;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_P(TrialStoreConformance, ASearchIsReadAsItWasWritten) {
  const SearchRecord written = SearchNamed("cells", "vision");
  const int64_t id = ApplyOne(CreateSearch{"r1", written}).id;
  const auto read = store().GetSearch(id);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(MessageDifferencer::Equals(read->spec, written.spec)) << read->spec.DebugString();
  EXPECT_EQ(read->id, id);
  EXPECT_EQ(read->state, v1::SEARCH_STATE_RUNNING);
  EXPECT_EQ(read->space_size, "15625");
  ASSERT_EQ(read->decisions.size(), 2u);
  EXPECT_EQ(read->decisions[0].label(), "node1");
  EXPECT_EQ(read->decisions[0].domain().choice().values(1).number_value(), 3);
  EXPECT_EQ(read->decisions[1].domain().log_uniform().maximum(), 0.5);
  EXPECT_EQ(read->warnings, written.warnings);
  EXPECT_EQ(read->created_at, *store().Now());
  EXPECT_FALSE(read->finished_at.has_value());
}

TEST_P(TrialStoreConformance, ANameMeansItsNewestSearch) {
  NewSearch("a");
  const int64_t newest = NewSearch("a");
  NewSearch("b");
  EXPECT_EQ(store().GetNewestSearch("a")->id, newest);
  EXPECT_EQ(store().GetNewestSearch("c").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store().GetSearch(999).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(TrialStoreConformance, SearchesAreListedNewestFirstByPages) {
  const int64_t a = NewSearch("a");
  const int64_t b = NewSearch("b");
  const int64_t c = NewSearch("c");
  const auto first = store().ListSearches(0, 2);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_THAT(*first, SizeIs(2));
  EXPECT_EQ((*first)[0].id, c);
  EXPECT_EQ((*first)[1].id, b);
  const auto rest = store().ListSearches(b, 2);
  ASSERT_THAT(*rest, SizeIs(1));
  EXPECT_EQ((*rest)[0].id, a);
}

TEST_P(TrialStoreConformance, ARepeatedRequestGetsTheFirstAnswer) {
  const Outcome first = ApplyOne(CreateSearch{"r1", SearchNamed("a", "p")});
  const Outcome again = ApplyOne(CreateSearch{"r1", SearchNamed("a", "p")});
  EXPECT_FALSE(first.replayed);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.id, first.id);
  EXPECT_THAT(*store().ListSearches(0, 10), SizeIs(1));
  EXPECT_CODE(ApplyOne(ChangeSearchState{"r1", first.id, v1::SEARCH_STATE_PAUSED, ""}),
              kAlreadyExists);
}

TEST_P(TrialStoreConformance, ARepeatedRequestWithinOneBatchGetsTheFirstAnswer) {
  const auto outcomes =
      Apply({CreateSearch{"r1", SearchNamed("a", "p")}, CreateSearch{"r1", SearchNamed("a", "p")},
             CreateSearch{"r2", SearchNamed("b", "p")}});
  EXPECT_EQ(outcomes[1].id, outcomes[0].id);
  EXPECT_TRUE(outcomes[1].replayed);
  EXPECT_NE(outcomes[2].id, outcomes[0].id);
  EXPECT_THAT(*store().ListSearches(0, 10), SizeIs(2));
}

TEST_P(TrialStoreConformance, SearchesGoThroughAllowedStatesOnly) {
  const int64_t id = NewSearch();
  const auto to = [&](v1::SearchState state) {
    return ApplyOne(ChangeSearchState{"", id, state, "because"});
  };
  EXPECT_CODE(to(v1::SEARCH_STATE_PAUSED), kOk);
  EXPECT_CODE(to(v1::SEARCH_STATE_PAUSED), kOk);
  EXPECT_CODE(to(v1::SEARCH_STATE_FINISHING), kFailedPrecondition);
  EXPECT_CODE(to(v1::SEARCH_STATE_RUNNING), kOk);
  EXPECT_CODE(to(v1::SEARCH_STATE_FINISHING), kOk);
  EXPECT_CODE(to(v1::SEARCH_STATE_PAUSED), kFailedPrecondition);
  EXPECT_FALSE(store().GetSearch(id)->finished_at.has_value());
  Advance(absl::Seconds(5));
  EXPECT_CODE(to(v1::SEARCH_STATE_COMPLETED), kOk);
  EXPECT_CODE(to(v1::SEARCH_STATE_CANCELLED), kFailedPrecondition);
  const auto search = store().GetSearch(id);
  EXPECT_EQ(search->state, v1::SEARCH_STATE_COMPLETED);
  EXPECT_EQ(search->state_reason, "because");
  EXPECT_EQ(search->finished_at, *store().Now());
  EXPECT_CODE(ApplyOne(ChangeSearchState{"", 999, v1::SEARCH_STATE_PAUSED, ""}), kNotFound);
}

TEST_P(TrialStoreConformance, EndedSearchesAreNotOpenAndLeasesAreTold) {
  const int64_t ended = NewSearch("a");
  const int64_t paused = NewSearch("b");
  const int64_t running = NewSearch("c");
  NewTrial(paused, 1);
  const Outcome trial = NewTrial(running, 1);
  Lease(trial.task_id, 1, NewWorker());
  Apply({ChangeSearchState{"", ended, v1::SEARCH_STATE_CANCELLED, ""},
         ChangeSearchState{"", paused, v1::SEARCH_STATE_PAUSED, ""}});
  auto open = store().ListOpenSearches();
  ASSERT_THAT(*open, SizeIs(2));
  EXPECT_EQ((*open)[0].id, paused);
  EXPECT_FALSE((*open)[0].leased);
  EXPECT_EQ((*open)[1].id, running);
  EXPECT_TRUE((*open)[1].leased);
  EXPECT_EQ((*open)[1].priority, store().GetSearch(running)->spec.priority());
  EXPECT_CODE(ApplyOne(Finish(trial.task_id, 1, "f", {Measured("loss", 1, 0.5)})), kOk);
  open = store().ListOpenSearches();
  EXPECT_FALSE((*open)[1].leased);
}

TEST_P(TrialStoreConformance, DeletingASearchLeavesNothingOfItAndOthersAlone) {
  const int64_t search = NewSearch("a");
  const int64_t other = NewSearch("b");
  const Outcome trial = NewTrial(search, 1, "identity");
  NewTrial(other, 1);
  Lease(trial.task_id, 1, NewWorker());
  FinishAttempt finish = Finish(trial.task_id, 1, "f", {Measured("loss", 1, 0.5)});
  finish.events = {Event(1, 1, v1::TRIAL_STATE_SUCCEEDED)};
  EXPECT_CODE(ApplyOne(finish), kOk);
  EXPECT_CODE(ApplyOne(DeleteSearch{"d", search}), kFailedPrecondition);
  Apply({ChangeSearchState{"", search, v1::SEARCH_STATE_CANCELLED, ""}});
  EXPECT_CODE(ApplyOne(DeleteSearch{"d", search}), kOk);
  EXPECT_TRUE(ApplyOne(DeleteSearch{"d", search}).replayed);
  EXPECT_CODE(ApplyOne(DeleteSearch{"d2", search}), kNotFound);
  EXPECT_EQ(store().GetSearch(search).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(*store().LoadTrials(search, 0, 10), IsEmpty());
  EXPECT_THAT(*store().LoadEvents(search, 0, 10), IsEmpty());
  EXPECT_FALSE(store().FindEvaluation("identity", std::nullopt, std::nullopt)->has_value());
  EXPECT_THAT(*store().LoadTrials(other, 0, 10), SizeIs(1));
  EXPECT_THAT(*store().LoadOpenTasks(other), SizeIs(1));
}

}  // namespace
}  // namespace nascent::storage
