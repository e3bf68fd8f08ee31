#include "server/storage/trial_store_conformance.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"

namespace nascent::storage {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TrialStoreConformance);

namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr absl::Duration kLease = absl::Seconds(30);
const char kSha[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

v1::Measurement Measured(const std::string& metric, int64_t step, double value) {
  v1::Measurement measurement;
  measurement.set_metric(metric);
  measurement.set_epoch(static_cast<int>(step / 10));
  measurement.set_step(step);
  measurement.set_value(value);
  return measurement;
}

EventRecord Event(int64_t sequence, int64_t number, v1::TrialState state) {
  EventRecord event;
  event.sequence = sequence;
  event.kind = EventRecord::Kind::kFinished;
  event.trial_number = number;
  event.state = state;
  return event;
}

RenewLease Renewal(int64_t task_id, int attempt, std::vector<v1::Measurement> measurements = {}) {
  RenewLease renewal;
  renewal.attempt = {task_id, attempt};
  renewal.duration = kLease;
  renewal.measurements = std::move(measurements);
  return renewal;
}

FinishAttempt Finish(int64_t task_id, int attempt, const std::string& request_id,
                     std::vector<v1::Measurement> measurements = {}) {
  FinishAttempt finish;
  finish.request_id = request_id;
  finish.attempt = {task_id, attempt};
  finish.measurements = std::move(measurements);
  return finish;
}

ReturnAttempt Return(int64_t task_id, int attempt, ReturnAttempt::How how, bool charged) {
  ReturnAttempt back;
  back.attempt = {task_id, attempt};
  back.how = how;
  back.charged = charged;
  return back;
}

GrantLease Grant(int64_t task_id, int attempt, int64_t worker_id, const std::string& request_id) {
  GrantLease grant;
  grant.request_id = request_id;
  grant.task_id = task_id;
  grant.attempt = attempt;
  grant.worker_id = worker_id;
  grant.duration = kLease;
  return grant;
}

AddTrial Proposal(int64_t search_id, int64_t number, const std::string& identity = "") {
  AddTrial add;
  add.trial.search_id = search_id;
  add.trial.number = number;
  add.trial.key = "key" + std::to_string(number);
  add.trial.notation = "|op" + std::to_string(number) + "~0|";
  add.trial.evaluation_identity = identity;
  return add;
}

SearchRecord SearchNamed(const std::string& name, const std::string& project) {
  SearchRecord search;
  search.spec.set_name(name);
  search.spec.set_project(project);
  search.spec.set_seed(7);
  v1::Objective* objective = search.spec.add_objectives();
  objective->set_metric("validation_accuracy");
  objective->set_goal(v1::GOAL_MAXIMIZE);
  search.space_size = "15625";
  search.warnings = {"metric \"joules\" is declared by no task"};
  return search;
}

#define EXPECT_CODE(outcome, expected) \
  EXPECT_EQ((outcome).status.code(), absl::StatusCode::expected) << (outcome).status

}  // namespace

void TrialStoreConformance::SetUp() {
  fixture_ = GetParam()();
  ASSERT_NE(fixture_, nullptr);
  const auto term = store().AcquireTerm("coordinator-a", absl::Seconds(10));
  ASSERT_TRUE(term.ok()) << term.status();
  term_ = term->term;
}

std::vector<Outcome> TrialStoreConformance::Apply(std::vector<Transition> transitions) {
  auto outcomes = store().Apply(term_, transitions);
  EXPECT_TRUE(outcomes.ok()) << outcomes.status();
  if (!outcomes.ok()) {
    Outcome failed;
    failed.status = outcomes.status();
    return std::vector<Outcome>(transitions.size(), failed);
  }
  EXPECT_EQ(outcomes->size(), transitions.size());
  return *std::move(outcomes);
}

int64_t TrialStoreConformance::NewSearch(const std::string& name, const std::string& project) {
  const Outcome outcome = ApplyOne(CreateSearch{"", SearchNamed(name, project)});
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  return outcome.id;
}

Outcome TrialStoreConformance::NewTrial(int64_t search_id, int64_t number,
                                        const std::string& identity) {
  Outcome outcome = ApplyOne(Proposal(search_id, number, identity));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  return outcome;
}

int64_t TrialStoreConformance::NewWorker(const std::string& name) {
  RegisterWorker worker;
  worker.registration.set_name(name);
  const Outcome outcome = ApplyOne(worker);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  return outcome.id;
}

absl::Time TrialStoreConformance::Lease(int64_t task_id, int attempt, int64_t worker_id) {
  const Outcome outcome = ApplyOne(Grant(task_id, attempt, worker_id, ""));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  return outcome.deadline;
}

TrialRecord TrialStoreConformance::TrialOf(int64_t search_id, int64_t number) {
  const auto trials = store().LoadTrials(search_id, number - 1, 1);
  EXPECT_TRUE(trials.ok()) << trials.status();
  if (!trials.ok() || trials->empty()) return {};
  EXPECT_EQ(trials->front().number, number);
  return trials->front();
}

// --- terms ---

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

// --- searches ---

