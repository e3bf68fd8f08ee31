#include "server/engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "server/engine/testing/harness.h"
#include "server/engine/view/task_message.h"
#include "server/engine/view/views.h"

namespace nascent::engine {
namespace {

using testing::Harness;
using ::testing::HasSubstr;
using testing::Measure;
using testing::ToySpec;
using testing::WeightsOf;

TEST(Engine, ASearchRunsToItsBudgetTestsItsWinnerAndCompletes) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  const int64_t search = *harness.Submit(ToySpec(5));
  EXPECT_EQ(harness.Work(worker), 5);
  // The winner's weights did not come, so its final test waits for them a while.
  harness.Advance(absl::Minutes(2));
  auto lease = harness.Lease(worker);
  ASSERT_NE(lease->work, nullptr);
  EXPECT_EQ(lease->kind, v1::TASK_KIND_FINAL_TEST);
  ASSERT_TRUE(harness.Complete(worker, *lease, 0.7).ok());
  EXPECT_EQ(harness.State(search), v1::SEARCH_STATE_COMPLETED);
  const auto trials = harness.Trials(search);
  ASSERT_EQ(trials.size(), 5u);
  int tested = 0;
  for (const auto& trial : trials) {
    EXPECT_EQ(trial.state, v1::TRIAL_STATE_SUCCEEDED);
    tested += trial.metrics.contains("test_accuracy");
  }
  EXPECT_EQ(tested, 1);
  EXPECT_EQ(harness.store().GetSearch(search)->state_reason, "budget: 5 trials");
}

TEST(Engine, NeverMoreTrialsAreOpenThanParallelAllows) {
  Harness harness;
  const int64_t worker = harness.Register("w", 8);
  auto spec = ToySpec(20);
  spec.mutable_budget()->set_parallel(3);
  const int64_t search = *harness.Submit(spec);
  EXPECT_EQ(harness.Trials(search).size(), 3u);
  for (int slot = 0; slot < 3; ++slot) EXPECT_NE(harness.Lease(worker, slot)->work, nullptr);
  auto lease = harness.Lease(worker, 4);
  EXPECT_EQ(lease->work, nullptr);
  EXPECT_EQ(harness.Trials(search).size(), 3u);
}

TEST(Engine, WithoutParallelEverySlotGetsATrial) {
  Harness harness;
  const int64_t worker = harness.Register("w", 4);
  auto spec = ToySpec(20);
  spec.mutable_budget()->clear_parallel();
  const int64_t search = *harness.Submit(spec);
  EXPECT_EQ(harness.Trials(search).size(), 4u);
  for (int slot = 0; slot < 4; ++slot) EXPECT_NE(harness.Lease(worker, slot)->work, nullptr);
}

TEST(Engine, ARepeatedLeaseRequestGetsTheSameLease) {
  Harness harness;
  const int64_t worker = harness.Register("w", 2);
  auto spec = ToySpec(10);
  spec.mutable_budget()->set_parallel(2);
  ASSERT_TRUE(harness.Submit(spec).ok());
  const auto first = harness.Lease(worker, 0, "same");
  const auto second = harness.Lease(worker, 0, "same");
  ASSERT_NE(first->work, nullptr);
  EXPECT_EQ(first->attempt.task_id(), second->attempt.task_id());
  EXPECT_EQ(first->attempt.attempt(), second->attempt.attempt());
  // And so after a restart.
  harness.Restart();
  const auto third = harness.Lease(worker, 0, "same");
  EXPECT_EQ(first->attempt.task_id(), third->attempt.task_id());
}

TEST(Engine, ALateReportOfALostLeaseIsFencedAndTheNewHoldersResultStands) {
  Harness harness;
  const int64_t zombie = harness.Register("zombie");
  const int64_t search = *harness.Submit(ToySpec(1));
  const auto lost = harness.Lease(zombie);
  ASSERT_NE(lost->work, nullptr);
  harness.Advance(absl::Seconds(31));  // runs out, uncharged or not
  harness.Advance(absl::Seconds(31));
  const int64_t other = harness.Register("other");
  const auto held = harness.Lease(other);
  ASSERT_NE(held->work, nullptr);
  EXPECT_EQ(held->attempt.task_id(), lost->attempt.task_id());
  EXPECT_EQ(held->attempt.attempt(), 2);
  const auto early = harness.Complete(zombie, *lost, 0.99);
  EXPECT_EQ(early.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(early.status().message()), HasSubstr("FENCED"));
  ASSERT_TRUE(harness.Complete(other, *held, 0.5).ok());
  EXPECT_THAT(std::string(harness.Renew(zombie, *lost).status().message()), HasSubstr("FENCED"));
  EXPECT_DOUBLE_EQ(harness.Trials(search)[0].metrics.at("validation_accuracy"), 0.5);
}

TEST(Engine, ARepeatedCompleteGetsItsAnswerAgainAndCountsOnce) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  const int64_t search = *harness.Submit(ToySpec(3));
  const auto lease = harness.Lease(worker);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(harness.Complete(worker, *lease, 0.5, "done").ok());
  EXPECT_EQ(harness.View(search).search.progress().finished(), 1);
  // Another value under another request is refused.
  EXPECT_FALSE(harness.Complete(worker, *lease, 0.9, "other").ok());
  EXPECT_DOUBLE_EQ(harness.Trials(search)[0].metrics.at("validation_accuracy"), 0.5);
}

