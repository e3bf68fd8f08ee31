// What every store does with trials and events.

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/storage/conformance/transitions.h"
#include "server/storage/trial_store_conformance.h"

namespace nascent::storage {
namespace {

using conformance::Event;
using conformance::Grant;
using conformance::Proposal;
using ::google::protobuf::util::MessageDifferencer;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_P(TrialStoreConformance, ATrialIsReadAsItWasWritten) {
  const int64_t search = NewSearch();
  AddTrial add = Proposal(search, 1, "identity");
  TrialRecord& t = add.trial;
  t.key_version = 3;
  v1::DecisionValue* value = t.genotype.add_values();
  value->set_label("node \"1\"\\ \xE2\x86\x92");
  value->set_option(4);
  value = t.genotype.add_values();
  value->set_label("depth");
  value->set_integer(-3);
  value = t.genotype.add_values();
  value->set_label("recipe.optimizer.sgd.learning_rate");
  value->set_real(0.1 + 0.2);
  t.fidelity.set_rung(2);
  t.fidelity.set_train_share(0.25);
  (*t.fidelity.mutable_constants())["channels"] = 0.5;
  t.continues = 9;
  t.parents = {3, 1, 2};
  t.reason = "mutation of node1";
  t.enqueued = true;
  t.after_event = 12;
  t.costs.set_parameters(1'073'466);
  t.costs.set_multiply_accumulates(153'274'890);
  t.costs.set_published_parameters(1'073'467);
  t.costs.set_published_multiply_accumulates(153'274'891);
  t.costs.set_activation_bytes(1 << 30);
  t.costs.set_depth(17);
  t.recipe.set_epochs(12);
  t.recipe.mutable_optimizer()->mutable_sgd()->set_learning_rate(0.1 + 0.2);
  const Outcome outcome = ApplyOne(add);
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_GT(outcome.task_id, 0);
  const TrialRecord read = TrialOf(search, 1);
  EXPECT_EQ(read.id, outcome.id);
  EXPECT_EQ(read.search_id, search);
  EXPECT_EQ(read.state, v1::TRIAL_STATE_READY);
  EXPECT_EQ(read.attempt, 0);
  EXPECT_EQ(read.worker, "");
  EXPECT_EQ(read.key, t.key);
  EXPECT_EQ(read.key_version, 3);
  EXPECT_TRUE(MessageDifferencer::Equals(read.genotype, t.genotype));
  EXPECT_EQ(read.notation, t.notation);
  EXPECT_TRUE(MessageDifferencer::Equals(read.fidelity, t.fidelity));
  EXPECT_EQ(read.continues, 9);
  EXPECT_THAT(read.parents, ElementsAre(3, 1, 2));
  EXPECT_EQ(read.reason, t.reason);
  EXPECT_TRUE(read.enqueued);
  EXPECT_EQ(read.after_event, 12);
  EXPECT_TRUE(MessageDifferencer::Equals(read.costs, t.costs));
  EXPECT_TRUE(MessageDifferencer::Equals(read.recipe, t.recipe));
  EXPECT_EQ(read.evaluation_identity, "identity");
  EXPECT_EQ(read.created_at, *store().Now());
  EXPECT_FALSE(read.finished_at.has_value());
}

TEST_P(TrialStoreConformance, ANumberIsGivenOnce) {
  const int64_t search = NewSearch();
  const Outcome first = NewTrial(search, 1);
  const Outcome again = ApplyOne(Proposal(search, 1));
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(again.task_id, first.task_id);
  AddTrial other = Proposal(search, 1);
  other.trial.notation = "|another~0|";
  EXPECT_CODE(ApplyOne(other), kAlreadyExists);
  EXPECT_CODE(ApplyOne(Proposal(999, 1)), kNotFound);
  Apply({ChangeSearchState{"", search, v1::SEARCH_STATE_FAILED, ""}});
  EXPECT_CODE(ApplyOne(Proposal(search, 2)), kFailedPrecondition);
}

TEST_P(TrialStoreConformance, TrialsOfARequestAreAddedOnceEach) {
  const int64_t search = NewSearch();
  std::vector<Transition> adds;
  for (int i = 0; i < 3; ++i) {
    AddTrial add = Proposal(search, i + 1);
    add.request_id = "enqueue";
    add.request_index = i;
    adds.emplace_back(add);
  }
  const auto first = Apply(adds);
  EXPECT_THAT(*store().FindTrialsOfRequest("other"), IsEmpty());
  const auto made = store().FindTrialsOfRequest("enqueue");
  ASSERT_THAT(*made, SizeIs(3));
  EXPECT_EQ((*made)[2].number, 3);
  AddTrial late = Proposal(search, 4);
  late.request_id = "enqueue";
  late.request_index = 1;
  const Outcome again = ApplyOne(late);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.id, first[1].id);
  EXPECT_THAT(*store().LoadTrials(search, 0, 10), SizeIs(3));
}

TEST_P(TrialStoreConformance, AProposalIsATrialWithoutWhatStrategiesDoNotSee) {
  const int64_t search = NewSearch();
  AddTrial add = Proposal(search, 1);
  add.trial.parents = {7, 9};
  add.trial.reason = "for a reason";
  const Outcome added = ApplyOne(add);
  ASSERT_TRUE(added.status.ok()) << added.status;
  EXPECT_CODE(ApplyOne(Proposal(search, 2)), kOk);
  EXPECT_CODE(ApplyOne(Grant(added.task_id, 1, NewWorker(), "lease-1")), kOk);
  const auto proposals = store().LoadProposals(search, 0, 1);
  ASSERT_THAT(*proposals, SizeIs(1));
  const TrialRecord& proposal = proposals->front();
  const TrialRecord whole = TrialOf(search, 1);
  EXPECT_EQ(proposal.id, whole.id);
  EXPECT_EQ(proposal.number, 1);
  EXPECT_EQ(proposal.state, v1::TRIAL_STATE_READY);
  EXPECT_EQ(proposal.genotype.SerializeAsString(), whole.genotype.SerializeAsString());
  EXPECT_EQ(proposal.fidelity.SerializeAsString(), whole.fidelity.SerializeAsString());
  EXPECT_EQ(proposal.costs.SerializeAsString(), whole.costs.SerializeAsString());
  EXPECT_THAT(proposal.parents, ElementsAre(7, 9));
  EXPECT_EQ(proposal.reason, "for a reason");
  EXPECT_EQ(proposal.key, "");
  EXPECT_EQ(proposal.notation, "");
  EXPECT_EQ(proposal.attempt, 0);
  EXPECT_THAT(*store().LoadProposals(search, 1, 10), SizeIs(1));
  EXPECT_THAT(*store().LoadProposals(search, 2, 10), IsEmpty());
}

TEST_P(TrialStoreConformance, TrialsAreFoundByTheirNumbers) {
  const int64_t search = NewSearch();
  for (int64_t number = 1; number <= 4; ++number) {
    EXPECT_CODE(ApplyOne(Proposal(search, number)), kOk);
  }
  const auto found = store().FindTrials(search, {4, 2, 2, 9});
  ASSERT_THAT(*found, SizeIs(2));
  EXPECT_EQ((*found)[0].number, 2);
  EXPECT_EQ((*found)[1].number, 4);
  EXPECT_EQ((*found)[1].key, TrialOf(search, 4).key);
  EXPECT_THAT(*store().FindTrials(search, {}), IsEmpty());
}

TEST_P(TrialStoreConformance, TrialsAndEventsAreReadByPages) {
  const int64_t search = NewSearch();
  for (int64_t number = 1; number <= 5; ++number) {
    AddTrial add = Proposal(search, number);
    add.trial.shared_from = 1000;
    add.events = {Event(number, number, v1::TRIAL_STATE_SHARED)};
    EXPECT_CODE(ApplyOne(add), kOk);
  }
  const auto trials = store().LoadTrials(search, 2, 2);
  ASSERT_THAT(*trials, SizeIs(2));
  EXPECT_EQ((*trials)[0].number, 3);
  EXPECT_EQ((*trials)[1].number, 4);
  const auto events = store().LoadEvents(search, 4, 100);
  ASSERT_THAT(*events, SizeIs(1));
  EXPECT_EQ((*events)[0].sequence, 5);
}

TEST_P(TrialStoreConformance, EventsKeepEveryBitOfTheirNumbers) {
  const int64_t search = NewSearch();
  AddTrial add = Proposal(search, 1);
  add.trial.shared_from = 1;
  EventRecord event = Event(1, 1, v1::TRIAL_STATE_SHARED);
  event.failure = v1::FAILURE_KIND_DIVERGED;
  event.epoch = 12;
  event.seconds = 1.0 / 3.0;
  event.metrics = {{"a", 0.1 + 0.2},
                   {"b \"quoted\"", -std::numeric_limits<double>::min()},
                   {"c", std::numeric_limits<double>::max()},
                   {"d", std::numeric_limits<double>::denorm_min()},
                   {"e", 1e15},
                   {"f", 0}};
  add.events = {event};
  EXPECT_CODE(ApplyOne(add), kOk);
  const auto events = store().LoadEvents(search, 0, 10);
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_THAT(*events, SizeIs(1));
  const EventRecord& read = (*events)[0];
  EXPECT_EQ(read.kind, event.kind);
  EXPECT_EQ(read.trial_number, 1);
  EXPECT_EQ(read.epoch, 12);
  EXPECT_EQ(read.state, event.state);
  EXPECT_EQ(read.failure, event.failure);
  EXPECT_EQ(read.seconds, event.seconds);
  EXPECT_EQ(read.metrics, event.metrics);
}

TEST_P(TrialStoreConformance, AnEventIsNeverReplacedByAnother) {
  const int64_t search = NewSearch();
  AddTrial add = Proposal(search, 1);
  add.trial.shared_from = 1;
  add.events = {Event(1, 1, v1::TRIAL_STATE_SHARED)};
  EXPECT_CODE(ApplyOne(add), kOk);
  AddTrial other = Proposal(search, 2);
  other.trial.shared_from = 1;
  other.events = {Event(1, 2, v1::TRIAL_STATE_SHARED)};
  EXPECT_CODE(ApplyOne(other), kAlreadyExists);
  EXPECT_THAT(*store().LoadTrials(search, 0, 10), SizeIs(1));
}

TEST_P(TrialStoreConformance, SnapshotsAreReplacedWhole) {
  const int64_t search = NewSearch();
  EXPECT_FALSE(store().LoadSnapshot(search)->has_value());
  const std::string bytes("\0\x01\xFFraw\\", 8);
  EXPECT_CODE(ApplyOne(PutSnapshot{search, {5, 3, "old"}}), kOk);
  EXPECT_CODE(ApplyOne(PutSnapshot{search, {9, 6, bytes}}), kOk);
  const auto snapshot = store().LoadSnapshot(search);
  ASSERT_TRUE(snapshot.ok() && snapshot->has_value()) << snapshot.status();
  EXPECT_EQ((*snapshot)->after_event, 9);
  EXPECT_EQ((*snapshot)->after_trial, 6);
  EXPECT_EQ((*snapshot)->bytes, bytes);
  EXPECT_CODE(ApplyOne(PutSnapshot{999, {9, 6, bytes}}), kNotFound);
}

}  // namespace
}  // namespace nascent::storage
