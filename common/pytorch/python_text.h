// Statements of Python, broken into lines as the formatter black does.

#ifndef NASCENT_COMMON_PYTORCH_PYTHON_TEXT_H_
#define NASCENT_COMMON_PYTORCH_PYTHON_TEXT_H_

#include <string>
#include <vector>

namespace nascent::pytorch {

// Writes `head(arguments…)` behind `indent` spaces, e.g. with the head "self.conv = nn.Conv2d", or
// with the head "def forward" and the end "):". Ends with a newline.
std::string CallStatement(int indent, const std::string& head,
                          const std::vector<std::string>& arguments, const std::string& end = ")");

// Writes `head` and an expression that may be a sum, e.g. with the head "x = " or "return ". Ends
// with a newline.
std::string ExpressionStatement(int indent, const std::string& head, const std::string& expression);

// Writes `targets = expression`.
std::string AssignStatement(int indent, const std::vector<std::string>& targets,
                            const std::string& expression);

// Writes `return values`.
std::string ReturnStatement(int indent, const std::vector<std::string>& values);

// Writes a docstring with its quotes, its lines wrapped between words. Ends with a newline.
std::string Docstring(int indent, const std::string& text);

}  // namespace nascent::pytorch

#endif  // NASCENT_COMMON_PYTORCH_PYTHON_TEXT_H_