TEST(Engine, TwoReportsInOneBatchAreTakenOneAfterTheOther) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  ASSERT_TRUE(harness.Submit(ToySpec(3)).ok());
  const auto lease = harness.Lease(worker);
  v1::CompleteRequest request;
  request.set_worker_id(worker);
  *request.mutable_attempt() = lease->attempt;
  *request.add_measurements() = Measure("validation_accuracy", 1, 0.5);
  request.set_request_id("a");
  auto first = harness.Send<v1::CompleteResponse>(request);
  auto repeated = harness.Send<v1::CompleteResponse>(request);
  request.set_request_id("b");
  auto different = harness.Send<v1::CompleteResponse>(request);
  harness.Settle();
  EXPECT_TRUE((*first)->ok());
  EXPECT_TRUE((*repeated)->ok()) << (*repeated)->status();
  EXPECT_FALSE((*different)->ok());
}

TEST(Engine, AValueThatIsNotFiniteEndsTheTrialAsDiverged) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  const int64_t search = *harness.Submit(ToySpec(2));
  const auto lease = harness.Lease(worker);
  const auto renewed = harness.Renew(
      worker, *lease, {Measure("training_loss", 1, std::numeric_limits<double>::quiet_NaN())});
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ(renewed->stop(), v1::STOP_REASON_CANCELLED);
  const auto trials = harness.Trials(search);
  EXPECT_EQ(trials[0].state, v1::TRIAL_STATE_FAILED);
  EXPECT_EQ(trials[0].failure, v1::FAILURE_KIND_DIVERGED);
  EXPECT_EQ(trials.size(), 2u);
}

TEST(Engine, HigherPriorityGetsWorkersFirstAndEqualOnesShare) {
  Harness harness;
  const int64_t worker = harness.Register("w", 8);
  auto spec = ToySpec(10);
  spec.mutable_budget()->set_parallel(2);
  const int64_t low_a = *harness.Submit(spec);
  const int64_t low_b = *harness.Submit(spec);
  spec.set_priority(5);
  const int64_t high = *harness.Submit(spec);
  std::vector<int64_t> served;
  for (int slot = 0; slot < 6; ++slot) served.push_back(harness.Lease(worker, slot)->search_id);
  EXPECT_EQ(served, (std::vector<int64_t>{high, high, low_a, low_b, low_a, low_b}));
}

TEST(Engine, ALeaseWaitsForATaskAndIsAnsweredWhenItComes) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  LeaseTask request;
  request.message.set_request_id("waits");
  request.message.set_worker_id(worker);
  request.message.mutable_wait()->set_seconds(20);
  auto answer = harness.Send<LeaseGrant>(request);
  harness.Advance(absl::Seconds(10));
  EXPECT_FALSE(answer->has_value());
  ASSERT_TRUE(harness.Submit(ToySpec(1)).ok());
  ASSERT_TRUE(answer->has_value());
  EXPECT_NE((**answer)->work, nullptr);

  request.message.set_request_id("in vain");
  answer = harness.Send<LeaseGrant>(request);
  harness.Settle();
  harness.Advance(absl::Seconds(19));
  EXPECT_FALSE(answer->has_value());
  harness.Advance(absl::Seconds(2));
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((**answer)->work, nullptr);
}

