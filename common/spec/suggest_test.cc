#include "common/spec/suggest.h"

#include <gtest/gtest.h>

namespace nascent::spec {
namespace {

TEST(Suggest, FindsTheNearestWord) {
  EXPECT_EQ(Nearest("momentun", {"learning_rate", "momentum", "nesterov"}), "momentum");
  EXPECT_EQ(Nearest("maximise", {"maximize", "minimize"}), "maximize");
}

TEST(Suggest, StaysSilentWhenNothingIsNear) {
  EXPECT_EQ(Nearest("banana", {"learning_rate", "momentum"}), "");
  EXPECT_EQ(DidYouMean("banana", {"learning_rate"}), "");
  EXPECT_EQ(Nearest(std::string(100000, 'a'), {"a"}), "");
}

TEST(Suggest, PutsTheWordIntoASentence) {
  EXPECT_EQ(DidYouMean("epoch", {"epochs", "batch"}), "; did you mean \"epochs\"?");
}

}  // namespace
}  // namespace nascent::spec
