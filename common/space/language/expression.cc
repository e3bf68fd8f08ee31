#include "common/space/language/expression.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "common/space/decisions/decision_space.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

using Result = absl::StatusOr<ExprValue>;
using Args = std::vector<ExprValue>;

std::string ArgsText(const Args& args) {
  std::string text;
  for (const ExprValue& arg : args) absl::StrAppend(&text, text.empty() ? "" : ", ", arg.Text());
  return text;
}

absl::Status Fails(std::string_view name, const Args& args, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(name), " of (", ArgsText(args), "): ", std::string(why)));
}

Result Finite(std::string_view name, const Args& args, double value) {
  if (!std::isfinite(value)) return Fails(name, args, "the result is not a finite number");
  return value;
}

// Both as whole numbers where both are, so that large ones stay exact.
struct Pair {
  bool whole = false;
  int64_t a = 0, b = 0;
  double x = 0, y = 0;
};

std::optional<Pair> Numbers(const Args& args) {
  if (args.size() != 2) return std::nullopt;
  const std::optional<double> x = args[0].AsReal(), y = args[1].AsReal();
  if (!x || !y) return std::nullopt;
  Pair pair{.x = *x, .y = *y};
  if (!std::holds_alternative<double>(args[0].v) && !std::holds_alternative<double>(args[1].v)) {
    pair.whole = true;
    pair.a = *args[0].AsInteger();
    pair.b = *args[1].AsInteger();
  }
  return pair;
}

int64_t FloorDivide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return quotient * b != a && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

Result Power(const Args& args, const Pair& pair) {
  if (pair.whole && pair.b >= 0) {
    int64_t result = 1;
    const bool small = pair.a >= -1 && pair.a <= 1;
    const int64_t rounds = small ? std::min<int64_t>(pair.b, 2 + pair.b % 2) : pair.b;
    for (int64_t i = 0; i < rounds; ++i) {
      if (__builtin_mul_overflow(result, pair.a, &result)) return Fails("**", args, "overflow");
    }
    return result;
  }
  return Finite("**", args, std::pow(pair.x, pair.y));
}

Result Arithmetic(const std::string& name, const Args& args) {
  const std::optional<Pair> pair = Numbers(args);
  if (!pair) return Fails(name, args, "two numbers are needed");
  const bool divides = name == "/" || name == "//" || name == "%";
  if (divides && pair->y == 0) return Fails(name, args, "division by zero");
  if (name == "**") return Power(args, *pair);
  if (name == "/") {
    if (pair->whole && pair->b != -1 && pair->a % pair->b == 0) return pair->a / pair->b;
    return Finite(name, args, pair->x / pair->y);
  }
  if (pair->whole) {
    int64_t result = 0;
    bool overflow = false;
    if (name == "+") overflow = __builtin_add_overflow(pair->a, pair->b, &result);
    if (name == "-") overflow = __builtin_sub_overflow(pair->a, pair->b, &result);
    if (name == "*") overflow = __builtin_mul_overflow(pair->a, pair->b, &result);
    if (divides && pair->b == -1) {
      if (name == "//") overflow = __builtin_sub_overflow(int64_t{0}, pair->a, &result);
    } else if (name == "//") {
      result = FloorDivide(pair->a, pair->b);
    } else if (name == "%") {
      result = pair->a - FloorDivide(pair->a, pair->b) * pair->b;
    }
    if (overflow) return Fails(name, args, "overflow");
    return result;
  }
  if (name == "+") return Finite(name, args, pair->x + pair->y);
  if (name == "-") return Finite(name, args, pair->x - pair->y);
  if (name == "*") return Finite(name, args, pair->x * pair->y);
  if (name == "//") return Finite(name, args, std::floor(pair->x / pair->y));
  return Finite(name, args, pair->x - std::floor(pair->x / pair->y) * pair->y);
}

Result Compare(const std::string& name, const Args& args) {
  const std::optional<Pair> pair = Numbers(args);
  if (name == "==" || name == "!=") {
    const bool equal =
        pair ? (pair->whole ? pair->a == pair->b : pair->x == pair->y) : args[0] == args[1];
    return equal == (name == "==");
  }
  if (!pair) return Fails(name, args, "two numbers are needed");
  const int order = pair->whole ? (pair->a < pair->b ? -1 : pair->a > pair->b)
                                : (pair->x < pair->y ? -1 : pair->x > pair->y);
  if (name == "<") return order < 0;
  if (name == "<=") return order <= 0;
  if (name == ">") return order > 0;
  return order >= 0;
}

Result Whole(const std::string& name, const Args& args, double value) {
  if (!(std::abs(value) < 9.2e18)) return Fails(name, args, "too large for a whole number");
  return static_cast<int64_t>(value);
}