TEST_P(TrialStoreConformance, ASearchIsReadAsItWasWritten) {
  const SearchRecord written = SearchNamed("cells", "vision");
  const int64_t id = ApplyOne(CreateSearch{"r1", written}).id;
  const auto read = store().GetSearch(id);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(MessageDifferencer::Equals(read->spec, written.spec)) << read->spec.DebugString();
  EXPECT_EQ(read->id, id);
  EXPECT_EQ(read->state, v1::SEARCH_STATE_RUNNING);
  EXPECT_EQ(read->space_size, "15625");
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

TEST_P(TrialStoreConformance, EndedSearchesAreNotActive) {
  const int64_t ended = NewSearch("a");
  const int64_t paused = NewSearch("b");
  const int64_t running = NewSearch("c");
  Apply({ChangeSearchState{"", ended, v1::SEARCH_STATE_CANCELLED, ""},
         ChangeSearchState{"", paused, v1::SEARCH_STATE_PAUSED, ""}});
  const auto active = store().LoadActiveSearches();
  ASSERT_THAT(*active, SizeIs(2));
  EXPECT_EQ((*active)[0].id, paused);
  EXPECT_EQ((*active)[1].id, running);
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

// --- trials ---

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

// --- leases ---

TEST_P(TrialStoreConformance, ALifecycleEndsWithTheTrialsResult) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  const int64_t worker = NewWorker("w1");
  const Outcome granted = ApplyOne(Grant(trial.task_id, 1, worker, "lease-1"));
  ASSERT_TRUE(granted.status.ok()) << granted.status;
  EXPECT_EQ(granted.id, trial.task_id);
  EXPECT_EQ(granted.deadline, *store().Now() + kLease);

  TrialRecord read = TrialOf(search, 1);
  EXPECT_EQ(read.state, v1::TRIAL_STATE_LEASED);
  EXPECT_EQ(read.attempt, 1);
  EXPECT_EQ(read.worker, "w1");
  const auto open = store().LoadOpenTasks(search);
  ASSERT_THAT(*open, SizeIs(1));
  EXPECT_EQ((*open)[0].id, trial.task_id);
  EXPECT_EQ((*open)[0].trial_id, trial.id);
  EXPECT_EQ((*open)[0].search_id, search);
  EXPECT_EQ((*open)[0].kind, v1::TASK_KIND_TRAIN);
  EXPECT_EQ((*open)[0].attempt, 1);
  EXPECT_TRUE((*open)[0].leased);
  EXPECT_EQ((*open)[0].worker_id, worker);
  EXPECT_EQ((*open)[0].lease_request_id, "lease-1");
  EXPECT_EQ((*open)[0].deadline, granted.deadline);

  Advance(absl::Seconds(10));
  const Outcome renewed = ApplyOne(Renewal(trial.task_id, 1, {Measured("accuracy", 10, 0.5)}));
  ASSERT_TRUE(renewed.status.ok()) << renewed.status;
  EXPECT_EQ(renewed.deadline, granted.deadline + absl::Seconds(10));
  EXPECT_THAT(TrialOf(search, 1).metrics, ElementsAre(Pair("accuracy", 0.5)));

  Advance(absl::Seconds(10));
  FinishAttempt finish = Finish(trial.task_id, 1, "done",
                                {Measured("accuracy", 20, 0.75), Measured("loss", 20, 0.25)});
  finish.checkpoint = kSha;
  finish.events = {Event(1, 1, v1::TRIAL_STATE_SUCCEEDED)};
  const Outcome finished = ApplyOne(finish);
  ASSERT_TRUE(finished.status.ok()) << finished.status;
  read = TrialOf(search, 1);
  EXPECT_EQ(read.state, v1::TRIAL_STATE_SUCCEEDED);
  EXPECT_EQ(read.checkpoint, kSha);
  EXPECT_EQ(read.finished_at, *store().Now());
  EXPECT_THAT(read.metrics, ElementsAre(Pair("accuracy", 0.75), Pair("loss", 0.25)));
  EXPECT_THAT(*store().LoadOpenTasks(search), IsEmpty());
  EXPECT_THAT(*store().LoadEvents(search, 0, 10), SizeIs(1));
  const auto totals = store().GetTotals(search);
  EXPECT_THAT(totals->trials, ElementsAre(Pair(v1::TRIAL_STATE_SUCCEEDED, 1)));
  EXPECT_DOUBLE_EQ(totals->device_seconds, 20);
  EXPECT_DOUBLE_EQ(*store().GetDeviceSeconds(search), 20);
}

TEST_P(TrialStoreConformance, AWholeLifecycleFitsInOneBatch) {
  const int64_t search = NewSearch();
  const int64_t worker = NewWorker();
  const Outcome trial = NewTrial(search, 1);
  FinishAttempt finish = Finish(trial.task_id, 1, "f", {Measured("a", 20, 2)});
  finish.events = {Event(2, 1, v1::TRIAL_STATE_SUCCEEDED)};
  RenewLease renew = Renewal(trial.task_id, 1, {Measured("a", 10, 1)});
  EventRecord measured = Event(1, 1, v1::TRIAL_STATE_UNSPECIFIED);
  measured.kind = EventRecord::Kind::kMeasured;
  renew.events = {measured};
  const auto outcomes = Apply({Grant(trial.task_id, 1, worker, "l"), renew, finish,
                               Proposal(search, 2), Renewal(trial.task_id, 1)});
  EXPECT_CODE(outcomes[0], kOk);
  EXPECT_CODE(outcomes[1], kOk);
  EXPECT_CODE(outcomes[2], kOk);
  EXPECT_CODE(outcomes[3], kOk);
  EXPECT_CODE(outcomes[4], kFailedPrecondition);
  EXPECT_EQ(TrialOf(search, 1).state, v1::TRIAL_STATE_SUCCEEDED);
  EXPECT_EQ(TrialOf(search, 1).metrics.at("a"), 2);
  EXPECT_THAT(*store().LoadEvents(search, 0, 10), SizeIs(2));
  EXPECT_THAT(*store().LoadTrials(search, 0, 10), SizeIs(2));
}

TEST_P(TrialStoreConformance, ATaskIsLeasedByOneAtATime) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  const int64_t worker = NewWorker();
  Lease(trial.task_id, 1, worker);
  EXPECT_CODE(ApplyOne(Grant(trial.task_id, 2, worker, "b")), kFailedPrecondition);
  EXPECT_CODE(ApplyOne(Grant(trial.task_id, 1, worker, "c")), kFailedPrecondition);
  EXPECT_CODE(ApplyOne(Grant(999, 1, worker, "d")), kNotFound);
  const Outcome second = NewTrial(search, 2);
  EXPECT_CODE(ApplyOne(Grant(second.task_id, 1, 999, "e")), kNotFound);
  EXPECT_CODE(ApplyOne(Grant(second.task_id, 2, worker, "f")), kFailedPrecondition);
  EXPECT_CODE(ApplyOne(Grant(second.task_id, 1, worker, "g")), kOk);
}

