// Rows of a table as a network sees them.

#ifndef NASCENT_WORKER_TORCH_TABLE_ROWS_H_
#define NASCENT_WORKER_TORCH_TABLE_ROWS_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "nascent/v1/data.pb.h"
#include "worker/torch/augmentation.h"

namespace nascent::worker {

// What NormalizeTable applies, from the rows of `rows` ([n, F], float32) that are trained on: per
// feature the mean of a number's known values and one by their standard deviation; 0 and 1 for
// categories and for flags of missing values. The scale of a feature that is always the same in
// these rows is 0: nothing can be learned of it, and where it differs elsewhere (a category that
// the training has not seen) it may not disturb. INVALID_ARGUMENT: the columns do not account for
// F.
absl::StatusOr<Normalization> FitTable(const v1::TableLayout& table, const at::Tensor& rows,
                                       std::span<const int64_t> trained_on);

// x becomes (x - mean) * scale, NaN becomes 0, which is the mean. In place.
void NormalizeTable(const Normalization& normalization, at::Tensor& rows);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_TABLE_ROWS_H_
