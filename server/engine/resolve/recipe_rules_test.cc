#include "server/engine/resolve/recipe_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace nascent::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ResolveRecipe, FillsInEveryDefaultOnceAndForAll) {
  const auto recipe = ResolveRecipe(v1::Recipe(), "recipe");
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  EXPECT_EQ(recipe->epochs(), 1);
  EXPECT_EQ(recipe->batch(), 128);
  EXPECT_EQ(recipe->optimizer().sgd().learning_rate(), 0.1);
  EXPECT_EQ(recipe->optimizer().sgd().weight_decay(), 5e-4);
  EXPECT_TRUE(recipe->optimizer().sgd().nesterov());
  EXPECT_TRUE(recipe->schedule().has_constant());
  const auto again = ResolveRecipe(*recipe, "recipe");
  EXPECT_EQ(again->SerializeAsString(), recipe->SerializeAsString());
}

TEST(ResolveRecipe, AdamwHasItsOwnWeightDecay) {
  v1::Recipe given;
  given.mutable_optimizer()->mutable_adamw();
  EXPECT_EQ(ResolveRecipe(given, "recipe")->optimizer().adamw().weight_decay(), 0.01);
}

TEST(ResolveRecipe, NamesTheFieldThatIsOutOfRange) {
  const auto error = [](auto change) {
    v1::Recipe recipe;
    change(recipe);
    const absl::Status status = ResolveRecipe(recipe, "recipe").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(error([](v1::Recipe& r) { r.set_epochs(-3); }),
              StartsWith("recipe.epochs: found -3"));
  EXPECT_THAT(error([](v1::Recipe& r) { r.set_label_smoothing(1); }),
              StartsWith("recipe.label_smoothing: found 1"));
  EXPECT_THAT(error([](v1::Recipe& r) {
                r.mutable_optimizer()->mutable_sgd()->set_learning_rate(
                    std::numeric_limits<double>::quiet_NaN());
              }),
              StartsWith("recipe.optimizer.sgd.learning_rate: found nan"));
  EXPECT_THAT(error([](v1::Recipe& r) { r.mutable_schedule()->set_warmup_epochs(2); }),
              HasSubstr("epochs is 1"));
}

TEST(SetRecipeField, ReachesNestedFieldsOfEveryType) {
  v1::Recipe recipe;
  EXPECT_TRUE(SetRecipeField(recipe, "recipe.optimizer.sgd.learning_rate", 0.25).ok());
  EXPECT_TRUE(SetRecipeField(recipe, "recipe.batch", int64_t{64}).ok());
  EXPECT_TRUE(SetRecipeField(recipe, "recipe.augmentation.flip", true).ok());
  EXPECT_TRUE(SetRecipeField(recipe, "recipe.precision", std::string("float32")).ok());
  EXPECT_EQ(recipe.optimizer().sgd().learning_rate(), 0.25);
  EXPECT_EQ(recipe.batch(), 64);
  EXPECT_TRUE(recipe.augmentation().flip());
  EXPECT_EQ(recipe.precision(), v1::PRECISION_FLOAT32);
}

TEST(SetRecipeField, RefusesWhatTheRecipeLacks) {
  v1::Recipe recipe;
  recipe.mutable_optimizer()->mutable_adam();
  EXPECT_THAT(
      std::string(SetRecipeField(recipe, "recipe.optimizer.sgd.learning_rate", 0.1).message()),
      HasSubstr("the recipe has adam, not sgd"));
  EXPECT_FALSE(SetRecipeField(recipe, "recipe.speed", 0.1).ok());
  EXPECT_FALSE(SetRecipeField(recipe, "recipe.optimizer", 0.1).ok());
  EXPECT_FALSE(SetRecipeField(recipe, "recipe.batch", 0.5).ok());
  EXPECT_FALSE(SetRecipeField(recipe, "recipe.batch", std::string("many")).ok());
  EXPECT_FALSE(SetRecipeField(recipe, "batch", int64_t{1}).ok());
  EXPECT_FALSE(SetRecipeField(recipe, "recipe.batch.more", int64_t{1}).ok());
}

}  // namespace
}  // namespace nascent::engine