TEST(Engine, NothingIsLeasedToACallerThatHasGoneAway) {
  Harness harness;
  const int64_t worker = harness.Register("w", 2);
  LeaseTask request;
  request.message.set_request_id("gone");
  request.message.set_worker_id(worker);
  request.message.mutable_wait()->set_seconds(60);
  request.cancelled = std::make_shared<std::atomic<bool>>(false);
  auto answer = harness.Send<LeaseGrant>(request);
  harness.Settle();
  request.cancelled->store(true);
  const int64_t search = *harness.Submit(ToySpec(1));
  EXPECT_EQ(harness.View(search).search.progress().running(), 0);
  EXPECT_NE(harness.Lease(worker, 1)->work, nullptr);
}

TEST(Engine, APausedSearchLetsRunningTrialsGoOnAndStartsNone) {
  Harness harness;
  const int64_t worker = harness.Register("w", 2);
  auto spec = ToySpec(10);
  spec.mutable_budget()->set_parallel(2);
  const int64_t search = *harness.Submit(spec);
  const auto lease = harness.Lease(worker, 0);
  ASSERT_TRUE(harness.Change(search, ChangeSearch::How::kPause).ok());
  EXPECT_EQ(harness.Lease(worker, 1)->work, nullptr);
  EXPECT_TRUE(harness.Complete(worker, *lease, 0.5).ok());
  EXPECT_EQ(harness.Lease(worker, 0)->work, nullptr);
  harness.Restart();
  EXPECT_EQ(harness.Lease(worker, 0)->work, nullptr);
  ASSERT_TRUE(harness.Change(search, ChangeSearch::How::kResume).ok());
  EXPECT_NE(harness.Lease(worker, 0)->work, nullptr);
  ASSERT_TRUE(harness.Change(search, ChangeSearch::How::kPause).ok());
}

