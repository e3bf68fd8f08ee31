#include "common/recipe/set_recipe_field.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nascent::recipe {
namespace {

using ::testing::HasSubstr;

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
  EXPECT_FALSE(SetRecipeField(recipe, "recipe.augmentation", 0.1).ok());
  EXPECT_FALSE(SetRecipeField(recipe, "recipe.batch", 0.5).ok());
  EXPECT_EQ(SetRecipeField(recipe, "recipe.batch", std::string("many")).message(),
            "recipe.batch: found \"many\", allowed a number");
  EXPECT_EQ(SetRecipeField(recipe, "recipe.batch", 1e10).message(),
            "recipe.batch: found 1e+10, allowed a whole number that the field can hold");
  EXPECT_FALSE(SetRecipeField(recipe, "recipe.seed", 18446744073709551616.0).ok());
  EXPECT_FALSE(SetRecipeField(recipe, "batch", int64_t{1}).ok());
  EXPECT_FALSE(SetRecipeField(recipe, "recipe.batch.more", int64_t{1}).ok());
}

TEST(SetRecipeField, ChoosesAKindByItsName) {
  v1::Recipe recipe;
  recipe.mutable_optimizer()->mutable_sgd()->set_momentum(0.8);
  EXPECT_TRUE(SetRecipeField(recipe, "recipe.optimizer", std::string("sgd")).ok());
  EXPECT_EQ(recipe.optimizer().sgd().momentum(), 0.8);
  EXPECT_TRUE(SetRecipeField(recipe, "recipe.optimizer", std::string("adam")).ok());
  EXPECT_TRUE(SetRecipeField(recipe, "recipe.optimizer.adam.beta1", 0.5).ok());
  EXPECT_EQ(recipe.optimizer().adam().beta1(), 0.5);
  EXPECT_TRUE(SetRecipeField(recipe, "recipe.schedule", std::string("cosine")).ok());
  EXPECT_TRUE(recipe.schedule().has_cosine());
  EXPECT_EQ(SetRecipeField(recipe, "recipe.optimizer", std::string("adagrad")).message(),
            "recipe.optimizer: found \"adagrad\", allowed sgd, adam, adamw, rmsprop");
}

TEST(CheckKind, WholeNumbersAreNoRangeOfRealOnes) {
  const space::Domain real{space::Domain::Kind::kReal, {}, 16, 64, false};
  EXPECT_THAT(std::string(CheckKind("recipe.batch", real).message()),
              HasSubstr("found a range of real numbers, allowed whole numbers"));
  EXPECT_TRUE(CheckKind("recipe.label_smoothing", real).ok());
  EXPECT_FALSE(CheckKind("recipe.speed", real).ok());
}

}  // namespace
}  // namespace nascent::recipe