TEST_P(TrialStoreConformance, TwoGrantsOfOneTaskInABatchGiveOneLease) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  const int64_t worker = NewWorker();
  const auto outcomes =
      Apply({Grant(trial.task_id, 1, worker, "a"), Grant(trial.task_id, 1, worker, "b")});
  EXPECT_CODE(outcomes[0], kOk);
  EXPECT_CODE(outcomes[1], kFailedPrecondition);
}

TEST_P(TrialStoreConformance, ARetriedLeaseRequestGetsTheSameLease) {
  const int64_t search = NewSearch();
  const Outcome one = NewTrial(search, 1);
  const Outcome two = NewTrial(search, 2);
  const int64_t worker = NewWorker();
  const Outcome first = ApplyOne(Grant(one.task_id, 1, worker, "request"));
  Advance(absl::Seconds(1));
  const Outcome same = ApplyOne(Grant(one.task_id, 1, worker, "request"));
  const Outcome other_task = ApplyOne(Grant(two.task_id, 1, worker, "request"));
  EXPECT_TRUE(same.replayed);
  EXPECT_TRUE(other_task.replayed);
  EXPECT_EQ(other_task.id, one.task_id);
  EXPECT_EQ(other_task.deadline, first.deadline);
  EXPECT_EQ(TrialOf(search, 2).state, v1::TRIAL_STATE_READY);
}

TEST_P(TrialStoreConformance, ALeaseRequestTwiceInOneBatchGetsOneLease) {
  const int64_t search = NewSearch();
  const Outcome one = NewTrial(search, 1);
  const Outcome two = NewTrial(search, 2);
  const int64_t worker = NewWorker();
  const auto outcomes =
      Apply({Grant(one.task_id, 1, worker, "request"), Grant(two.task_id, 1, worker, "request")});
  EXPECT_CODE(outcomes[0], kOk);
  EXPECT_CODE(outcomes[1], kOk);
  EXPECT_TRUE(outcomes[1].replayed);
  EXPECT_EQ(outcomes[1].id, one.task_id);
}

TEST_P(TrialStoreConformance, ALateReportIsFencedAndChangesNothing) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1, "identity");
  const int64_t zombie = NewWorker("zombie");
  const int64_t heir = NewWorker("heir");
  Lease(trial.task_id, 1, zombie);
  EXPECT_CODE(ApplyOne(Return(trial.task_id, 1, ReturnAttempt::How::kExpired, /*charged=*/true)),
              kOk);
  // Before anybody else holds the lease …
  EXPECT_THAT(
      std::string(ApplyOne(Renewal(trial.task_id, 1, {Measured("a", 1, 1)})).status.message()),
      HasSubstr("FENCED"));
  Lease(trial.task_id, 2, heir);
  // … and when somebody does.
  FinishAttempt late = Finish(trial.task_id, 1, "late", {Measured("a", 2, 99)});
  late.events = {Event(1, 1, v1::TRIAL_STATE_SUCCEEDED)};
  for (const Transition& transition :
       std::vector<Transition>{Renewal(trial.task_id, 1, {Measured("a", 1, 1)}), late,
                               Return(trial.task_id, 1, ReturnAttempt::How::kReleased, false),
                               Finish(trial.task_id, 7, "future")}) {
    const Outcome outcome = ApplyOne(transition);
    EXPECT_CODE(outcome, kFailedPrecondition);
    EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("FENCED"));
  }
  const TrialRecord read = TrialOf(search, 1);
  EXPECT_EQ(read.state, v1::TRIAL_STATE_LEASED);
  EXPECT_EQ(read.worker, "heir");
  EXPECT_EQ(read.attempt, 2);
  EXPECT_THAT(read.metrics, IsEmpty());
  EXPECT_THAT(*store().LoadEvents(search, 0, 10), IsEmpty());
  EXPECT_EQ(store().LoadOpenTasks(search)->front().charged, 1);
  EXPECT_CODE(ApplyOne(Finish(trial.task_id, 2, "ok", {Measured("a", 1, 5)})), kOk);
  EXPECT_THAT(TrialOf(search, 1).metrics, ElementsAre(Pair("a", 5)));
}

TEST_P(TrialStoreConformance, AReportAfterTheDeadlineCountsWhileNobodyTookTheLeaseAway) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  Lease(trial.task_id, 1, NewWorker());
  Advance(kLease * 10);
  EXPECT_CODE(ApplyOne(Renewal(trial.task_id, 1)), kOk);
}

TEST_P(TrialStoreConformance, ARepeatedReportIsStoredOnceAndAnotherOneIsRefused) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  Lease(trial.task_id, 1, NewWorker());
  const FinishAttempt report = Finish(trial.task_id, 1, "report", {Measured("a", 1, 1)});
  const auto outcomes = Apply({report, report, report});
  EXPECT_CODE(outcomes[0], kOk);
  EXPECT_CODE(outcomes[1], kOk);
  EXPECT_TRUE(outcomes[1].replayed);
  EXPECT_TRUE(ApplyOne(report).replayed);
  const Outcome other = ApplyOne(Finish(trial.task_id, 1, "other", {Measured("a", 1, 2)}));
  EXPECT_CODE(other, kAlreadyExists);
  EXPECT_EQ(TrialOf(search, 1).metrics.at("a"), 1);
}

