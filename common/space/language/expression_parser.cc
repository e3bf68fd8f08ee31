#include "common/space/language/expression_parser.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace nascent::space {
namespace {

// Expressions by recursive descent, loosest operator first:
//   a if c else b · or · and · not · == != < <= > >= · + - · * / // % · unary - · ** · x[i]

constexpr int kDeepestExpression = 64;
constexpr size_t kLongest = 4096;

bool IsWordStart(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

ExpressionPtr Call(std::string name, std::vector<ExpressionPtr> args) {
  auto call = std::make_shared<Expression>();
  call->kind = Expression::Kind::kCall;
  call->name = std::move(name);
  call->args = std::move(args);
  return call;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  absl::StatusOr<ExpressionPtr> Whole() {
    if (text_.size() > kLongest) {
      return absl::InvalidArgumentError(
          absl::StrCat("an expression of ", text_.size(), " characters, at most ", kLongest));
    }
    absl::StatusOr<ExpressionPtr> result = Conditional();
    if (!result.ok()) return result;
    SkipSpace();
    if (at_ < text_.size()) return Unexpected("an operator or the end");
    return result;
  }

 private:
  using Result = absl::StatusOr<ExpressionPtr>;

  // Counts nesting while a rule is on the stack.
  struct Deeper {
    explicit Deeper(int& depth) : depth_(++depth) {}
    ~Deeper() { --depth_; }
    int& depth_;
  };

  void SkipSpace() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }

  absl::Status Unexpected(std::string_view expected) {
    SkipSpace();
    const std::string found = at_ < text_.size()
                                  ? absl::StrCat("\"", std::string(text_.substr(at_, 12)), "\"")
                                  : "the end";
    return absl::InvalidArgumentError(absl::StrCat("in \"", std::string(text_), "\" at character ",
                                                   at_ + 1, ": found ", found, ", expected ",
                                                   std::string(expected)));
  }

  bool TakeSymbol(std::string_view symbol) {
    SkipSpace();
    if (text_.substr(at_, symbol.size()) != symbol) return false;
    at_ += symbol.size();
    return true;
  }

  bool TakeWord(std::string_view word) {
    SkipSpace();
    if (text_.substr(at_, word.size()) != word) return false;
    if (at_ + word.size() < text_.size() && IsWord(text_[at_ + word.size()])) return false;
    at_ += word.size();
    return true;
  }

  Result Conditional() {
    const Deeper deeper(depth_);
    if (depth_ > kDeepestExpression) return Unexpected("an expression that is nested less deeply");
    Result value = Or();
    if (!value.ok() || !TakeWord("if")) return value;
    Result condition = Or();
    if (!condition.ok()) return condition;
    if (!TakeWord("else")) return Unexpected("\"else\"");
    Result other = Conditional();
    if (!other.ok()) return other;
    return Call("if", {*condition, *value, *other});
  }

  Result Or() {
    Result left = And();
    while (left.ok() && TakeWord("or")) left = Join("or", *left, And());
    return left;
  }

  Result And() {
    Result left = Not();
    while (left.ok() && TakeWord("and")) left = Join("and", *left, Not());
    return left;
  }

  Result Not() {
    const Deeper deeper(depth_);
    if (depth_ > kDeepestExpression) return Unexpected("an expression that is nested less deeply");
    if (!TakeWord("not")) return Comparison();
    Result operand = Not();
    return operand.ok() ? Result(Call("not", {*operand})) : operand;
  }

  Result Comparison() {
    Result left = Sum();
    if (!left.ok()) return left;
    for (const char* symbol : {"==", "!=", "<=", ">=", "<", ">"}) {
      if (TakeSymbol(symbol)) return Join(symbol, *left, Sum());
    }
    return left;
  }

  Result Sum() {
    Result left = Product();
    while (left.ok()) {
      if (TakeSymbol("+")) {
        left = Join("+", *left, Product());
      } else if (TakeSymbol("-")) {
        left = Join("-", *left, Product());
      } else {
        break;
      }
    }
    return left;
  }

  Result Product() {
    Result left = Unary();
    while (left.ok()) {
      SkipSpace();
      if (text_.substr(at_, 2) == "**") break;
      if (TakeSymbol("*")) {
        left = Join("*", *left, Unary());
      } else if (TakeSymbol("//")) {
        left = Join("//", *left, Unary());
      } else if (TakeSymbol("/")) {
        left = Join("/", *left, Unary());
      } else if (TakeSymbol("%")) {
        left = Join("%", *left, Unary());
      } else {
        break;
      }
    }
    return left;
  }

  Result Unary() {
    const Deeper deeper(depth_);
    if (depth_ > kDeepestExpression) return Unexpected("an expression that is nested less deeply");
    if (TakeSymbol("-")) {
      Result operand = Unary();
      return operand.ok() ? Result(Call("negate", {*operand})) : operand;
    }
    Result base = Postfix();
    if (!base.ok() || !TakeSymbol("**")) return base;
    return Join("**", *base, Unary());
  }

  Result Postfix() {
    Result base = Primary();
    while (base.ok() && TakeSymbol("[")) {
      Result index = Conditional();
      if (!index.ok()) return index;
      if (!TakeSymbol("]")) return Unexpected("\"]\"");
      base = Call("[]", {*base, *index});
    }
    return base;
  }

  Result Primary() {
    SkipSpace();
    if (at_ >= text_.size()) return Unexpected("a value");
    const char c = text_[at_];
    if (std::isdigit(static_cast<unsigned char>(c)) || c == '.') return Number();
    if (c == '\'' || c == '"') return Quoted(c);
    if (TakeSymbol("(")) {
      Result inner = Conditional();
      if (!inner.ok()) return inner;
      return TakeSymbol(")") ? inner : Unexpected("\")\"");
    }
    if (TakeSymbol("[")) {
      auto list = std::make_shared<Expression>();
      list->kind = Expression::Kind::kList;
      absl::Status status = Arguments("]", list->args);
      return status.ok() ? Result(ExpressionPtr(list)) : status;
    }
    if (IsWordStart(c)) return NameOrCall();
    return Unexpected("a value");
  }

  Result Number() {
    const char* begin = text_.data() + at_;
    const char* end = text_.data() + text_.size();
    int64_t whole = 0;
    double real = 0;
    const auto as_whole = std::from_chars(begin, end, whole);
    const auto as_real = std::from_chars(begin, end, real);
    if (as_real.ec != std::errc()) return Unexpected("a number that fits");
    if (as_real.ptr < end && IsWord(*as_real.ptr)) return Unexpected("a number");
    at_ += as_real.ptr - begin;
    if (as_whole.ec == std::errc() && as_whole.ptr == as_real.ptr) return MakeLiteral(whole);
    return MakeLiteral(real);
  }

  Result Quoted(char quote) {
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return Unexpected("a text with its closing quote");
    std::string text(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return MakeLiteral(std::move(text));
  }

  Result NameOrCall() {
    const size_t start = at_;
    while (at_ < text_.size() &&
           (IsWord(text_[at_]) ||
            (text_[at_] == '.' && at_ + 1 < text_.size() && IsWordStart(text_[at_ + 1])))) {
      ++at_;
    }
    std::string name(text_.substr(start, at_ - start));
    // As YAML and Python write them.
    if (name == "true" || name == "True") return MakeLiteral(true);
    if (name == "false" || name == "False") return MakeLiteral(false);
    for (const char* reserved : {"if", "else", "and", "or", "not"}) {
      if (name == reserved) {
        at_ = start;
        return Unexpected("a value");
      }
    }
    if (TakeSymbol("(")) {
      std::vector<ExpressionPtr> args;
      absl::Status status = Arguments(")", args);
      return status.ok() ? Result(Call(std::move(name), std::move(args))) : status;
    }
    auto result = std::make_shared<Expression>();
    result->kind = Expression::Kind::kName;
    result->name = std::move(name);
    return ExpressionPtr(result);
  }

  absl::Status Arguments(std::string_view close, std::vector<ExpressionPtr>& args) {
    if (TakeSymbol(close)) return absl::OkStatus();
    while (true) {
      Result arg = Conditional();
      if (!arg.ok()) return arg.status();
      args.push_back(*std::move(arg));
      if (TakeSymbol(close)) return absl::OkStatus();
      if (!TakeSymbol(","))
        return Unexpected(absl::StrCat("\",\" or \"", std::string(close), "\""));
    }
  }

  static Result Join(const char* name, const ExpressionPtr& left, Result right) {
    if (!right.ok()) return right;
    return Call(name, {left, *std::move(right)});
  }

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

absl::StatusOr<ExpressionPtr> ParseExpression(std::string_view text) {
  return Parser(text).Whole();
}

}  // namespace nascent::space
