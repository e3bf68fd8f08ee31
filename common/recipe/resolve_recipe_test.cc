#include "common/recipe/resolve_recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace nascent::recipe {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLeast = std::numeric_limits<double>::denorm_min();
constexpr double kMost = std::numeric_limits<double>::max();
const double kBelowOne = std::nextafter(1, 0);

double After(double number) { return std::nextafter(number, kInfinity); }

// What a field takes, as recipe.proto says it, and the numbers next to it on either side.
struct Bounds {
  std::string path;
  double below = 0;     // the largest that is refused below the range
  double least = 0;     // the smallest that is allowed
  double most = 0;      // the largest that is allowed
  double above = 0;     // the smallest that is refused above the range
  std::string allowed;  // as the error says it
};

const Bounds kBounds[] = {
    {"epochs", -1, 0, 100000, 100001, "[0, 100000]"},
    {"batch", 0, 1, 65536, 65537, "[1, 65536]"},
    {"optimizer.sgd.learning_rate", 0, kLeast, 100, After(100), "(0, 100]"},
    {"optimizer.sgd.momentum", -kLeast, 0, kBelowOne, 1, "[0, 1)"},
    {"optimizer.sgd.weight_decay", -kLeast, 0, 1, After(1), "[0, 1]"},
    {"optimizer.adam.learning_rate", 0, kLeast, 100, After(100), "(0, 100]"},
    {"optimizer.adam.beta1", -kLeast, 0, kBelowOne, 1, "[0, 1)"},
    {"optimizer.adam.beta2", -kLeast, 0, kBelowOne, 1, "[0, 1)"},
    {"optimizer.adam.epsilon", 0, kLeast, 1, After(1), "(0, 1]"},
    {"optimizer.adam.weight_decay", -kLeast, 0, 1, After(1), "[0, 1]"},
    {"optimizer.adamw.learning_rate", 0, kLeast, 100, After(100), "(0, 100]"},
    {"optimizer.adamw.beta1", -kLeast, 0, kBelowOne, 1, "[0, 1)"},
    {"optimizer.adamw.beta2", -kLeast, 0, kBelowOne, 1, "[0, 1)"},
    {"optimizer.adamw.epsilon", 0, kLeast, 1, After(1), "(0, 1]"},
    {"optimizer.adamw.weight_decay", -kLeast, 0, 1, After(1), "[0, 1]"},
    {"optimizer.rmsprop.learning_rate", 0, kLeast, 100, After(100), "(0, 100]"},
    {"optimizer.rmsprop.momentum", -kLeast, 0, kBelowOne, 1, "[0, 1)"},
    {"optimizer.rmsprop.decay", -kLeast, 0, kBelowOne, 1, "[0, 1)"},
    {"optimizer.rmsprop.epsilon", 0, kLeast, 10, After(10), "(0, 10]"},
    {"optimizer.rmsprop.weight_decay", -kLeast, 0, 1, After(1), "[0, 1]"},
    {"schedule.cosine.final_factor", -kLeast, 0, 1, After(1), "[0, 1]"},
    {"schedule.step.every_epochs", 0, 1, 2147483647, kInfinity, "at least 1"},
    {"schedule.step.factor", 0, kLeast, 1, After(1), "(0, 1]"},
    // Of a recipe of 7 epochs.
    {"schedule.warmup_epochs", -kLeast, 0, 7, After(7), "[0, epochs], epochs is 7"},
    {"augmentation.crop_padding", -1, 0, 64, 65, "[0, 64]"},
    {"augmentation.cutout", -1, 0, 4096, 4097, "[0, 4096]"},
    {"label_smoothing", -kLeast, 0, kBelowOne, 1, "[0, 1)"},
    {"gradient_clip", -kLeast, 0, kMost, kInfinity, "at least 0"},
    {"drop_path", -kLeast, 0, kBelowOne, 1, "[0, 1)"},
    {"auxiliary_weight", -kLeast, 0, 10, After(10), "[0, 10]"},
    {"resolution", -1, 0, 4096, 4097, "[0, 4096]"},
    {"precision", -1, 0, 2, 3, "auto, float32, bfloat16"},
    {"loss", -1, 0, 2, 3, "cross_entropy, pixel_cross_entropy, squared_error"},
};

// Flags, and a number of which the field itself can hold no wrong one.
const char* const kUnbounded[] = {"optimizer.sgd.nesterov", "schedule.by_step", "augmentation.flip",
                                  "seed"};

void Set(Message& recipe, const std::string& path, double value) {
  Message* message = &recipe;
  const FieldDescriptor* field = nullptr;
  for (const std::string& name : std::vector<std::string>(absl::StrSplit(path, '.'))) {
    if (field != nullptr) message = message->GetReflection()->MutableMessage(message, field);
    field = message->GetDescriptor()->FindFieldByName(name);
    ASSERT_NE(field, nullptr) << path;
  }
  const auto& reflection = *message->GetReflection();
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT32) {
    reflection.SetInt32(message, field, static_cast<int32_t>(value));
  } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    reflection.SetEnumValue(message, field, static_cast<int>(value));
  } else {
    reflection.SetDouble(message, field, value);
  }
}

