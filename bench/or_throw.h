// Errors of what a measurement needs end it, as benchmarks.h says.

#ifndef NASCENT_BENCH_OR_THROW_H_
#define NASCENT_BENCH_OR_THROW_H_

#include <stdexcept>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace nascent::bench {

// The value, or std::runtime_error with the status' message.
template <typename T>
T OrThrow(absl::StatusOr<T> value) {
  if (!value.ok()) throw std::runtime_error(std::string(value.status().message()));
  return *std::move(value);
}

}  // namespace nascent::bench

#endif  // NASCENT_BENCH_OR_THROW_H_
