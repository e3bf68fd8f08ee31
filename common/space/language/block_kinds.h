// The kinds of blocks that are neither an operation nor a named block, in one table. What a kind
// says stands in kinds/, one file per kind.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_BLOCK_KINDS_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_BLOCK_KINDS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/space/language/elaborator.h"

namespace nascent::space {

// A block as the template writes it.
struct BlockSource {
  const DocumentNode& value;      // of the kind's own key
  const BlockSettings& settings;  // the entries beside it
  const DocumentNode& node;       // the whole
  const Place& place;
};

struct BlockKind {
  std::string name;
  std::vector<std::string> settings;  // that may stand beside it
  absl::StatusOr<Made> (*make)(Elaborator& e, const BlockSource& source);
};

const std::vector<BlockKind>& BlockKinds();
// Null: no kind is called so.
const BlockKind* FindBlockKind(std::string_view name);

// The makers of the table.
absl::StatusOr<Made> MakeSequenceKind(Elaborator& e, const BlockSource& source);
absl::StatusOr<Made> MakeChoice(Elaborator& e, const BlockSource& source);
absl::StatusOr<Made> MakeRepeat(Elaborator& e, const BlockSource& source);
absl::StatusOr<Made> MakeIf(Elaborator& e, const BlockSource& source);
absl::StatusOr<Made> MakeUse(Elaborator& e, const BlockSource& source);
absl::StatusOr<Made> MakeSideOutput(Elaborator& e, const BlockSource& source);
absl::StatusOr<Made> MakeGraph(Elaborator& e, const BlockSource& source);
absl::StatusOr<Made> MakeSum(Elaborator& e, const BlockSource& source);
absl::StatusOr<Made> MakeConcat(Elaborator& e, const BlockSource& source);
absl::StatusOr<Made> MakeProduct(Elaborator& e, const BlockSource& source);
absl::StatusOr<Made> MakeMean(Elaborator& e, const BlockSource& source);
absl::StatusOr<Made> MakeList(Elaborator& e, const BlockSource& source);
absl::StatusOr<Made> MakeSelect(Elaborator& e, const BlockSource& source);
absl::StatusOr<Made> MakeDag(Elaborator& e, const BlockSource& source);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_BLOCK_KINDS_H_