TEST_P(TrialStoreConformance, ReturnedAttemptsMakeTheTaskFreeAndAreChargedAsToldTo) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  const int64_t worker = NewWorker();
  Lease(trial.task_id, 1, worker);
  ReturnAttempt crash = Return(trial.task_id, 1, ReturnAttempt::How::kCrashed, true);
  crash.request_id = "crash";
  crash.failure = v1::FAILURE_KIND_CRASHED;
  crash.error = "signal 11";
  crash.measurements = {Measured("a", 1, 1)};
  EXPECT_CODE(ApplyOne(crash), kOk);
  EXPECT_TRUE(ApplyOne(crash).replayed);
  Lease(trial.task_id, 2, worker);
  ReturnAttempt release = Return(trial.task_id, 2, ReturnAttempt::How::kReleased, false);
  release.checkpoint = kSha;
  EXPECT_CODE(ApplyOne(release), kOk);
  const TaskRecord task = store().LoadOpenTasks(search)->front();
  EXPECT_EQ(task.attempt, 2);
  EXPECT_EQ(task.charged, 1);
  EXPECT_FALSE(task.leased);
  EXPECT_EQ(task.checkpoint, kSha);
  EXPECT_EQ(TrialOf(search, 1).state, v1::TRIAL_STATE_READY);
  EXPECT_EQ(TrialOf(search, 1).attempt, 2);
  Lease(trial.task_id, 3, worker);
  EXPECT_THAT(TrialOf(search, 1).metrics, IsEmpty());
}

TEST_P(TrialStoreConformance, ATrialWithoutARunningAttemptCanBeEnded) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  EndTrial end;
  end.trial_id = trial.id;
  end.state = v1::TRIAL_STATE_FAILED;
  end.failure = v1::FAILURE_KIND_POISON;
  end.error = "three attempts";
  end.events = {Event(1, 1, v1::TRIAL_STATE_FAILED)};
  Lease(trial.task_id, 1, NewWorker());
  EXPECT_CODE(ApplyOne(end), kFailedPrecondition);
  // As the engine does after the last allowed attempt: in one batch.
  const auto outcomes = Apply({Return(trial.task_id, 1, ReturnAttempt::How::kExpired, true), end});
  EXPECT_CODE(outcomes[0], kOk);
  EXPECT_CODE(outcomes[1], kOk);
  const TrialRecord read = TrialOf(search, 1);
  EXPECT_EQ(read.state, v1::TRIAL_STATE_FAILED);
  EXPECT_EQ(read.failure, v1::FAILURE_KIND_POISON);
  EXPECT_EQ(read.error, "three attempts");
  EXPECT_TRUE(read.finished_at.has_value());
  EXPECT_THAT(*store().LoadOpenTasks(search), IsEmpty());
  EXPECT_THAT(*store().LoadEvents(search, 0, 10), SizeIs(1));
  end.state = v1::TRIAL_STATE_CANCELLED;
  end.failure = v1::FAILURE_KIND_UNSPECIFIED;
  EXPECT_CODE(ApplyOne(end), kFailedPrecondition);
  end.trial_id = 999;
  EXPECT_CODE(ApplyOne(end), kNotFound);
}

TEST_P(TrialStoreConformance, FailuresAreResults) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  Lease(trial.task_id, 1, NewWorker());
  FinishAttempt failed = Finish(trial.task_id, 1, "f");
  failed.state = v1::TRIAL_STATE_FAILED;
  failed.failure = v1::FAILURE_KIND_OUT_OF_MEMORY;
  failed.error = "12 GiB wanted";
  EXPECT_CODE(ApplyOne(failed), kOk);
  const TrialRecord read = TrialOf(search, 1);
  EXPECT_EQ(read.state, v1::TRIAL_STATE_FAILED);
  EXPECT_EQ(read.failure, v1::FAILURE_KIND_OUT_OF_MEMORY);
  EXPECT_EQ(read.error, "12 GiB wanted");
}

TEST_P(TrialStoreConformance, ACancelledAttemptFencesItsWorker) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  Lease(trial.task_id, 1, NewWorker());
  FinishAttempt cancel = Finish(trial.task_id, 1, "");
  cancel.state = v1::TRIAL_STATE_CANCELLED;
  EXPECT_CODE(ApplyOne(cancel), kOk);
  EXPECT_EQ(TrialOf(search, 1).state, v1::TRIAL_STATE_CANCELLED);
  const Outcome late = ApplyOne(Finish(trial.task_id, 1, "late"));
  EXPECT_CODE(late, kFailedPrecondition);
  EXPECT_THAT(std::string(late.status.message()), HasSubstr("FENCED"));
}

TEST_P(TrialStoreConformance, ABadItemNeverAbortsTheOthers) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  const int64_t worker = NewWorker();
  RenewLease infinite = Renewal(trial.task_id, 1);
  infinite.measurements = {Measured("a", 1, std::numeric_limits<double>::infinity())};
  AddTrial taken = Proposal(search, 1);
  taken.trial.key = "different";
  AddTrial nul = Proposal(search, 2);
  nul.trial.notation = std::string("a\0b", 3);
  const auto outcomes =
      Apply({Grant(trial.task_id, 1, worker, "a"), infinite, taken, nul, Renewal(999, 1),
             Renewal(trial.task_id, 1, {Measured("a", 1, 3)}), Proposal(search, 2)});
  EXPECT_CODE(outcomes[0], kOk);
  EXPECT_CODE(outcomes[1], kInvalidArgument);
  EXPECT_CODE(outcomes[2], kAlreadyExists);
  EXPECT_CODE(outcomes[3], kInvalidArgument);
  EXPECT_CODE(outcomes[4], kNotFound);
  EXPECT_CODE(outcomes[5], kOk);
  EXPECT_CODE(outcomes[6], kOk);
  EXPECT_EQ(TrialOf(search, 1).metrics.at("a"), 3);
}

