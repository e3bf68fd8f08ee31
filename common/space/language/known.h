// The section `known` of a template: published architectures by name.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_KNOWN_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_KNOWN_H_

#include <vector>

#include "absl/status/statusor.h"
#include "common/space/language/value_reader.h"
#include "common/space/space_options.h"

namespace nascent::space {

// Reads the section; null: it is not there. `constants` are the template's.
absl::StatusOr<std::vector<KnownArchitecture>> ReadKnown(
    ValueReader& e, const DocumentNode* section, const std::vector<ConstantInfo>& constants);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_KNOWN_H_
