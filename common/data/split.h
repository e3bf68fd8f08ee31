// Which examples a search trains on and which it validates on.

#ifndef NASCENT_COMMON_DATA_SPLIT_H_
#define NASCENT_COMMON_DATA_SPLIT_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"

namespace nascent::data {

struct SplitIndices {
  std::vector<int64_t> train;
  std::vector<int64_t> validation;
};

// Both are cut from one permutation of [0, count): Fisher-Yates from the last index down, fed by
// RandomStream(0, count). Training examples are its first `train`, validation examples its last
// `validation`; so a smaller choice is always a part of a larger one, and both never meet.
// INVALID_ARGUMENT where a number is below 1 or both together are more than `count`.
absl::StatusOr<SplitIndices> SplitTrainingData(int64_t count, int64_t train, int64_t validation);

// Fills in the defaults of a DataSpec: validation 0 is a tenth of `count` (at least 1), train 0 is
// all that validation leaves.
struct SplitSizes {
  int64_t train = 0;
  int64_t validation = 0;
};
absl::StatusOr<SplitSizes> ResolveSplit(int64_t count, int64_t train, int64_t validation);

}  // namespace nascent::data

#endif  // NASCENT_COMMON_DATA_SPLIT_H_
