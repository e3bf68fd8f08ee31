#include "common/objectives/constraints.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace nascent::objectives {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Constraints, ABoundIsKeptUpToTheBoundItself) {
  const Bounds bounds = {.at_most = 200, .at_least = 50};
  EXPECT_EQ(Violation(200, bounds), 0);
  EXPECT_EQ(Violation(50, bounds), 0);
  EXPECT_GT(Violation(std::nextafter(200, 201), bounds), 0);
  EXPECT_GT(Violation(std::nextafter(50, 49), bounds), 0);
}

TEST(Constraints, AViolationIsRelativeToItsBound) {
  EXPECT_DOUBLE_EQ(Violation(300, {.at_most = 200, .at_least = std::nullopt}), 0.5);
  EXPECT_DOUBLE_EQ(Violation(0.6, {.at_most = std::nullopt, .at_least = 0.8}), 0.25);
  EXPECT_DOUBLE_EQ(Violation(-3, {.at_most = -4, .at_least = std::nullopt}), 0.25);
  EXPECT_DOUBLE_EQ(Violation(3, {.at_most = 0, .at_least = std::nullopt}), 3);
}

TEST(Constraints, WhatWasNotMeasuredKeepsNoBound) {
  EXPECT_EQ(Violation(std::nullopt, {.at_most = 1, .at_least = std::nullopt}), kInfinity);
  EXPECT_EQ(Violation(std::nan(""), {.at_most = 1, .at_least = std::nullopt}), kInfinity);
  EXPECT_EQ(Violation(-kInfinity, {.at_most = 1, .at_least = std::nullopt}), kInfinity);
}

}  // namespace
}  // namespace nascent::objectives
