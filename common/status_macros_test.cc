#include "common/status_macros.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace nascent {
namespace {

absl::Status Fail(bool fails) { return fails ? absl::NotFoundError("not here") : absl::OkStatus(); }

absl::StatusOr<std::unique_ptr<int>> Make(int value) {
  if (value < 0) return absl::InvalidArgumentError("negative");
  return std::make_unique<int>(value);
}

absl::StatusOr<int> Sum(int a, int b, bool fails, int& calls) {
  NASCENT_RETURN_IF_ERROR(Fail(fails));
  ++calls;
  NASCENT_ASSIGN_OR_RETURN(const std::unique_ptr<int> first, Make(a));
  ++calls;
  std::unique_ptr<int> second;
  NASCENT_ASSIGN_OR_RETURN(second, Make(b));
  ++calls;
  return *first + *second;
}

TEST(StatusMacros, HandOnTheFirstErrorAndEvaluateNothingAfterIt) {
  int calls = 0;
  EXPECT_EQ(Sum(1, 2, true, calls).status(), absl::NotFoundError("not here"));
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(Sum(-1, 2, false, calls).status(), absl::InvalidArgumentError("negative"));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(Sum(1, -2, false, calls).status().message(), "negative");
  EXPECT_EQ(calls, 3);
}

TEST(StatusMacros, GiveTheValueOfWhatSucceeds) {
  int calls = 0;
  EXPECT_EQ(Sum(1, 2, false, calls).value(), 3);
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace nascent
