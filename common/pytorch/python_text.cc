#include "common/pytorch/python_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace nascent::pytorch {
namespace {

constexpr size_t kLine = 88;
constexpr int kIndent = 4;

std::string Spaces(int count) { return std::string(static_cast<size_t>(count), ' '); }

bool Fits(const std::string& line) { return line.size() <= kLine; }

// Where the expression is a sum or product of names: its operands, each but the first behind its
// operator.
std::vector<std::string> Operands(const std::string& expression) {
  std::vector<std::string> operands;
  int depth = 0;
  size_t start = 0;
  for (size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
    if (depth == 0 && (expression.compare(i, 3, " + ") == 0)) {
      operands.push_back(expression.substr(start, i - start));
      start = i + 1;
    }
  }
  operands.push_back(expression.substr(start));
  return operands;
}

bool IsCall(const std::string& expression) {
  return expression.back() == ')' && expression.find('(') != std::string::npos &&
         Operands(expression).size() == 1;
}

// Commas within brackets part nothing.
std::vector<std::string> ArgumentsOfCall(const std::string& call) {
  const size_t open = call.find('(');
  std::vector<std::string> arguments(1);
  int depth = 0;
  for (const char c : call.substr(open + 1, call.size() - open - 2)) {
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
    if (c == ',' && depth == 0) {
      arguments.emplace_back();
    } else if (c != ' ' || !arguments.back().empty()) {
      arguments.back().push_back(c);
    }
  }
  return arguments;
}

}  // namespace

std::string CallStatement(int indent, const std::string& head,
                          const std::vector<std::string>& arguments, const std::string& end) {
  const std::string joined = absl::StrJoin(arguments, ", ");
  const std::string line = absl::StrCat(Spaces(indent), head, "(", joined, end);
  if (Fits(line) || arguments.empty()) return line + "\n";
  const std::string hug = absl::StrCat(Spaces(indent + kIndent), joined);
  std::string text = absl::StrCat(Spaces(indent), head, "(\n");
  if (Fits(hug)) {
    absl::StrAppend(&text, hug, "\n");
  } else {
    for (const std::string& argument : arguments) {
      absl::StrAppend(&text, Spaces(indent + kIndent), argument, ",\n");
    }
  }
  absl::StrAppend(&text, Spaces(indent), end, "\n");
  return text;
}

std::string ExpressionStatement(int indent, const std::string& head,
                                const std::string& expression) {
  const std::string line = absl::StrCat(Spaces(indent), head, expression);
  if (Fits(line)) return line + "\n";
  const size_t open = expression.find('(');
  // The line of the opening bracket has to fit, else the whole expression is bracketed.
  if (IsCall(expression) &&
      Fits(absl::StrCat(Spaces(indent), head, expression.substr(0, open + 1)))) {
    return CallStatement(indent, head + expression.substr(0, open), ArgumentsOfCall(expression));
  }
  std::string text = absl::StrCat(Spaces(indent), head, "(\n");
  const std::string hug = absl::StrCat(Spaces(indent + kIndent), expression);
  if (Fits(hug)) {
    absl::StrAppend(&text, hug, "\n");
  } else {
    for (const std::string& operand : Operands(expression)) {
      absl::StrAppend(&text, Spaces(indent + kIndent), operand, "\n");
    }
  }
  absl::StrAppend(&text, Spaces(indent), ")\n");
  return text;
}

std::string AssignStatement(int indent, const std::vector<std::string>& targets,
                            const std::string& expression) {
  const std::string head = absl::StrCat(absl::StrJoin(targets, ", "), " = ");
  const std::string opened =
      absl::StrCat(Spaces(indent), head, expression.substr(0, expression.find('(') + 1));
  const bool bracketed = Fits(absl::StrCat(Spaces(indent), head, "(")) &&
                         Fits(absl::StrCat(Spaces(indent + kIndent), expression));
  if (targets.size() == 1 || Fits(opened) || bracketed) {
    return ExpressionStatement(indent, head, expression);
  }
  std::string text = absl::StrCat(Spaces(indent), "(\n");
  for (const std::string& target : targets) {
    absl::StrAppend(&text, Spaces(indent + kIndent), target, ",\n");
  }
  return text + ExpressionStatement(indent, ") = ", expression);
}

std::string ReturnStatement(int indent, const std::vector<std::string>& values) {
  const std::string joined = absl::StrJoin(values, ", ");
  if (values.size() == 1 || Fits(absl::StrCat(Spaces(indent), "return ", joined))) {
    return ExpressionStatement(indent, "return ", joined);
  }
  std::string text = absl::StrCat(Spaces(indent), "return (\n");
  for (const std::string& value : values) {
    absl::StrAppend(&text, Spaces(indent + kIndent), value, ",\n");
  }
  return absl::StrCat(text, Spaces(indent), ")\n");
}

std::string Docstring(int indent, const std::string& text) {
  const std::string safe =
      absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"\"\"", "'''"}, {"\t", " "}, {"\r", " "}});
  std::string result = absl::StrCat(Spaces(indent), "\"\"\"");
  size_t column = result.size();
  bool first_line = true;
  bool several = false;
  for (const auto line : absl::StrSplit(safe, '\n')) {
    if (!first_line) {
      result += "\n";
      column = 0;
      several = true;
    }
    bool first_word = true;
    for (const auto word : absl::StrSplit(line, ' ', absl::SkipEmpty())) {
      // Room for the closing quotes on the last line.
      if (!first_word && column + 1 + word.size() > kLine - 3) {
        absl::StrAppend(&result, "\n", Spaces(indent));
        column = static_cast<size_t>(indent);
        several = true;
        first_word = true;
      } else if (first_word && !first_line && column == 0) {
        result += Spaces(indent);
        column = static_cast<size_t>(indent);
      }
      absl::StrAppend(&result, first_word ? "" : " ", word);
      column += word.size() + (first_word ? 0 : 1);
      first_word = false;
    }
    first_line = false;
  }
  if (several) absl::StrAppend(&result, "\n", Spaces(indent));
  const bool has_text = result.size() > 3 + static_cast<size_t>(indent);
  if (!several && has_text && result.back() == '"') result += " ";
  return result + "\"\"\"\n";
}

}  // namespace nascent::pytorch
