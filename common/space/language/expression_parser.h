// Reads the arithmetic of templates.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_EXPRESSION_PARSER_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_EXPRESSION_PARSER_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "common/space/language/expression.h"

namespace nascent::space {

// INVALID_ARGUMENT with the position and what was expected there. Nested at most 64 deep, at most
// 4,096 characters.
absl::StatusOr<ExpressionPtr> ParseExpression(std::string_view text);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_EXPRESSION_PARSER_H_