// Rounds to the nearest multiple of the divisor, at least `minimum`, and never to less than nine
// tenths (Sandler et al. 2018, the rule of their published code).
Result MakeDivisible(const Args& args) {
  const std::optional<double> value = args[0].AsReal();
  const std::optional<int64_t> divisor = args[1].AsInteger();
  const std::optional<int64_t> minimum = args.size() > 2 ? args[2].AsInteger() : divisor;
  if (!value || !divisor || !minimum || *divisor < 1 || std::abs(*value) > 1e15 ||
      *divisor > int64_t{1} << 40) {
    return Fails("make_divisible", args, "a number and a divisor of at least 1 are needed");
  }
  int64_t result =
      static_cast<int64_t>(*value + static_cast<double>(*divisor) / 2) / *divisor * *divisor;
  result = std::max(result, *minimum);
  if (static_cast<double>(result) < 0.9 * *value) result += *divisor;
  return result;
}

Result Index(const Args& args) {
  const std::vector<ExprValue>* list = args[0].AsList();
  const std::optional<int64_t> index = args[1].AsInteger();
  if (list == nullptr || !index) return Fails("[]", args, "a list and a whole number are needed");
  const auto size = static_cast<int64_t>(list->size());
  const int64_t position = *index < 0 ? *index + size : *index;
  if (position < 0 || position >= size) {
    return Fails("[]", args, absl::StrCat("the list has ", size, " items, counted from 0"));
  }
  return (*list)[position];
}

Result Extreme(const std::string& name, const Args& args) {
  const Args& items = args.size() == 1 && args[0].AsList() != nullptr ? *args[0].AsList() : args;
  if (items.empty()) return Fails(name, args, "nothing to compare");
  ExprValue best = items[0];
  for (const ExprValue& item : items) {
    Result better = Compare(name == "min" ? "<" : ">", {item, best});
    if (!better.ok()) return better;
    if (std::get<bool>(better->v)) best = item;
  }
  return best;
}

Result Function(const std::string& name, const Args& args) {
  const size_t count = args.size();
  if (name == "min" || name == "max") return Extreme(name, args);
  if (name == "[]" && count == 2) return Index(args);
  if (name == "make_divisible" && (count == 2 || count == 3)) return MakeDivisible(args);
  if (name == "length" && count == 1) {
    const std::vector<ExprValue>* list = args[0].AsList();
    if (list == nullptr) return Fails(name, args, "a list is needed");
    return static_cast<int64_t>(list->size());
  }
  if (name == "not" && count == 1) {
    const bool* flag = args[0].AsFlag();
    if (flag == nullptr) return Fails(name, args, "true or false is needed");
    return !*flag;
  }
  if (count != 1) {
    return Fails(name, args, absl::StrCat("takes another number of values than ", count));
  }
  const std::optional<double> number = args[0].AsReal();
  if (!number) return Fails(name, args, "a number is needed");
  if (name == "negate" || name == "abs") {
    if (const auto* whole = std::get_if<int64_t>(&args[0].v)) {
      if (*whole == std::numeric_limits<int64_t>::min()) return Fails(name, args, "overflow");
      return name == "negate" || *whole < 0 ? -*whole : *whole;
    }
    return name == "negate" ? -*number : std::abs(*number);
  }
  if (name == "floor") return Whole(name, args, std::floor(*number));
  if (name == "ceil") return Whole(name, args, std::ceil(*number));
  if (name == "round") return Whole(name, args, std::nearbyint(*number));
  if (name == "sqrt") return Finite(name, args, std::sqrt(*number));
  return Finite(name, args, std::log2(*number));
}

bool IsKnown(const std::string& name) {
  static const auto* const kNames = new std::vector<std::string>{"+",      "-",
                                                                 "*",      "/",
                                                                 "//",     "%",
                                                                 "**",     "==",
                                                                 "!=",     "<",
                                                                 "<=",     ">",
                                                                 ">=",     "not",
                                                                 "negate", "[]",
                                                                 "min",    "max",
                                                                 "abs",    "floor",
                                                                 "ceil",   "round",
                                                                 "sqrt",   "log2",
                                                                 "length", "make_divisible",
                                                                 "and",    "or",
                                                                 "if"};
  return std::find(kNames->begin(), kNames->end(), name) != kNames->end();
}

Result Apply(const std::string& name, const Args& args) {
  // What rules ask of decisions that may not be active; no template can write these names.
  if (name == "is_something") return !args[0].IsNothing();
  if (name == "count_equal") {
    int64_t count = 0;
    for (size_t i = 1; i < args.size(); ++i) {
      if (args[i].IsNothing()) continue;
      Result equal = Compare("==", {args[0], args[i]});
      count += std::get<bool>(equal->v) ? 1 : 0;
    }
    return count;
  }
  for (const ExprValue& arg : args) {
    if (arg.IsNothing()) return ExprValue();
  }
  for (const char* symbol : {"+", "-", "*", "/", "//", "%", "**"}) {
    if (name == symbol) return Arithmetic(name, args);
  }
  for (const char* symbol : {"==", "!=", "<", "<=", ">", ">="}) {
    if (name == symbol) return Compare(name, args);
  }
  return Function(name, args);
}

