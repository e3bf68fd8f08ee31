#include "server/engine/evaluations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace nascent::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TrialRef kFirst = {1, 1};
constexpr TrialRef kSecond = {1, 2};
constexpr TrialRef kElsewhere = {2, 1};

storage::EvaluationRecord By(const std::string& evaluator) {
  storage::EvaluationRecord evaluation;
  evaluation.evaluator = evaluator;
  evaluation.metrics = {{"a", 1}};
  return evaluation;
}

TEST(SharedEvaluations, WhoComesLaterLearnsWhoCameFirst) {
  SharedEvaluations evaluations;
  EXPECT_EQ(evaluations.Add("s", kFirst), std::nullopt);
  EXPECT_EQ(evaluations.Add("s", kElsewhere), kFirst);
  EXPECT_EQ(evaluations.Add("another", kSecond), std::nullopt);
  EXPECT_THAT(evaluations.End("s", kFirst), ElementsAre(kElsewhere));
  EXPECT_EQ(evaluations.Add("s", kSecond), kElsewhere);
}

TEST(SharedEvaluations, AnEvaluationIsMadeOncePerEvaluatorAtATime) {
  SharedEvaluations evaluations;
  evaluations.Add("s", kFirst);
  evaluations.Add("s", kSecond);
  evaluations.Start("s", kFirst, "e 1");
  EXPECT_TRUE(evaluations.IsMade("s", kSecond, "e 1"));
  EXPECT_FALSE(evaluations.IsMade("s", kSecond, "e 2"));
  EXPECT_FALSE(evaluations.IsMade("s", kFirst, "e 1"));  // by itself
  evaluations.Stop("s", kFirst);
  EXPECT_FALSE(evaluations.IsMade("s", kSecond, "e 1"));
}

TEST(SharedEvaluations, AFinishedOneIsKnownForItsEvaluatorOnly) {
  SharedEvaluations evaluations;
  evaluations.Remember("s", By("e 1"));
  ASSERT_NE(evaluations.Find("s", "e 1"), nullptr);
  EXPECT_EQ(evaluations.Find("s", "e 1")->metrics.at("a"), 1);
  EXPECT_EQ(evaluations.Find("s", "e 2"), nullptr);
  EXPECT_EQ(evaluations.Find("another", "e 1"), nullptr);
}

TEST(SharedEvaluations, WhoEndedMakesNothingAndWaitsForNothing) {
  SharedEvaluations evaluations;
  evaluations.Add("s", kFirst);
  evaluations.Add("s", kSecond);
  evaluations.Start("s", kFirst, "e 1");
  evaluations.Start("s", kSecond, "e 2");
  EXPECT_THAT(evaluations.End("s", kFirst), ElementsAre(kSecond));
  EXPECT_FALSE(evaluations.IsMade("s", kSecond, "e 1"));
  EXPECT_THAT(evaluations.End("s", kSecond), IsEmpty());
  EXPECT_THAT(evaluations.End("s", kSecond), IsEmpty());
}

TEST(SharedEvaluations, TheOldestFinishedOnesAreForgottenUnlessAnOpenTrialMayNeedThem) {
  SharedEvaluations evaluations;
  evaluations.Add("needed", kFirst);
  evaluations.Remember("needed", By("e"));
  evaluations.Remember("not needed", By("e"));
  for (int i = 0; i < 10000; ++i) evaluations.Remember(std::to_string(i), By("e"));
  EXPECT_NE(evaluations.Find("needed", "e"), nullptr);
  EXPECT_EQ(evaluations.Find("not needed", "e"), nullptr);
  EXPECT_NE(evaluations.Find("9999", "e"), nullptr);
}

}  // namespace
}  // namespace nascent::engine
