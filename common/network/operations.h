// The table of operations: for each its attributes, shape inference, parameters, costs and what it
// makes of zero. The LibTorch module of each is in worker/torch/modules.cc. Adding an operation is
// one entry in the table, one module there.

#ifndef NASCENT_COMMON_NETWORK_OPERATIONS_H_
#define NASCENT_COMMON_NETWORK_OPERATIONS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/network/network.h"

namespace nascent::network {

// What an operation gives when its (only, or every) input is zero everywhere.
enum class OnZero {
  kZero,      // zero, whatever its parameters are
  kConstant,  // a value per channel that only its own bias can move
  kOther,     // anything else
};

struct Parameter {
  std::string name;  // "weight", "bias"
  Shape shape;
};

struct AttributeSpec {
  std::string name;
  enum class Type { kInteger, kReal, kFlag, kText, kIntegers } type;
  bool required = false;
  Attribute default_value;  // where not required
  std::string description;
  // Range of numbers; of every number of a list.
  double minimum = -kNoLimit;
  double maximum = kNoLimit;
  // kIntegers: how many values, 0: any number. A single integer then stands for `count` equal ones.
  int count = 0;
  std::vector<std::string> allowed;  // kText

  static constexpr double kNoLimit = int64_t{1} << 53;  // neither limit nor allowed
};

// One entry of the table. Functions get nodes whose attributes are complete (see Complete).
struct Operation {
  std::string name;
  std::string description;
  int min_inputs = 1;
  int max_inputs = 1;  // -1: any number
  bool commutative = false;
  bool random = false;  // dropout, drop_path: differs from call to call
  std::vector<AttributeSpec> attributes;
  // INVALID_ARGUMENT that names what does not fit.
  absl::StatusOr<Shape> (*infer)(const Attributes&, std::span<const Shape> inputs) = nullptr;
  std::vector<Parameter> (*parameters)(const Attributes&, std::span<const Shape> inputs,
                                       const Shape& output) = nullptr;  // null: none
  int64_t (*multiply_accumulates)(const Attributes&, std::span<const Shape> inputs,
                                  const Shape& output) = nullptr;  // null: 0
  OnZero (*on_zero)(const Attributes&) = nullptr;                  // null: kOther
  // Whether it hands its only input on unchanged; `output` has the input's shape.
  bool (*is_identity)(const Attributes&, const Shape& output) = nullptr;  // null: never
};

// nullptr: no such operation.
const Operation* FindOperation(std::string_view name);
std::span<const Operation> AllOperations();

// Fills in defaults and checks names and types. INVALID_ARGUMENT names the attribute, what was
// found and what is allowed.
absl::StatusOr<Attributes> Complete(const Operation& operation, const Attributes& given);

// The output's shape: `infer` with the number of inputs and the size of the result checked (each
// dimension from 1 to 2^31 - 1, at most 2^40 elements), and of each parameter. `attributes` are
// complete.
absl::StatusOr<Shape> InferShape(const Operation& operation, const Attributes& attributes,
                                 std::span<const Shape> inputs);

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_OPERATIONS_H_