TEST_P(TrialStoreConformance, ManyLifecyclesInLargeBatchesAreEachCountedOnce) {
  constexpr int kTrials = 200;
  const int64_t search = NewSearch();
  const int64_t worker = NewWorker();
  std::vector<Transition> batch;
  for (int i = 1; i <= kTrials; ++i) batch.emplace_back(Proposal(search, i));
  const auto added = Apply(batch);
  batch.clear();
  for (int i = 0; i < kTrials; ++i) {
    batch.emplace_back(Grant(added[i].task_id, 1, worker, "l" + std::to_string(i)));
    batch.emplace_back(Renewal(added[i].task_id, 1, {Measured("a", 1, i)}));
    FinishAttempt finish = Finish(added[i].task_id, 1, "f" + std::to_string(i));
    finish.measurements = {Measured("b", 2, i)};
    finish.events = {Event(i + 1, i + 1, v1::TRIAL_STATE_SUCCEEDED)};
    batch.emplace_back(finish);
  }
  for (const Outcome& outcome : Apply(batch)) EXPECT_CODE(outcome, kOk);
  EXPECT_THAT(store().GetTotals(search)->trials,
              ElementsAre(Pair(v1::TRIAL_STATE_SUCCEEDED, kTrials)));
  EXPECT_THAT(*store().LoadEvents(search, 0, 1000), SizeIs(kTrials));
  const auto trials = store().LoadTrials(search, 0, 1000);
  ASSERT_THAT(*trials, SizeIs(kTrials));
  for (int i = 0; i < kTrials; ++i) {
    EXPECT_THAT((*trials)[i].metrics, ElementsAre(Pair("a", i), Pair("b", i)));
  }
}

// --- final tests, evaluations, weights ---

TEST_P(TrialStoreConformance, AFinalTestAddsMetricsAndLeavesTheTrialsStateAlone) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  const int64_t worker = NewWorker();
  EXPECT_CODE(ApplyOne(AddFinalTask{trial.id, 0}), kFailedPrecondition);
  Lease(trial.task_id, 1, worker);
  Apply({Finish(trial.task_id, 1, "f", {Measured("validation_accuracy", 1, 0.9)})});
  const Outcome test = ApplyOne(AddFinalTask{trial.id, 0});
  ASSERT_TRUE(test.status.ok()) << test.status;
  EXPECT_EQ(test.id, test.task_id);
  EXPECT_NE(test.task_id, trial.task_id);
  EXPECT_EQ(ApplyOne(AddFinalTask{trial.id, 0}).task_id, test.task_id);
  const Outcome other_seed = ApplyOne(AddFinalTask{trial.id, 1});
  EXPECT_NE(other_seed.task_id, test.task_id);
  const auto open = store().LoadOpenTasks(search);
  ASSERT_THAT(*open, SizeIs(2));
  EXPECT_EQ((*open)[0].kind, v1::TASK_KIND_FINAL_TEST);
  EXPECT_EQ((*open)[1].seed_offset, 1);
  Lease(test.task_id, 1, worker);
  EXPECT_EQ(TrialOf(search, 1).state, v1::TRIAL_STATE_SUCCEEDED);
  FinishAttempt failed = Finish(other_seed.task_id, 1, "g");
  Lease(other_seed.task_id, 1, worker);
  failed.state = v1::TRIAL_STATE_FAILED;
  failed.failure = v1::FAILURE_KIND_CRASHED;
  const auto outcomes =
      Apply({Finish(test.task_id, 1, "t", {Measured("test_accuracy", 1, 0.8)}), failed});
  EXPECT_CODE(outcomes[0], kOk);
  EXPECT_CODE(outcomes[1], kOk);
  const TrialRecord read = TrialOf(search, 1);
  EXPECT_EQ(read.state, v1::TRIAL_STATE_SUCCEEDED);
  EXPECT_EQ(read.failure, v1::FAILURE_KIND_UNSPECIFIED);
  EXPECT_THAT(read.metrics,
              ElementsAre(Pair("test_accuracy", 0.8), Pair("validation_accuracy", 0.9)));
  EXPECT_THAT(*store().LoadOpenTasks(search), IsEmpty());
  EXPECT_CODE(ApplyOne(AddFinalTask{999, 0}), kNotFound);
}

TEST_P(TrialStoreConformance, AnEvaluationIsFoundByWhoMayShareIt) {
  const int64_t search = NewSearch("a", "vision");
  const Outcome trial = NewTrial(search, 1, "identity");
  Lease(trial.task_id, 1, NewWorker());
  EXPECT_FALSE(store().FindEvaluation("identity", std::nullopt, std::nullopt)->has_value());
  Apply({Finish(trial.task_id, 1, "f", {Measured("a", 1, 0.9)})});
  const auto found = store().FindEvaluation("identity", "vision", std::nullopt);
  ASSERT_TRUE(found.ok() && found->has_value()) << found.status();
  EXPECT_EQ((*found)->trial_id, trial.id);
  EXPECT_EQ((*found)->search_id, search);
  EXPECT_EQ((*found)->state, v1::TRIAL_STATE_SUCCEEDED);
  EXPECT_THAT((*found)->metrics, ElementsAre(Pair("a", 0.9)));
  EXPECT_TRUE(store().FindEvaluation("identity", std::nullopt, search)->has_value());
  EXPECT_FALSE(store().FindEvaluation("identity", "speech", std::nullopt)->has_value());
  EXPECT_FALSE(store().FindEvaluation("identity", std::nullopt, search + 1)->has_value());
  EXPECT_FALSE(store().FindEvaluation("other", std::nullopt, std::nullopt)->has_value());
}

