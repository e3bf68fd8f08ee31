#include "common/data/split.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/random.h"

namespace nascent::data {
namespace {

std::vector<int64_t> Permutation(int64_t count) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  RandomStream random(0, static_cast<uint64_t>(count));
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[random.Below(i)]);
  }
  return order;
}

}  // namespace

absl::StatusOr<SplitIndices> SplitTrainingData(int64_t count, int64_t train, int64_t validation) {
  if (train < 1 || validation < 1 || train > count || validation > count - train) {
    return absl::InvalidArgumentError(
        absl::StrCat("data.train is ", train, " and data.validation ", validation,
                     "; each must be at least 1 and both together at most the ", count,
                     " examples of the training split"));
  }
  const std::vector<int64_t> order = Permutation(count);
  return SplitIndices{{order.begin(), order.begin() + train},
                      {order.end() - validation, order.end()}};
}

absl::StatusOr<SplitSizes> ResolveSplit(int64_t count, int64_t train, int64_t validation) {
  if (train < 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "data.train is ", train, "; allowed: 0 (all that validation leaves) to ", count));
  }
  if (validation < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("data.validation is ", validation, "; allowed: 0 (a tenth) to ", count));
  }
  SplitSizes sizes;
  sizes.validation = validation == 0 ? std::max<int64_t>(1, count / 10) : validation;
  sizes.train = train == 0 ? count - sizes.validation : train;
  if (sizes.train < 1 || sizes.train > count || sizes.validation > count - sizes.train) {
    return absl::InvalidArgumentError(
        absl::StrCat("data.train ", sizes.train, " and data.validation ", sizes.validation,
                     " are together more than the ", count, " examples of the training split"));
  }
  return sizes;
}

}  // namespace nascent::data
