// The section `forbid` of a template: combinations of decisions that may not be.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_RULES_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_RULES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/space/language/value_reader.h"

namespace nascent::space {

// A combination that may not be.
struct ForbidRule {
  ExpressionPtr when;  // over decisions
  std::string reason;
  int line = 0;
};

// Reads the section; null: it is not there. All decisions are known to `e`.
absl::StatusOr<std::vector<ForbidRule>> ReadRules(ValueReader& e, const DocumentNode* section);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_RULES_H_