TEST_P(TrialStoreConformance, DivergenceIsAnEvaluationAndACrashIsNot) {
  const int64_t search = NewSearch();
  const int64_t worker = NewWorker();
  const Outcome one = NewTrial(search, 1, "diverges");
  const Outcome two = NewTrial(search, 2, "crashes");
  Lease(one.task_id, 1, worker);
  Lease(two.task_id, 1, worker);
  FinishAttempt diverged = Finish(one.task_id, 1, "a");
  diverged.state = v1::TRIAL_STATE_FAILED;
  diverged.failure = v1::FAILURE_KIND_DIVERGED;
  FinishAttempt crashed = Finish(two.task_id, 1, "b");
  crashed.state = v1::TRIAL_STATE_FAILED;
  crashed.failure = v1::FAILURE_KIND_CRASHED;
  Apply({diverged, crashed});
  const auto found = store().FindEvaluation("diverges", std::nullopt, search);
  ASSERT_TRUE(found.ok() && found->has_value()) << found.status();
  EXPECT_EQ((*found)->failure, v1::FAILURE_KIND_DIVERGED);
  EXPECT_FALSE(store().FindEvaluation("crashes", std::nullopt, search)->has_value());
}

TEST_P(TrialStoreConformance, ASharedTrialHasItsTwinsResultEvenWhenTheTwinIsDeleted) {
  const int64_t first = NewSearch("a");
  const int64_t second = NewSearch("b");
  const Outcome made = NewTrial(first, 1, "identity");
  Lease(made.task_id, 1, NewWorker());
  Apply({Finish(made.task_id, 1, "f", {Measured("a", 1, 0.9)})});
  AddTrial shared = Proposal(second, 1, "identity");
  shared.trial.shared_from = made.id;
  const Outcome outcome = ApplyOne(shared);
  EXPECT_EQ(outcome.task_id, 0);
  Apply({ChangeSearchState{"", first, v1::SEARCH_STATE_CANCELLED, ""}, DeleteSearch{"", first}});
  const TrialRecord read = TrialOf(second, 1);
  EXPECT_EQ(read.state, v1::TRIAL_STATE_SHARED);
  EXPECT_EQ(read.shared_from, made.id);
  EXPECT_TRUE(read.finished_at.has_value());
  EXPECT_THAT(read.metrics, ElementsAre(Pair("a", 0.9)));
  EXPECT_THAT(*store().LoadOpenTasks(second), IsEmpty());
  EXPECT_TRUE(store().FindEvaluation("identity", "default", std::nullopt)->has_value());
}

TEST_P(TrialStoreConformance, AJoinedTrialWaitsForItsTwin) {
  const int64_t search = NewSearch();
  AddTrial add = Proposal(search, 1, "identity");
  add.joined = true;
  AddTrial other = Proposal(search, 2, "identity");
  other.joined = true;
  const auto added = Apply({add, other});
  EXPECT_EQ(added[0].task_id, 0);
  EXPECT_THAT(*store().LoadOpenTasks(search), IsEmpty());
  EXPECT_EQ(TrialOf(search, 1).state, v1::TRIAL_STATE_READY);
  EXPECT_TRUE(TrialOf(search, 1).joined);

  ResolveJoined resolve;
  resolve.trial_id = added[0].id;
  resolve.evaluation.emplace();
  resolve.evaluation->trial_id = 77;
  resolve.evaluation->identity = "identity";
  resolve.evaluation->state = v1::TRIAL_STATE_FAILED;
  resolve.evaluation->failure = v1::FAILURE_KIND_DIVERGED;
  resolve.evaluation->metrics = {{"a", 0.9}};
  resolve.events = {Event(1, 1, v1::TRIAL_STATE_SHARED)};
  EXPECT_CODE(ApplyOne(resolve), kOk);
  TrialRecord read = TrialOf(search, 1);
  EXPECT_EQ(read.state, v1::TRIAL_STATE_SHARED);
  EXPECT_EQ(read.failure, v1::FAILURE_KIND_DIVERGED);
  EXPECT_EQ(read.shared_from, 77);
  EXPECT_FALSE(read.joined);
  EXPECT_THAT(read.metrics, ElementsAre(Pair("a", 0.9)));
  EXPECT_THAT(*store().LoadEvents(search, 0, 10), SizeIs(1));
  EXPECT_CODE(ApplyOne(resolve), kFailedPrecondition);

  ResolveJoined abandoned;
  abandoned.trial_id = added[1].id;
  const Outcome own = ApplyOne(abandoned);
  EXPECT_CODE(own, kOk);
  EXPECT_GT(own.task_id, 0);
  EXPECT_FALSE(TrialOf(search, 2).joined);
  EXPECT_THAT(*store().LoadOpenTasks(search), SizeIs(1));
  Lease(own.task_id, 1, NewWorker());
  abandoned.trial_id = 999;
  EXPECT_CODE(ApplyOne(abandoned), kNotFound);
}

