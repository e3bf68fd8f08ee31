// Blocks of the section `blocks`, with parameters.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_KINDS_NAMED_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_KINDS_NAMED_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/space/language/block.h"
#include "common/space/language/template_errors.h"

namespace nascent::space {

class Elaborator;
struct Place;

struct NamedBlock {
  struct Parameter {
    std::string name;
    const DocumentNode* default_value;  // null: must be given
  };
  std::string name;
  std::vector<Parameter> parameters;
  const DocumentNode* body = nullptr;
  int line = 0;
};

// Reads the section `blocks` into `e`; null: it is not there.
absl::Status ReadNamedBlocks(Elaborator& e, const DocumentNode* section);

// `arguments` are the block's parameters; null: none is given.
absl::StatusOr<Made> MakeNamed(Elaborator& e, const NamedBlock& block, const DocumentNode& at,
                               const DocumentNode* arguments, const Place& place);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_KINDS_NAMED_H_
