// The section `constants` of a template: names with values that a user can set.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_CONSTANTS_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_CONSTANTS_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/space/language/value_reader.h"
#include "common/space/space_options.h"

namespace nascent::space {

using Constants = std::map<std::string, Constant, std::less<>>;

// Reads the section; null: it is not there. What `set` holds counts instead of the template's own.
// The names are defined in `e`.
absl::StatusOr<std::vector<ConstantInfo>> ReadConstants(ValueReader& e, const DocumentNode* section,
                                                        const Constants& set);

// The value as a constant's; nothing where no constant can have it.
std::optional<Constant> ToConstant(const ExprValue& value);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_CONSTANTS_H_
