// Arithmetic of templates: "2 * in.channels", "make_divisible(width * 16, 8)", "a if c else b".
// Grammar: docs/space-language.md.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_EXPRESSION_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_EXPRESSION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace nascent::space {

// What an expression gives. Nothing (monostate): it depends on a decision that is not active.
struct ExprValue {
  std::variant<std::monostate, int64_t, double, bool, std::string, std::vector<ExprValue>> v;

  ExprValue() = default;
  ExprValue(int64_t value) : v(value) {}                 // NOLINT(google-explicit-constructor)
  ExprValue(double value) : v(value) {}                  // NOLINT(google-explicit-constructor)
  ExprValue(bool value) : v(value) {}                    // NOLINT(google-explicit-constructor)
  ExprValue(std::string value) : v(std::move(value)) {}  // NOLINT
  ExprValue(std::vector<ExprValue> value) : v(std::move(value)) {}  // NOLINT
  ExprValue(const char*) = delete;

  bool operator==(const ExprValue&) const = default;

  bool IsNothing() const { return v.index() == 0; }
  // A whole number, also when it is held as a real one ("8 / 2"); true is 1, false 0, as in most
  // languages, so that conditions can be counted: (i >= 3) + (i >= 6).
  std::optional<int64_t> AsInteger() const;
  // A number, as double.
  std::optional<double> AsReal() const;
  const bool* AsFlag() const { return std::get_if<bool>(&v); }
  const std::string* AsText() const { return std::get_if<std::string>(&v); }
  const std::vector<ExprValue>* AsList() const { return std::get_if<std::vector<ExprValue>>(&v); }

  // As a person writes it: 3, 0.5, true, text, [1, 2].
  std::string Text() const;
};

// What a variable asks for.
enum class VariableKind {
  kDecision,     // variable: a decision
  kSlot,         // variable: a parameter of a named block that depends on shapes
  kInputShape,   // variable: which input of the block; detail: what of its shape
  kTensorShape,  // variable: a named value of a graph; detail: what of its shape
};
enum class ShapeDetail { kChannels, kHeight, kWidth, kFeatures, kRank, kElements, kCount };

struct Expression;
using ExpressionPtr = std::shared_ptr<const Expression>;

// A tree of literals, names and operators.
struct Expression {
  enum class Kind { kLiteral, kName, kList, kCall, kVariable };
  Kind kind = Kind::kLiteral;
  ExprValue literal;                // kLiteral
  std::string name;                 // kName: "in.channels"; kCall: "+", "min", "if", "[]", …
  std::vector<ExpressionPtr> args;  // kList, kCall
  // kVariable: a name that Bind replaced, to be asked for at evaluation.
  VariableKind variable_kind = VariableKind::kDecision;
  int variable = 0;
  ShapeDetail variable_detail = ShapeDetail::kChannels;
};

ExpressionPtr MakeLiteral(ExprValue value);
ExpressionPtr MakeVariable(VariableKind kind, int variable,
                           ShapeDetail detail = ShapeDetail::kChannels);

// Replaces every name by what `resolve` gives for it (a literal or a variable) and computes what is
// constant. `resolve` fails for an unknown name. The arguments of `count`, `decision` and `active`
// are texts that name decisions; `call` is asked first for each call and may replace it.
using Resolve = std::function<absl::StatusOr<ExpressionPtr>(const std::string& name)>;
using ResolveCall = std::function<absl::StatusOr<ExpressionPtr>(
    const std::string& name, const std::vector<ExpressionPtr>& bound)>;
absl::StatusOr<ExpressionPtr> Bind(const ExpressionPtr& expression, const Resolve& resolve,
                                   const ResolveCall& call = nullptr);

// The value, variables asked from `variable`. INVALID_ARGUMENT for arithmetic errors: overflow,
// division by zero, not a number, wrong types; they name the operator and its operands.
using Variable = std::function<absl::StatusOr<ExprValue>(const Expression& variable)>;
absl::StatusOr<ExprValue> Evaluate(const Expression& expression, const Variable& variable);

// Calls `visit` for every variable below.
void ForEachVariable(const Expression& expression,
                     const std::function<void(const Expression&)>& visit);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_EXPRESSION_H_
