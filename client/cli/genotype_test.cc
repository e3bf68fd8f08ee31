#include "client/cli/genotype.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/facts.h"
#include "client/cli/testing/searches.h"

namespace nascent::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(Genotype, HasAllDecisionsTypedAndThoseOfTheRecipe) {
  const v1::Search search = MakeOwnSearch();
  const std::vector<v1::Trial> trials = MakeOwnTrials();
  const char* const json =
      "{\"attention.heads\": 2, \"feed_forward.expansion_of_the_hidden_layer\": 1.5, "
      "\"activation_after_the_stem\": \"gelu\", \"depth\": 3, \"recipe.batch\": 64, "
      "\"recipe.optimizer.adamw.learning_rate\": 0.0123456}";
  EXPECT_EQ(DecisionsJson(search, trials[0]).Print(), json);
  EXPECT_EQ(WholeGenotype(search, trials[0]), json);
  EXPECT_THAT(TrialJson(search, trials[0]).Print(), HasSubstr(json));
}

TEST(Genotype, OfANotationIsTheNotationAndWhatItDoesNotName) {
  v1::Search search = MakeSearch();
  v1::Trial trial = MakeTrial(1, v1::TRIAL_STATE_SUCCEEDED, 0.8, 10);
  EXPECT_EQ(WholeGenotype(search, trial), trial.notation());
  v1::SearchDecision* decision = search.add_decisions();
  decision->set_label("op0");
  decision->mutable_domain()->mutable_choice()->add_values()->set_string_value("none");
  v1::DecisionValue* value = trial.mutable_genotype()->add_values();
  value->set_label("op0");
  value->set_option(0);
  EXPECT_EQ(WholeGenotype(search, trial), trial.notation());
  decision = search.add_decisions();
  decision->set_label("recipe.batch");
  decision->mutable_domain()->mutable_integer()->set_maximum(64);
  value = trial.mutable_genotype()->add_values();
  value->set_label("recipe.batch");
  value->set_integer(32);
  EXPECT_EQ(WholeGenotype(search, trial), "{\"op0\": \"none\", \"recipe.batch\": 32}");
  EXPECT_EQ(ShortForms(search, {&trial}).Of(trial), "batch=32 " + trial.notation());
}

TEST(ShortForms, NameWhatDiffersAndOnceWhatDoesNot) {
  const v1::Search search = MakeOwnSearch();
  const std::vector<v1::Trial> trials = MakeOwnTrials();
  const ShortForms forms(search, {&trials[1], &trials[2]});
  EXPECT_EQ(forms.Of(trials[1]), "activation_after_the_stem=relu depth=3");
  EXPECT_EQ(forms.Of(trials[2]), "activation_after_the_stem=gelu depth=11");
  EXPECT_EQ(forms.Common(),
            "attention.heads=4 feed_forward.expansion_of_the_hidden_layer=1.5 batch=64 "
            "learning_rate=0.00031");
  // Of two that are equal nothing differs.
  EXPECT_EQ(ShortForms(search, {&trials[1], &trials[1]}).Of(trials[1]), "as the others");
}

TEST(ShortLabels, StayApart) {
  EXPECT_THAT(ShortLabels({"recipe.batch", "recipe.optimizer.sgd.learning_rate",
                           "recipe.optimizer.adam.learning_rate", "momentum",
                           "recipe.optimizer.sgd.momentum"}),
              ElementsAre(Pair("momentum", "momentum"), Pair("recipe.batch", "batch"),
                          Pair("recipe.optimizer.adam.learning_rate", "adam.learning_rate"),
                          Pair("recipe.optimizer.sgd.learning_rate", "sgd.learning_rate"),
                          Pair("recipe.optimizer.sgd.momentum", "sgd.momentum")));
}

}  // namespace
}  // namespace nascent::cli
