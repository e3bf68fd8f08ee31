// A block or an operation whose name is an expression.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/space/language/block_kinds.h"
#include "common/space/language/elaborator.h"

namespace nascent::space {

absl::StatusOr<Made> MakeUse(Elaborator& e, const BlockSource& source) {
  absl::StatusOr<ExprValue> name = e.SettledValue(source.value, source.place);
  if (!name.ok()) return name.status();
  if (name->AsText() == nullptr) {
    return e.Error(source.value,
                   absl::StrCat("found ", name->Text(), ", the name of a block is needed"));
  }
  return e.MakeCalled(source.node, *name->AsText(), source.settings.Find("with"), source.place);
}

}  // namespace nascent::space
