// Operations of the table in common/network/operations.h as blocks.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_KINDS_OPERATION_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_KINDS_OPERATION_H_

#include "absl/status/statusor.h"
#include "common/network/operations.h"
#include "common/space/language/block.h"
#include "common/space/language/template_errors.h"

namespace nascent::space {

class Elaborator;
struct Place;

// `arguments` are the operation's attributes; null: none is given.
absl::StatusOr<Made> MakeOperation(Elaborator& e, const network::Operation& operation,
                                   const DocumentNode& at, const DocumentNode* arguments,
                                   const Place& place);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_KINDS_OPERATION_H_
