// For functions that hand on many errors.

#ifndef NASCENT_COMMON_STATUS_MACROS_H_
#define NASCENT_COMMON_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the function with the status where it is an error.
#define NASCENT_RETURN_IF_ERROR(expression) \
  NASCENT_RETURN_IF_ERROR_(NASCENT_UNIQUE_NAME_(status), expression)

// Evaluates an absl::StatusOr. Returns from the function with its status where it is an error; else
// assigns the value to `target`, which may be a declaration: NASCENT_ASSIGN_OR_RETURN(int n,
// Read()). It is two statements, so it stands in braces where it is the body of an `if`.
#define NASCENT_ASSIGN_OR_RETURN(target, expression) \
  NASCENT_ASSIGN_OR_RETURN_(NASCENT_UNIQUE_NAME_(result), target, expression)

// A name that is declared and a target that may be a declaration can't stand in parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define NASCENT_RETURN_IF_ERROR_(name, expression)                 \
  do {                                                             \
    if (absl::Status name = (expression); !name.ok()) return name; \
  } while (false)

#define NASCENT_ASSIGN_OR_RETURN_(name, target, expression) \
  auto name = (expression);                                 \
  if (!name.ok()) return name.status();                     \
  target = *std::move(name)
// NOLINTEND(bugprone-macro-parentheses)

#define NASCENT_UNIQUE_NAME_(stem) NASCENT_JOIN_(nascent_##stem##_, __LINE__)
#define NASCENT_JOIN_(a, b) NASCENT_JOIN_AGAIN_(a, b)
#define NASCENT_JOIN_AGAIN_(a, b) a##b

#endif  // NASCENT_COMMON_STATUS_MACROS_H_
