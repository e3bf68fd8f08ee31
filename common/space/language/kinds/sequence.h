// Blocks one after the other.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_KINDS_SEQUENCE_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_KINDS_SEQUENCE_H_

#include "absl/status/statusor.h"
#include "common/space/language/block.h"
#include "common/space/language/template_errors.h"

namespace nascent::space {

class Elaborator;
struct Place;

// Hands its inputs on.
BlockPtr PassBlock();

// A list of blocks, or one block.
absl::StatusOr<Made> MakeSequence(Elaborator& e, const DocumentNode& node, const Place& place);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_KINDS_SEQUENCE_H_