// `and`, `or` and `if` look only at what they need.
Result Lazy(const Expression& e, const Variable& variable) {
  Result first = Evaluate(*e.args[0], variable);
  if (!first.ok() || first->IsNothing()) return first;
  const bool* flag = first->AsFlag();
  if (flag == nullptr) return Fails(e.name, {*first}, "true or false is needed");
  if (e.name == "if") return Evaluate(*e.args[*flag ? 1 : 2], variable);
  if (*flag == (e.name == "or")) return *flag;
  Result second = Evaluate(*e.args[1], variable);
  if (second.ok() && !second->IsNothing() && second->AsFlag() == nullptr) {
    return Fails(e.name, {*second}, "true or false is needed");
  }
  return second;
}

bool IsLazy(const std::string& name) { return name == "and" || name == "or" || name == "if"; }

}  // namespace

std::optional<int64_t> ExprValue::AsInteger() const {
  if (const auto* whole = std::get_if<int64_t>(&v)) return *whole;
  if (const bool* flag = AsFlag()) return *flag ? 1 : 0;
  if (const auto* real = std::get_if<double>(&v)) {
    if (*real == std::floor(*real) && std::abs(*real) <= 9007199254740992) {
      return static_cast<int64_t>(*real);
    }
  }
  return std::nullopt;
}

std::optional<double> ExprValue::AsReal() const {
  if (const auto* whole = std::get_if<int64_t>(&v)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&v)) return *real;
  if (const auto* flag = std::get_if<bool>(&v)) return *flag ? 1 : 0;
  return std::nullopt;
}

std::string ExprValue::Text() const {
  if (const auto* list = AsList()) {
    std::string text = "[";
    for (const ExprValue& item : *list) {
      absl::StrAppend(&text, text.size() > 1 ? ", " : "", item.Text());
    }
    return text + "]";
  }
  if (const auto* whole = std::get_if<int64_t>(&v)) return absl::StrCat(*whole);
  if (const auto* real = std::get_if<double>(&v)) return OptionText(*real);
  if (const auto* flag = AsFlag()) return *flag ? "true" : "false";
  if (const auto* text = AsText()) return *text;
  return "nothing";
}

ExpressionPtr MakeLiteral(ExprValue value) {
  auto literal = std::make_shared<Expression>();
  literal->literal = std::move(value);
  return literal;
}

ExpressionPtr MakeVariable(VariableKind kind, int variable, ShapeDetail detail) {
  auto result = std::make_shared<Expression>();
  result->kind = Expression::Kind::kVariable;
  result->variable_kind = kind;
  result->variable = variable;
  result->variable_detail = detail;
  return result;
}

absl::StatusOr<ExprValue> Evaluate(const Expression& e, const Variable& variable) {
  switch (e.kind) {
    case Expression::Kind::kLiteral:
      return e.literal;
    case Expression::Kind::kName:
      return absl::InvalidArgumentError(absl::StrCat("\"", e.name, "\" has no value"));
    case Expression::Kind::kVariable:
      return variable(e);
    case Expression::Kind::kList:
    case Expression::Kind::kCall:
      break;
  }
  if (e.kind == Expression::Kind::kCall && IsLazy(e.name)) return Lazy(e, variable);
  Args args;
  args.reserve(e.args.size());
  for (const ExpressionPtr& arg : e.args) {
    Result value = Evaluate(*arg, variable);
    if (!value.ok()) return value;
    args.push_back(*std::move(value));
  }
  if (e.kind == Expression::Kind::kList) return ExprValue(std::move(args));
  return Apply(e.name, args);
}

absl::StatusOr<ExpressionPtr> Bind(const ExpressionPtr& e, const Resolve& resolve,
                                   const ResolveCall& call) {
  if (e->kind == Expression::Kind::kName) return resolve(e->name);
  if (e->args.empty() && e->kind != Expression::Kind::kCall) return e;
  auto bound = std::make_shared<Expression>(*e);
  bool constant = true;
  for (ExpressionPtr& arg : bound->args) {
    NASCENT_ASSIGN_OR_RETURN(arg, Bind(arg, resolve, call));
    constant = constant && arg->kind == Expression::Kind::kLiteral;
    // A condition that is settled decides which side is looked at.
    if (e->name == "if" && e->kind == Expression::Kind::kCall && &arg == &bound->args[0] &&
        constant && arg->literal.AsFlag() != nullptr) {
      return Bind(e->args[*arg->literal.AsFlag() ? 1 : 2], resolve, call);
    }
  }
  if (e->kind == Expression::Kind::kCall && !IsKnown(e->name)) {
    if (call != nullptr) return call(e->name, bound->args);
    return absl::InvalidArgumentError(absl::StrCat("no function is called ", e->name));
  }
  if (!constant) return ExpressionPtr(bound);
  NASCENT_ASSIGN_OR_RETURN(ExprValue value, Evaluate(*bound, nullptr));
  return MakeLiteral(std::move(value));
}

void ForEachVariable(const Expression& expression,
                     const std::function<void(const Expression&)>& visit) {
  if (expression.kind == Expression::Kind::kVariable) visit(expression);
  for (const ExpressionPtr& arg : expression.args) ForEachVariable(*arg, visit);
}

}  // namespace nascent::space