absl::Status With(const std::string& path, double value) {
  v1::Recipe recipe;
  recipe.set_epochs(7);
  Set(recipe, path, value);
  return ResolveRecipe(recipe, "final.recipe").status();
}

class RangeOf : public ::testing::TestWithParam<Bounds> {};

TEST_P(RangeOf, BeginsAndEndsWhereTheProtoSays) {
  const Bounds& field = GetParam();
  EXPECT_TRUE(With(field.path, field.least).ok()) << With(field.path, field.least);
  EXPECT_TRUE(With(field.path, field.most).ok()) << With(field.path, field.most);
  for (const double value : {field.below, field.above}) {
    // No number of the field's type is above it.
    if (value == kInfinity && field.path.ends_with("every_epochs")) continue;
    const absl::Status status = With(field.path, value);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << value;
    EXPECT_THAT(std::string(status.message()),
                StartsWith("final.recipe." + field.path + ": found "));
    EXPECT_THAT(std::string(status.message()), EndsWith(", allowed " + field.allowed));
  }
}

INSTANTIATE_TEST_SUITE_P(Fields, RangeOf, ::testing::ValuesIn(kBounds), [](const auto& test) {
  std::string name = test.param.path;
  for (char& c : name) c = c == '.' ? '_' : c;
  return name;
});

void Collect(const Descriptor& type, const std::string& prefix, std::set<std::string>& paths) {
  for (int i = 0; i < type.field_count(); ++i) {
    const std::string path = prefix + type.field(i)->name();
    if (const Descriptor* message = type.field(i)->message_type(); message != nullptr) {
      Collect(*message, path + ".", paths);
    } else {
      paths.insert(path);
    }
  }
}

TEST(RangesOfARecipe, AreTriedForEveryField) {
  std::set<std::string> tried(std::begin(kUnbounded), std::end(kUnbounded));
  for (const Bounds& field : kBounds) tried.insert(field.path);
  std::set<std::string> fields;
  Collect(*v1::Recipe::descriptor(), "", fields);
  EXPECT_EQ(tried, fields);
}

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

TEST(ResolveRecipe, NeverTakesAZeroThatWasWrittenForNothing) {
  v1::Recipe recipe;
  recipe.set_epochs(0);
  EXPECT_EQ(ResolveRecipe(recipe, "recipe")->epochs(), 0);
  recipe.clear_epochs();
  recipe.set_batch(0);
  EXPECT_EQ(ResolveRecipe(recipe, "recipe").status().message(),
            "recipe.batch: found 0, allowed [1, 65536]");
  // A final recipe that switches something off does so.
  v1::Recipe base, final;
  base.set_label_smoothing(0.1);
  final.set_label_smoothing(0);
  base.MergeFrom(final);
  EXPECT_EQ(ResolveRecipe(base, "final.recipe")->label_smoothing(), 0);
}

TEST(ResolveRecipe, ResolvedRecipesHoldEveryFieldOfWhatTheyUse) {
  v1::Recipe given;
  given.mutable_optimizer()->mutable_adam();
  const auto recipe = ResolveRecipe(given, "recipe");
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  EXPECT_TRUE(recipe->has_label_smoothing() && recipe->has_seed() && recipe->has_precision());
  EXPECT_TRUE(recipe->schedule().has_by_step() && recipe->augmentation().has_cutout());
  EXPECT_EQ(recipe->optimizer().adam().beta2(), 0.999);
  EXPECT_FALSE(recipe->optimizer().has_sgd());
}

TEST(ResolveRecipe, IdentitiesAreThoseOfTheVersionsThatKnewNoWrittenZero) {
  const auto bytes = [](v1::Recipe recipe) {
    const auto resolved = ResolveRecipe(std::move(recipe), "recipe");
    EXPECT_TRUE(resolved.ok()) << resolved.status();
    return absl::BytesToHexString(ForIdentity(*resolved).SerializeAsString());
  };
  v1::Recipe recipe;
  EXPECT_EQ(bytes(recipe),
            "08011080011a1f0a1d099a9999999999b93f11cdccccccccccec3f180121fca9f1d24d62403f2202"
            "0a002a00");
  recipe.mutable_optimizer()->mutable_adam();
  recipe.mutable_schedule()->mutable_cosine();
  EXPECT_EQ(bytes(recipe),
            "08011080011a2f122d09fca9f1d24d62503f11cdccccccccccec3f192b8716d9cef7ef3f213a8c30"
            "e28e79453e290000000000000000220212002a00");
  // A zero that is written is the same training as one that is not.
  const std::string before = bytes(recipe);
  recipe.set_label_smoothing(0);
  recipe.mutable_augmentation()->set_flip(false);
  recipe.mutable_schedule()->mutable_cosine()->set_final_factor(0);
  EXPECT_EQ(bytes(recipe), before);
  recipe.set_label_smoothing(0.1);
  EXPECT_NE(bytes(recipe), before);
}

TEST(ResolveRecipe, NesterovFollowsTheMomentum) {
  v1::Recipe given;
  given.mutable_optimizer()->mutable_sgd()->set_momentum(0);
  EXPECT_FALSE(ResolveRecipe(given, "recipe")->optimizer().sgd().nesterov());
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

}  // namespace
}  // namespace nascent::recipe
