// Blocks that read named values instead of what comes before them.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_KINDS_FROM_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_KINDS_FROM_H_

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "common/space/language/block.h"
#include "common/space/language/template_errors.h"

namespace nascent::space {

class Elaborator;
struct Place;

// `block` with the named values as its inputs.
BlockPtr ReadingBlock(std::vector<int> values, BlockPtr block);

// Names as a list: one word, or a list of words.
std::vector<const DocumentNode*> Words(const DocumentNode& node);

// The values that a list of names stands for; `unused` in a list gives all nodes and sets the flag,
// where it is asked for.
absl::StatusOr<std::vector<int>> TensorsOf(Elaborator& e, const DocumentNode& names,
                                           const Place& place, bool* unused);

// What `inner` makes, reading the values that `names` stands for.
absl::StatusOr<Made> MakeFrom(Elaborator& e, const DocumentNode& names, const DocumentNode& node,
                              Place place,
                              const std::function<absl::StatusOr<Made>(const Place&)>& inner);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_KINDS_FROM_H_
