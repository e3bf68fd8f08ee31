// A block or an operation whose name is an expression.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/space/language/block_kinds.h"
#include "common/space/language/elaborator.h"
#include "common/status_macros.h"

namespace nascent::space {

absl::StatusOr<Made> MakeUse(Elaborator& e, const BlockSource& source) {
  NASCENT_ASSIGN_OR_RETURN(ExprValue name, e.SettledValue(source.value, source.place));
  if (name.AsText() == nullptr) {
    return e.Error(source.value,
                   absl::StrCat("found ", name.Text(), ", the name of a block is needed"));
  }
  return e.MakeCalled(source.node, *name.AsText(), source.settings.Find("with"), source.place);
}

}  // namespace nascent::space
