#include "server/engine/worker_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "server/engine/testing/harness.h"

namespace nascent::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Measure;
using ::testing::SizeIs;

v1::RegisterRequest GoodRegistration() {
  v1::RegisterRequest request;
  request.set_request_id("r");
  request.set_name("w");
  request.set_protocol_version(1);
  request.add_slots()->set_kind("cpu");
  return request;
}

TEST(WorkerRequests, ARegistrationNamesItsFaultyField) {
  EXPECT_TRUE(CheckRegistration(GoodRegistration()).ok());
  auto request = GoodRegistration();
  request.mutable_slots(0)->set_kind("abacus");
  EXPECT_THAT(std::string(CheckRegistration(request).message()), HasSubstr("slots[0].kind"));
  request = GoodRegistration();
  request.clear_slots();
  EXPECT_THAT(std::string(CheckRegistration(request).message()), HasSubstr("slots"));
  request = GoodRegistration();
  request.clear_name();
  EXPECT_THAT(std::string(CheckRegistration(request).message()), HasSubstr("name"));
  request = GoodRegistration();
  (*request.mutable_labels())["zone"] = std::string(129, 'x');
  EXPECT_THAT(std::string(CheckRegistration(request).message()), HasSubstr("labels.zone"));
}

TEST(WorkerRequests, AnotherProtocolIsNoMatterOfTheRequestsFields) {
  auto request = GoodRegistration();
  request.set_protocol_version(2);
  const absl::Status status = CheckRegistration(request);
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("found 2, allowed 1"));
}

TEST(WorkerRequests, AnAttemptIsThatOfALease) {
  v1::AttemptRef attempt;
  attempt.set_task_id(3);
  attempt.set_attempt(1);
  EXPECT_TRUE(CheckAttempt("r", attempt).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(CheckAttempt("", attempt)));
  attempt.set_attempt(0);
  EXPECT_THAT(std::string(CheckAttempt("r", attempt).message()), HasSubstr("task 3, attempt 0"));
}

TEST(WorkerRequests, MeasurementsHaveANameAndCountFromZero) {
  MeasurementList list;
  *list.Add() = Measure("loss", 1, 0.5);
  EXPECT_TRUE(CheckMeasurements(list).ok());
  *list.Add() = Measure("loss", -1, 0.5);
  EXPECT_THAT(std::string(CheckMeasurements(list).message()), HasSubstr("measurements[1]"));
  list.Clear();
  *list.Add() = Measure("", 1, 0.5);
  EXPECT_THAT(std::string(CheckMeasurements(list).message()), HasSubstr("measurements[0].metric"));
  list.Clear();
  for (int i = 0; i < 10001; ++i) *list.Add() = Measure("loss", i, 0.5);
  EXPECT_THAT(std::string(CheckMeasurements(list).message()), HasSubstr("at most 10000"));
}

TEST(WorkerRequests, AnArtifactIsAHashOrNothing) {
  EXPECT_TRUE(CheckArtifactName("checkpoint", "").ok());
  EXPECT_TRUE(CheckArtifactName("checkpoint", std::string(64, 'a')).ok());
  EXPECT_THAT(std::string(CheckArtifactName("checkpoint", "../etc").message()),
              HasSubstr("checkpoint"));
}

TEST(WorkerRequests, TextsAreCutBetweenCharactersAndHaveNoNul) {
  EXPECT_EQ(CleanText("abc", 2), "ab");
  EXPECT_EQ(CleanText("a\u00e9", 2), "a");
  EXPECT_EQ(CleanText(std::string("a\0b", 3), 9), "a b");
}

TEST(WorkerRequests, WhatIsNotFiniteIsDroppedAndTheFirstOneIsNamed) {
  std::vector<v1::Measurement> list = {Measure("a", 1, 0.5), Measure("b", 2, std::nan("")),
                                       Measure("c", 3, std::numeric_limits<double>::infinity())};
  EXPECT_EQ(DropNonFinite(list), "b became nan in epoch 2");
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0].metric(), "a");
  EXPECT_THAT(DropNonFinite(list), IsEmpty());
}

TEST(WorkerRequests, AnAccuracyIsAFraction) {
  std::vector<v1::Measurement> list = {
      Measure("validation_accuracy", 1, 0), Measure("validation_loss", 1, 5),
      Measure("final_validation_accuracy", 1, 1 + 1e-9), Measure("my_accuracy_in_percent", 1, 93)};
  EXPECT_THAT(DropImpossible(list), IsEmpty());
  EXPECT_THAT(list, SizeIs(4));
  list.push_back(Measure("validation_accuracy", 2, 5));
  list.push_back(Measure("test_accuracy", 2, -0.1));
  EXPECT_THAT(DropImpossible(list), HasSubstr("validation_accuracy of 5 in epoch 2"));
  EXPECT_THAT(list, SizeIs(4));
}

TEST(WorkerRequests, AFinalTestsOwnTrainingHasNamesOfItsOwn) {
  std::vector<v1::Measurement> list = {Measure("validation_accuracy", 1, 0.5),
                                       Measure("test_accuracy", 1, 0.4)};
  PrefixFinalMetrics(list);
  EXPECT_EQ(list[0].metric(), "final_validation_accuracy");
  EXPECT_EQ(list[1].metric(), "test_accuracy");
}

}  // namespace
}  // namespace nascent::engine
