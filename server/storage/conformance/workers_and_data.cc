// What every store does with workers, data and totals.

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/storage/conformance/transitions.h"
#include "server/storage/trial_store_conformance.h"

namespace nascent::storage {
namespace {

using conformance::Finish;
using conformance::kSha;
using conformance::Measured;
using conformance::Renewal;
using conformance::Return;
using ::google::protobuf::util::MessageDifferencer;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

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

TEST_P(TrialStoreConformance, ADataSetStaysWhileASearchNeedsIt) {
  v1::Dataset dataset;
  dataset.set_name("needed");
  dataset.set_fingerprint(kSha);
  EXPECT_CODE(ApplyOne(PutDataset{"d1", dataset}), kOk);
  EXPECT_CODE(ApplyOne(RemoveDataset{"r0", "none"}), kNotFound);
  SearchRecord search = SearchNamed("needs-data", "default");
  search.spec.mutable_data()->set_dataset("needed");
  const int64_t id = ApplyOne(CreateSearch{"c1", search}).id;
  EXPECT_CODE(ApplyOne(RemoveDataset{"r1", "needed"}), kFailedPrecondition);
  EXPECT_TRUE(store().FindDataset("needed")->has_value());
  EXPECT_CODE(ApplyOne(ChangeSearchState{"", id, v1::SEARCH_STATE_CANCELLED, ""}), kOk);
  EXPECT_CODE(ApplyOne(RemoveDataset{"r2", "needed"}), kOk);
  EXPECT_FALSE(store().FindDataset("needed")->has_value());
  // The same request again, and another one.
  EXPECT_CODE(ApplyOne(RemoveDataset{"r2", "needed"}), kOk);
  EXPECT_CODE(ApplyOne(RemoveDataset{"r3", "needed"}), kNotFound);
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

}  // namespace
}  // namespace nascent::storage