TEST(Engine, ACancelledSearchStopsItsWorkersAndItsTrialsEndCancelled) {
  Harness harness;
  const int64_t worker = harness.Register("w", 2);
  auto spec = ToySpec(10);
  spec.mutable_budget()->set_parallel(3);
  const int64_t search = *harness.Submit(spec);
  const auto lease = harness.Lease(worker);
  ASSERT_TRUE(harness.Change(search, ChangeSearch::How::kCancel).ok());
  const auto renewed = harness.Renew(worker, *lease);
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ(renewed->stop(), v1::STOP_REASON_CANCELLED);
  EXPECT_FALSE(harness.Complete(worker, *lease, 0.5).ok());
  for (const auto& trial : harness.Trials(search)) {
    EXPECT_EQ(trial.state, v1::TRIAL_STATE_CANCELLED);
  }
  EXPECT_EQ(harness.State(search), v1::SEARCH_STATE_CANCELLED);
  EXPECT_EQ(harness.Change(search, ChangeSearch::How::kPause).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(harness.Call<Nothing>(DeleteSearch{"delete", search}).ok());
  EXPECT_EQ(harness.store().GetSearch(search).status().code(), absl::StatusCode::kNotFound);
  // Not NOT_FOUND, which would tell the worker that it is itself not known.
  const absl::Status late = harness.Complete(worker, *lease, 0.5).status();
  EXPECT_EQ(late.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(late.message()), HasSubstr("FENCED"));
}

TEST(Engine, ASearchThatRunsCantBeDeleted) {
  Harness harness;
  const int64_t search = *harness.Submit(ToySpec(10));
  EXPECT_EQ(harness.Call<Nothing>(DeleteSearch{"delete", search}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(Engine, ARepeatedSubmitMakesOneSearch) {
  Harness harness;
  Surroundings surroundings;
  surroundings.datasets.push_back(testing::ToyDataset());
  auto resolved = std::make_shared<const ResolvedSearch>(*ResolveSearch(ToySpec(3), surroundings));
  auto first = harness.Send<v1::Search>(SubmitSearch{"same", resolved, nullptr});
  auto second = harness.Send<v1::Search>(SubmitSearch{"same", resolved, nullptr});
  harness.Settle();
  ASSERT_TRUE((*first)->ok());
  ASSERT_TRUE((*second)->ok()) << (*second)->status();
  EXPECT_EQ((**first)->id(), (**second)->id());
  EXPECT_EQ(harness.store().ListSearches(1000, 10)->size(), 1u);
}

TEST(Engine, ASearchThatAnOlderVersionAcceptedGoesOn) {
  Harness harness;
  v1::SearchSpec spec = ToySpec(1);
  spec.mutable_space()->Clear();
  spec.mutable_space()->set_template_("network: [global_avg_pool, {linear: {features: 7}}]\n");
  spec.mutable_final()->set_test(false);
  EXPECT_EQ(harness.Submit(spec).status().code(), absl::StatusCode::kInvalidArgument);
  Surroundings surroundings;
  surroundings.datasets.push_back(testing::ToyDataset());
  surroundings.accepted_before = true;
  ResolvedSearch resolved = *ResolveSearch(spec, surroundings);
  // Older versions stored no field of the recipe that was 0.
  v1::Recipe& recipe = *resolved.spec.mutable_recipe();
  recipe.mutable_schedule()->clear_by_step();
  recipe.clear_label_smoothing();
  recipe.clear_seed();
  const auto search = harness.Call<v1::Search>(
      SubmitSearch{"old", std::make_shared<const ResolvedSearch>(resolved), nullptr});
  ASSERT_TRUE(search.ok()) << search.status();
  harness.Restart();
  EXPECT_EQ(harness.State(search->id()), v1::SEARCH_STATE_RUNNING);
  EXPECT_EQ(harness.Work(harness.Register("w")), 1);
  EXPECT_EQ(harness.State(search->id()), v1::SEARCH_STATE_COMPLETED);
}

TEST(Engine, EnqueuedGenotypesBecomeTrialsOnce) {
  Harness harness;
  harness.Register("w");
  auto spec = ToySpec(10);
  spec.mutable_strategy()->set_string_value("manual");
  const int64_t search = *harness.Submit(spec);
  EXPECT_TRUE(harness.Trials(search).empty());
  EnqueueGenotypes enqueue;
  enqueue.request_id = "enqueue";
  enqueue.search_id = search;
  enqueue.notations = {
      "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|skip_connect~1|none~2|",
      "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"};
  auto numbers = harness.Call<std::vector<int64_t>>(enqueue);
  ASSERT_TRUE(numbers.ok()) << numbers.status();
  EXPECT_EQ(*numbers, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(*harness.Call<std::vector<int64_t>>(enqueue), *numbers);
  harness.Restart();
  EXPECT_EQ(*harness.Call<std::vector<int64_t>>(enqueue), *numbers);
  EXPECT_EQ(harness.Trials(search).size(), 2u);
  enqueue.request_id = "wrong";
  enqueue.notations = {"|conv~0|"};
  EXPECT_EQ(harness.Call<std::vector<int64_t>>(enqueue).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(Engine, NothingIsEnqueuedToASearchThatHasEnded) {
  Harness harness;
  EnqueueGenotypes enqueue;
  enqueue.request_id = "enqueue";
  enqueue.search_id = *harness.Submit(ToySpec(1));
  enqueue.notations = {"@resnet"};
  ASSERT_TRUE(harness.Change(enqueue.search_id, ChangeSearch::How::kCancel).ok());
  const absl::Status late = harness.Call<std::vector<int64_t>>(enqueue).status();
  EXPECT_EQ(late.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(late.message()), HasSubstr("CANCELLED"));
  enqueue.search_id += 1000;
  EXPECT_TRUE(absl::IsNotFound(harness.Call<std::vector<int64_t>>(enqueue).status()));
}

TEST(Engine, WinnersAreAskedForWeightsAndTheFinalTestUsesThem) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  ASSERT_TRUE(harness.Submit(ToySpec(2)).ok());
  const auto first = harness.Lease(worker);
  EXPECT_TRUE(harness.Complete(worker, *first, 0.5)->weights_wanted());
  const auto second = harness.Lease(worker);
  EXPECT_FALSE(harness.Complete(worker, *second, 0.4)->weights_wanted());
  EXPECT_EQ(harness.Lease(worker)->work, nullptr);  // waits for the weights
  const v1::SetWeightsRequest weights = WeightsOf(first->attempt.trial_id(), worker);
  ASSERT_TRUE(harness.Call<v1::SetWeightsResponse>(weights).ok());
  const auto test = harness.Lease(worker);
  ASSERT_NE(test->work, nullptr);
  const auto response = MakeLeaseResponse(*test);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->task().final_test().weights(), weights.sha256());
}

TEST(Engine, AWorkerThatDidNotHearThatItsWeightsAreWantedIsToldAgain) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  ASSERT_TRUE(harness.Submit(ToySpec(3)).ok());
  const auto first = harness.Lease(worker);
  ASSERT_TRUE(harness.Complete(worker, *first, 0.5, "first")->weights_wanted());
  EXPECT_TRUE(harness.Complete(worker, *first, 0.5, "first")->weights_wanted());
  harness.Restart();
  EXPECT_TRUE(harness.Complete(worker, *first, 0.5, "first")->weights_wanted());
  ASSERT_TRUE(
      harness.Call<v1::SetWeightsResponse>(WeightsOf(first->attempt.trial_id(), worker)).ok());
  EXPECT_FALSE(harness.Complete(worker, *first, 0.5, "first")->weights_wanted()) << "stored";
  const auto second = harness.Lease(worker);
  ASSERT_FALSE(harness.Complete(worker, *second, 0.4, "second")->weights_wanted());
  EXPECT_FALSE(harness.Complete(worker, *second, 0.4, "second")->weights_wanted());
}

TEST(Engine, WeightsOfOneThatLeadsNoLongerAreForgottenAlsoAfterARestart) {
  Harness harness;
  int64_t worker = harness.Register("w");
  const int64_t search = *harness.Submit(ToySpec(3));
  const auto first = harness.Lease(worker);
  EXPECT_TRUE(harness.Complete(worker, *first, 0.5)->weights_wanted());
  const v1::SetWeightsRequest weights = WeightsOf(first->attempt.trial_id(), worker);
  ASSERT_TRUE(harness.Call<v1::SetWeightsResponse>(weights).ok());
  EXPECT_EQ(harness.Trials(search).front().weights, weights.sha256());
  harness.Restart();
  worker = harness.Register("w");
  EXPECT_TRUE(harness.Complete(worker, *harness.Lease(worker), 0.9)->weights_wanted());
  EXPECT_FALSE(harness.Complete(worker, *harness.Lease(worker), 0.1)->weights_wanted());
  EXPECT_EQ(harness.Trials(search).front().weights, "");
}

TEST(Engine, ATaskCarriesTheLiveNetworkTheResolvedRecipeAndTheData) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  ASSERT_TRUE(harness.Submit(ToySpec(2)).ok());
  const auto response = MakeLeaseResponse(*harness.Lease(worker));
  ASSERT_TRUE(response.ok()) << response.status();
  const v1::TrainTask& task = response->task().train();
  EXPECT_GT(task.network().nodes_size(), 0);
  EXPECT_EQ(task.recipe().optimizer().sgd().momentum(), 0.9);
  EXPECT_EQ(task.data().train(), 900);
  EXPECT_EQ(task.data().validation(), 100);
  EXPECT_EQ(task.data().dataset().name(), "toy");
  const storage::TrialRecord trial = harness.Trials(1).front();
  EXPECT_EQ(task.genotype(), trial.notation);
  EXPECT_EQ(task.network_key(), trial.key);
  EXPECT_NE(task.network_key(), "");
}

TEST(Engine, AWorkerOfAnotherProtocolIsRefused) {
  Harness harness;
  v1::RegisterRequest request;
  request.set_request_id("old");
  request.set_name("old");
  request.set_protocol_version(7);
  request.add_slots()->set_kind("cpu");
  EXPECT_EQ(harness.Call<v1::RegisterResponse>(request).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(Engine, AWorkerIsGoneOnceItHoldsNothingAndIsSilent) {
  Harness harness;
  const int64_t silent = harness.Register("silent");
  const int64_t busy = harness.Register("busy");
  ASSERT_TRUE(harness.Submit(ToySpec(1)).ok());
  const auto lease = harness.Lease(busy);
  const auto gone = [&](int64_t id) {
    const auto workers = harness.Call<std::vector<v1::Worker>>(ListWorkers());
    EXPECT_TRUE(workers.ok()) << workers.status();
    for (const v1::Worker& worker : *workers) {
      if (worker.id() == id) return worker.gone();
    }
    ADD_FAILURE() << "no worker " << id;
    return false;
  };
  EXPECT_FALSE(gone(silent));
  for (int minute = 0; minute < 60; ++minute) {
    harness.Advance(absl::Minutes(1) / 4);
    ASSERT_TRUE(harness.Renew(busy, *lease).ok());
  }
  EXPECT_TRUE(gone(silent));
  EXPECT_FALSE(gone(busy));
  ASSERT_TRUE(harness.Lease(silent).ok());
  EXPECT_FALSE(gone(silent));
}

TEST(Engine, ASearchSaysWhatItsDecisionsStandForAlsoAfterARestart) {
  Harness harness;
  v1::SearchSpec spec = ToySpec(1);
  auto& rates =
      *(*spec.mutable_decisions())["recipe.optimizer.sgd.learning_rate"].mutable_log_uniform();
  rates.set_minimum(0.01);
  rates.set_maximum(0.5);
  const int64_t search = *harness.Submit(spec);
  const auto check = [](const v1::Search& shown) {
    // Six edges of a cell, and the recipe's.
    ASSERT_EQ(shown.decisions_size(), 7);
    EXPECT_EQ(shown.decisions(0).domain().choice().values_size(), 5);
    EXPECT_EQ(shown.decisions(6).label(), "recipe.optimizer.sgd.learning_rate");
    EXPECT_EQ(shown.decisions(6).domain().log_uniform().maximum(), 0.5);
  };
  check(harness.View(search).search);
  check(ViewOf(*harness.store().GetSearch(search)));
  harness.Restart();
  check(harness.View(search).search);
}

TEST(Engine, AnUnknownWorkerIsToldToRegister) {
  Harness harness;
  EXPECT_EQ(harness.Lease(12345).status().code(), absl::StatusCode::kNotFound);
}

TEST(Engine, NetworksThatWaitForWorkersAreKeptWithinOneBoundForAllSearches) {
  EngineOptions options;
  options.candidates.shelf = std::make_shared<NetworkShelf>(4);
  Harness harness(options);
  for (int i = 0; i < 10; ++i) {
    v1::SearchSpec spec = ToySpec(5);
    spec.set_seed(static_cast<uint64_t>(i));
    ASSERT_TRUE(harness.Submit(spec).ok());
  }
  EXPECT_EQ(options.candidates.shelf->size(), 4u);
  // What is no longer kept is built again for the worker that leases it.
  const int64_t worker = harness.Register("w", 10);
  for (int slot = 0; slot < 10; ++slot) {
    const auto response = MakeLeaseResponse(*harness.Lease(worker, slot));
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_GT(response->task().train().network().nodes_size(), 0);
  }
}

// Ten thousand searches that nobody asks for must not keep a coordinator from serving.
TEST(Engine, ATakeoverHoldsUpNobodyForSearchesThatNobodyAsksFor) {
  Harness harness;
  const int64_t worker = harness.Register("w");
  std::vector<int64_t> searches;
  for (int i = 0; i < 10; ++i) {
    v1::SearchSpec spec = ToySpec(5);
    spec.mutable_budget()->set_parallel(1);
    spec.set_priority(i == 8 ? 1 : 0);
    searches.push_back(*harness.Submit(spec));
  }
  const auto lease = harness.Lease(worker);
  ASSERT_EQ(lease->search_id, searches[8]);

  EngineOptions options;
  options.searches_at_once = 3;
  InlineExecutor executor;
  Engine engine(options, &harness.store(), &harness.clock(), &executor, nullptr);
  ASSERT_TRUE(engine.Load(harness.store().AcquireTerm("test", absl::Hours(1))->term).ok());
  EXPECT_EQ(engine.held_searches(), 3u);
  EXPECT_EQ(engine.waiting_searches(), 7u);
  ASSERT_NE(engine.FindSearch(searches[8]), nullptr);
  EXPECT_EQ(engine.FindSearch(searches[8])->tally.Of(v1::TRIAL_STATE_LEASED), 1);
  EXPECT_EQ(engine.UntilNext(), absl::ZeroDuration());

  // Who asks for some of them is answered, in turn.
  std::vector<int64_t> seen;
  std::vector<Command> commands;
  for (const int i : {9, 7, 5}) {
    commands.push_back(
        engine::Call<ViewSearch, SearchView>{{searches[i]}, [&](absl::StatusOr<SearchView> view) {
                                               ASSERT_TRUE(view.ok()) << view.status();
                                               EXPECT_EQ(view->search.progress().ready(), 1);
                                               seen.push_back(view->search.id());
                                             }});
  }
  ASSERT_TRUE(engine.Step(std::move(commands)).ok());
  EXPECT_EQ(seen, (std::vector<int64_t>{searches[9], searches[7]}));
  EXPECT_EQ(engine.held_searches(), 5u);
  ASSERT_TRUE(engine.Step({}).ok());
  EXPECT_EQ(seen.back(), searches[5]);
  while (engine.waiting_searches() > 0) ASSERT_TRUE(engine.Step({}).ok());
  EXPECT_EQ(engine.held_searches(), 10u);
}

}  // namespace
}  // namespace nascent::engine