TEST_P(TrialStoreConformance, WeightsBelongToTheAttemptThatMadeTheResult) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1, "identity");
  const int64_t worker = NewWorker();
  Lease(trial.task_id, 1, worker);
  Apply({Return(trial.task_id, 1, ReturnAttempt::How::kExpired, true)});
  Lease(trial.task_id, 2, worker);
  EXPECT_CODE(ApplyOne(SetWeights{"w", trial.id, 2, kSha}), kFailedPrecondition);
  Apply({Finish(trial.task_id, 2, "f")});
  const Outcome late = ApplyOne(SetWeights{"w", trial.id, 1, kSha});
  EXPECT_CODE(late, kFailedPrecondition);
  EXPECT_THAT(std::string(late.status.message()), HasSubstr("FENCED"));
  EXPECT_CODE(ApplyOne(SetWeights{"w", trial.id, 2, kSha}), kOk);
  EXPECT_EQ(TrialOf(search, 1).weights, kSha);
  EXPECT_EQ((*store().FindEvaluation("identity", std::nullopt, search))->weights, kSha);
  EXPECT_CODE(ApplyOne(SetWeights{"", trial.id, 0, ""}), kOk);
  EXPECT_EQ(TrialOf(search, 1).weights, "");
  EXPECT_CODE(ApplyOne(SetWeights{"w", 999, 2, kSha}), kNotFound);
}

// --- workers, data, totals ---

TEST_P(TrialStoreConformance, AWorkerKeepsItsIdUnderItsName) {
  const int64_t one = NewWorker("w1");
  const int64_t two = NewWorker("w2");
  Advance(absl::Minutes(1));
  RegisterWorker again;
  again.registration.set_name("w1");
  again.registration.set_evaluator_version("0.2");
  again.registration.add_slots()->set_kind("cuda");
  (*again.registration.mutable_labels())["rack"] = "7";
  EXPECT_EQ(ApplyOne(again).id, one);
  const auto workers = store().LoadWorkers();
  ASSERT_THAT(*workers, SizeIs(2));
  EXPECT_EQ((*workers)[0].id, one);
  EXPECT_TRUE(MessageDifferencer::Equals((*workers)[0].registration, again.registration));
  EXPECT_EQ((*workers)[0].last_seen_at, *store().Now());
  EXPECT_EQ((*workers)[0].registered_at, *store().Now() - absl::Minutes(1));
  EXPECT_EQ((*workers)[1].id, two);
  EXPECT_EQ((*workers)[1].name, "w2");
}

TEST_P(TrialStoreConformance, AWorkerIsSeenWhenItRenews) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  Lease(trial.task_id, 1, NewWorker("w1"));
  Advance(absl::Minutes(1));
  Apply({Renewal(trial.task_id, 1)});
  EXPECT_EQ(store().LoadWorkers()->front().last_seen_at, *store().Now());
}

TEST_P(TrialStoreConformance, ADataSetsNameIsTakenOnce) {
  v1::Dataset dataset;
  dataset.set_name("fashion-mnist");
  dataset.set_fingerprint(kSha);
  dataset.mutable_shape()->add_dimensions(28);
  EXPECT_FALSE(store().FindDataset("fashion-mnist")->has_value());
  EXPECT_CODE(ApplyOne(PutDataset{"d1", dataset}), kOk);
  EXPECT_CODE(ApplyOne(PutDataset{"d2", dataset}), kOk);
  v1::Dataset other = dataset;
  other.set_fingerprint("f00");
  EXPECT_CODE(ApplyOne(PutDataset{"d3", other}), kAlreadyExists);
  const auto found = store().FindDataset("fashion-mnist");
  ASSERT_TRUE(found.ok() && found->has_value()) << found.status();
  EXPECT_EQ((*found)->shape().dimensions(0), 28);
  EXPECT_EQ((*found)->created_at().seconds(), absl::ToUnixSeconds(*store().Now()));
  other.set_name("cifar-10");
  EXPECT_CODE(ApplyOne(PutDataset{"d4", other}), kOk);
  const auto all = store().ListDatasets();
  ASSERT_THAT(*all, SizeIs(2));
  EXPECT_EQ((*all)[0].name(), "cifar-10");
}

TEST_P(TrialStoreConformance, ArtifactsMayBePutTwice) {
  EXPECT_CODE(ApplyOne(PutArtifact{kSha, 12}), kOk);
  EXPECT_CODE(ApplyOne(PutArtifact{kSha, 12}), kOk);
  EXPECT_CODE(ApplyOne(PutArtifact{"../../etc/passwd", 12}), kInvalidArgument);
}

