// How the table of operations is put together: one function per family, each in a file of its own,
// and what they share.

#ifndef NASCENT_COMMON_NETWORK_OPERATION_FAMILIES_H_
#define NASCENT_COMMON_NETWORK_OPERATION_FAMILIES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/network/operations.h"
#include "common/network/saturating.h"

namespace nascent::network {

std::vector<Operation> SourceOperations();         // input, identity, zero, constant
std::vector<Operation> ConvolutionOperations();    // conv2d, conv_transpose2d
std::vector<Operation> LinearOperations();         // linear
std::vector<Operation> NormalizationOperations();  // batch_norm, layer_norm, …
std::vector<Operation> PoolingOperations();        // max_pool2d, avg_pool2d, …
std::vector<Operation> ActivationOperations();     // relu, gelu, …
std::vector<Operation> DropOperations();           // dropout, drop_path
std::vector<Operation> CombiningOperations();      // add, multiply, mean, concatenate
std::vector<Operation> ShapeOperations();          // split, flatten, reshape, transpose, …
std::vector<Operation> ImageOperations();          // pad, crop, interpolate

// Specifications of attributes. Without a default the attribute is required.
AttributeSpec IntegerSpec(std::string name, std::optional<int64_t> default_value, double minimum,
                          std::string description);
AttributeSpec RealSpec(std::string name, double default_value, double minimum, double maximum,
                       std::string description);
AttributeSpec FlagSpec(std::string name, bool default_value, std::string description);
AttributeSpec TextSpec(std::string name, std::string default_value,
                       std::vector<std::string> allowed, std::string description);
// [height, width]; one number stands for both.
AttributeSpec PairSpec(std::string name, std::optional<int64_t> default_value, double minimum,
                       std::string description);
AttributeSpec ListSpec(std::string name, std::optional<std::vector<int64_t>> default_value,
                       double minimum, std::string description);

// Shared by many entries.
absl::StatusOr<Shape> SameShape(const Attributes&, std::span<const Shape> inputs);
// What an operation makes of zero: zero, or what is neither zero nor a constant of its own.
OnZero StaysZero(const Attributes&);
OnZero BecomesOther(const Attributes&);

absl::Status InvalidShape(std::string_view what, const Shape& found);
// INVALID_ARGUMENT unless `input` is [C, H, W].
absl::Status CheckImage(const Shape& input);
// `dim` counted from the end where negative; INVALID_ARGUMENT outside of the shape.
absl::StatusOr<int> ResolveDimension(int64_t dim, const Shape& shape);

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_OPERATION_FAMILIES_H_