TEST_P(TrialStoreConformance, OnlyOldArtifactsThatNothingNamesAreUnused) {
  const auto sha = [](char c) { return std::string(64, c); };
  const int64_t search = NewSearch();
  const int64_t worker = NewWorker();
  const Outcome one = NewTrial(search, 1, "identity");
  const Outcome two = NewTrial(search, 2);
  Lease(one.task_id, 1, worker);
  FinishAttempt finish = Finish(one.task_id, 1, "f");
  finish.checkpoint = sha('a');
  Lease(two.task_id, 1, worker);
  ReturnAttempt release = Return(two.task_id, 1, ReturnAttempt::How::kReleased, false);
  release.checkpoint = sha('b');
  v1::Dataset dataset;
  dataset.set_name("d");
  v1::DataSplit* split = dataset.add_splits();
  split->set_examples(sha('c'));
  split->set_labels(sha('d'));
  Apply({finish, release, SetWeights{"", one.id, 1, sha('e')}, PutDataset{"", dataset}});
  for (const char c : {'a', 'b', 'c', 'd', 'e', 'f'}) {
    EXPECT_CODE(ApplyOne(PutArtifact{sha(c), 1}), kOk);
  }
  Advance(absl::Hours(1));
  EXPECT_CODE(ApplyOne(PutArtifact{sha('0'), 1}), kOk);
  EXPECT_THAT(*store().FindUnusedArtifacts(absl::Minutes(30), 10), ElementsAre(sha('f')));
  EXPECT_THAT(*store().FindUnusedArtifacts(absl::ZeroDuration(), 10),
              ElementsAre(sha('0'), sha('f')));
  EXPECT_THAT(*store().FindUnusedArtifacts(absl::ZeroDuration(), 1), SizeIs(1));
  const auto trial = [&](const char* what, int number) {
    return absl::StrCat(what, " of trial ", number, " of search ", search);
  };
  EXPECT_THAT(*store().FindUsesOfArtifact(sha('a'), 10), ElementsAre(trial("checkpoint", 1)));
  EXPECT_THAT(*store().FindUsesOfArtifact(sha('b'), 10), ElementsAre(trial("checkpoint", 2)));
  EXPECT_THAT(*store().FindUsesOfArtifact(sha('d'), 10), ElementsAre("data set d"));
  EXPECT_THAT(*store().FindUsesOfArtifact(sha('e'), 10), ElementsAre(trial("weights", 1)));
  EXPECT_THAT(*store().FindUsesOfArtifact(sha('f'), 10), SizeIs(0));
  EXPECT_CODE(ApplyOne(RemoveArtifact{sha('e')}), kFailedPrecondition);
  EXPECT_CODE(ApplyOne(RemoveArtifact{sha('f')}), kOk);
  EXPECT_CODE(ApplyOne(RemoveArtifact{sha('f')}), kOk);
  // Overtaken: its weights are forgotten, then collected.
  EXPECT_CODE(ApplyOne(SetWeights{"", one.id, 0, ""}), kOk);
  EXPECT_THAT(*store().FindUnusedArtifacts(absl::Minutes(30), 10), ElementsAre(sha('e')));
}

TEST_P(TrialStoreConformance, TotalsCountEveryStateAndRunningTime) {
  const int64_t search = NewSearch();
  const int64_t worker = NewWorker();
  const Outcome one = NewTrial(search, 1);
  NewTrial(search, 2);
  Lease(one.task_id, 1, worker);
  Advance(absl::Seconds(7));
  const auto totals = store().GetTotals(search);
  ASSERT_TRUE(totals.ok()) << totals.status();
  EXPECT_THAT(totals->trials, UnorderedElementsAre(Pair(v1::TRIAL_STATE_READY, 1),
                                                   Pair(v1::TRIAL_STATE_LEASED, 1)));
  EXPECT_DOUBLE_EQ(totals->device_seconds, 7);
  EXPECT_DOUBLE_EQ(*store().GetDeviceSeconds(search), 7);
}

TEST_P(TrialStoreConformance, LastMeasurementsAreReadForManyTrials) {
  const int64_t search = NewSearch();
  const int64_t worker = NewWorker();
  const Outcome one = NewTrial(search, 1);
  const Outcome two = NewTrial(search, 2);
  Lease(one.task_id, 1, worker);
  Apply({Renewal(one.task_id, 1, {Measured("a", 1, 1), Measured("b", 1, 2)}),
         Renewal(one.task_id, 1, {Measured("a", 2, 3)})});
  const auto metrics = store().GetMetrics({one.id, two.id});
  ASSERT_TRUE(metrics.ok()) << metrics.status();
  ASSERT_THAT(*metrics, SizeIs(2));
  EXPECT_EQ((*metrics)[0].trial_id, one.id);
  EXPECT_THAT((*metrics)[0].metrics, ElementsAre(Pair("a", 3), Pair("b", 2)));
  EXPECT_THAT((*metrics)[1].metrics, IsEmpty());
}

// --- bad input ---

TEST_P(TrialStoreConformance, HostileNamesAreStoredVerbatimOrRefused) {
  for (const std::string& name :
       {std::string("'; DROP TABLE nascent.trials;--"), std::string("../../x"),
        std::string("\xE2\x80\xAE"
                    "evil"),
        std::string("{\"a\",NULL}"), std::string("\\\\\"\t\n"), std::string("NULL"),
        std::string("\xF0\x9F\xA6\x80")}) {
    const int64_t id = NewSearch(name, name);
    const auto read = store().GetNewestSearch(name);
    ASSERT_TRUE(read.ok()) << name << ": " << read.status();
    EXPECT_EQ(read->id, id);
    EXPECT_EQ(read->spec.name(), name);
    AddTrial add = Proposal(id, 1, name);
    add.trial.notation = add.trial.reason = add.trial.key = name;
    EXPECT_CODE(ApplyOne(add), kOk);
    EXPECT_EQ(TrialOf(id, 1).notation, name);
  }
  for (const std::string& name :
       {std::string("a\0b", 3), std::string("\xC0\x80"), std::string("\xED\xA0\x80"),
        std::string("\xFF"), std::string("\xF4\x90\x80\x80"), std::string("\xE2\x82")}) {
    EXPECT_CODE(ApplyOne(CreateSearch{"", SearchNamed(name, "p")}), kInvalidArgument);
  }
}

TEST_P(TrialStoreConformance, ImpossibleTransitionsAreRefused) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  FinishAttempt ready = Finish(trial.task_id, 1, "f");
  ready.state = v1::TRIAL_STATE_READY;
  FinishAttempt no_kind = Finish(trial.task_id, 1, "f");
  no_kind.state = v1::TRIAL_STATE_FAILED;
  GrantLease no_time = Grant(trial.task_id, 1, 1, "l");
  no_time.duration = absl::ZeroDuration();
  AddTrial zero = Proposal(search, 0);
  for (const Transition& transition :
       std::vector<Transition>{ready, no_kind, no_time, zero, ChangeSearchState{"", search, {}, ""},
                               RegisterWorker{}, Renewal(0, 1), Renewal(trial.task_id, 0)}) {
    EXPECT_CODE(ApplyOne(transition), kInvalidArgument);
  }
}

}  // namespace nascent::storage
